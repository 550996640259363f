import type { AlertCommit, EpisodeQuery } from "@wsight/hub";
import { expect, it } from "vitest";
import type { AlertRig } from "./alert-rig.ts";
import { ALERT_START_AT, EMPTY_COMMIT, sampleDraft, sampleEpisode, sampleState } from "./alert-samples.ts";

const DAY_MS = 86_400_000;
const EVER: EpisodeQuery = { fromAt: 0, toAt: Number.MAX_SAFE_INTEGER, limit: 500 };

/** Instances and episodes. */
export function statesContract(rig: AlertRig): void {
  const commit = (changes: Partial<AlertCommit>) => rig.tables.commit({ ...EMPTY_COMMIT, ...changes });

  it("gives back states exactly as they were committed, after a new start too", async () => {
    const states = ["f1", "f2", "f3"].map((fingerprint, index) => sampleState(fingerprint, index));
    await commit({ instances: states, episodes: [sampleEpisode("01A")], notices: [sampleDraft("firing", "01A")] });
    await rig.reopen();
    const book = await rig.tables.load();
    expect(book.instances).toEqual(states);
    expect(book.episodes).toEqual([sampleEpisode("01A")]);
    expect(await rig.tables.outbox({ limit: 10 })).toMatchObject([{ state: "queued", notice: { episodeId: "01A" } }]);
  });

  it("puts the newer state in place of the older, and forgets what is in range", async () => {
    await commit({ instances: [sampleState("f1"), sampleState("f2"), sampleState("f3")] });
    const newer = sampleState("f2", 60, { status: "recovering", value: null });
    await commit({ instances: [newer], forgotten: ["f1", "never-there"] });
    expect((await rig.tables.load()).instances).toEqual([newer, sampleState("f3")]);
  });

  it("takes thousands of states and what they tell in one commit", async () => {
    const instances = Array.from({ length: 2_345 }, (_, index) => sampleState(`f${String(index).padStart(4, "0")}`));
    const notices = instances.slice(0, 345).map(({ fingerprint }) => sampleDraft("firing", fingerprint));
    await commit({ instances, notices });
    const book = await rig.tables.load();
    expect(book.instances).toEqual(instances);
    expect(await rig.tables.outbox({ limit: 500 })).toHaveLength(345);
    await commit({ forgotten: instances.slice(1).map(({ fingerprint }) => fingerprint) });
    expect((await rig.tables.load()).instances).toEqual(instances.slice(0, 1));
  });

  it("changes nothing when the same commit comes again", async () => {
    const whole = {
      instances: [sampleState("f1")],
      forgotten: ["f2"],
      episodes: [sampleEpisode("01A")],
      notices: [sampleDraft("firing", "01A"), sampleDraft("escalated", "01A", 2)],
    };
    await rig.tables.commit(whole);
    const before = [await rig.tables.load(), await rig.tables.outbox({ limit: 10 })];
    rig.clock.advance(1_000);
    await rig.tables.commit(whole);
    expect([await rig.tables.load(), await rig.tables.outbox({ limit: 10 })]).toEqual(before);
  });

  it("keeps nothing of a commit of which something can't be kept", async () => {
    await commit({ instances: [sampleState("f1")] });
    const impossible = { ...sampleDraft("firing", "01B"), channelId: null as unknown as string };
    const whole = {
      instances: [sampleState("f1", 60), sampleState("f2")],
      forgotten: [],
      episodes: [sampleEpisode("01B")],
      notices: [sampleDraft("firing", "01A"), impossible],
    };
    await expect(rig.tables.commit(whole)).rejects.toMatchObject({ code: "BAD_REQUEST" });
    expect(await rig.tables.load()).toMatchObject({ instances: [sampleState("f1")], episodes: [] });
    expect(await rig.tables.outbox({ limit: 10 })).toEqual([]);
    await commit({ instances: [sampleState("f2")] });
    expect((await rig.tables.load()).instances).toHaveLength(2);
  });

  it("loads the episodes that go on, and finds all of them, newest first, page by page", async () => {
    const episodes = Array.from({ length: 25 }, (_, index) =>
      sampleEpisode(`01${String.fromCharCode(65 + index)}`, index * 100, index % 2 === 0 ? 50 : null),
    );
    await commit({ episodes });
    expect((await rig.tables.load()).episodes).toEqual(episodes.filter(({ endedAt }) => endedAt === null));
    const found = [];
    let before: string | undefined;
    for (;;) {
      const page = await rig.tables.episodes({ ...EVER, limit: 10, ...(before === undefined ? {} : { before }) });
      found.push(...page.episodes);
      if (page.next === null) break;
      before = page.next;
    }
    expect(found).toEqual([...episodes].reverse());
  });

  it("finds episodes by time, rule and instance: those that went on at any moment of it", async () => {
    const [early, late, open] = [sampleEpisode("01A", 0, 50), sampleEpisode("01B", 100, 50), sampleEpisode("01C", 10)];
    await commit({ episodes: [early, late, { ...open, ruleId: "other" }] });
    const ids = async (query: Partial<EpisodeQuery>) =>
      (await rig.tables.episodes({ ...EVER, ...query })).episodes.map(({ id }) => id);
    const at = (second: number): number => ALERT_START_AT + second * 1000;
    expect(await ids({ fromAt: at(60), toAt: at(90) })).toEqual(["01C"]);
    expect(await ids({ fromAt: at(50), toAt: at(100) })).toEqual(["01C", "01A"]);
    expect(await ids({ fromAt: at(140), toAt: at(1_000) })).toEqual(["01C", "01B"]);
    expect(await ids({ toAt: at(10) })).toEqual(["01A"]);
    expect(await ids({ ruleId: "other" })).toEqual(["01C"]);
    expect(await ids({ fingerprint: "f-01B" })).toEqual(["01B"]);
    expect(await ids({ toAt: Infinity })).toHaveLength(3);
  });

  it("gives one episode, as it was last committed", async () => {
    await commit({ episodes: [sampleEpisode("01A")] });
    const ended = { ...sampleEpisode("01A", 0, 90), notes: [{ at: 1, by: "bob", text: "fixed\u0000" }] };
    await commit({ episodes: [ended] });
    expect(await rig.tables.episode("01A")).toEqual(ended);
    expect((await rig.tables.load()).episodes).toEqual([]);
    await expect(rig.tables.episode("01Z")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("deletes episodes that ended more than 400 days ago, and none that are younger or go on", async () => {
    const old = { ...sampleEpisode("00A", 0, 60), endedAt: ALERT_START_AT - 401 * DAY_MS };
    const young = { ...sampleEpisode("00B", 0, 60), endedAt: ALERT_START_AT - 399 * DAY_MS };
    await commit({ episodes: [old, young, sampleEpisode("00C")] });
    await rig.tables.prune(ALERT_START_AT);
    expect((await rig.tables.episodes(EVER)).episodes.map(({ id }) => id)).toEqual(["00C", "00B"]);
  });
}
