import type { LeasedGroup, NoticeDraft } from "@wsight/hub";
import { expect, it } from "vitest";
import type { AlertRig } from "./alert-rig.ts";
import { EMPTY_COMMIT, sampleDraft, sampleNotice } from "./alert-samples.ts";

const LEASE_MS = 30_000;
const DAY_MS = 86_400_000;
const CHANNEL = { id: "chat", name: "Chat", type: "webhook", enabled: true, config: {} } as const;

/** What is to be told: order, groups, leases, ends. */
export function outboxContract(rig: AlertRig): void {
  const put = (...notices: readonly NoticeDraft[]) => rig.tables.commit({ ...EMPTY_COMMIT, notices });
  const lease = (tables = rig.tables, most = 10, busy: readonly string[] = []) =>
    tables.lease(rig.clock.now(), LEASE_MS, most, busy);
  const settleAs = async (group: LeasedGroup | undefined, outcome: Parameters<typeof rig.tables.settle>[1]) =>
    rig.tables.settle(
      (group?.notices ?? []).map(({ id }) => id),
      outcome,
      rig.clock.now(),
    );
  const sent = (group: LeasedGroup | undefined) => settleAs(group, { result: "sent", providerId: "p-1" });
  const again = (group: LeasedGroup | undefined, afterMs: number) =>
    settleAs(group, { result: "again", error: "451 later", nextAt: rig.clock.now() + afterMs });
  const told = (groups: readonly LeasedGroup[]) =>
    groups.map(({ notices }) => notices.map(({ notice }) => `${notice.episodeId} ${notice.kind}`));
  const states = async () =>
    (await rig.tables.outbox({ limit: 500 })).map(({ state, notice }) => `${notice.kind} ${state}`).reverse();

  it("leases nothing when nothing waits", async () => {
    expect(await lease()).toEqual([]);
    expect(await rig.tables.nextDueAt(rig.clock.now())).toBeNull();
  });

  it("gives what waits of a group as one message, oldest first, once its wait is over", async () => {
    await put(sampleDraft("firing", "E1", 1, { groupWaitSec: 10 }));
    const dueAt = rig.clock.now() + 10_000;
    rig.clock.advance(4_000);
    await put(sampleDraft("firing", "E2", 1, { groupWaitSec: 10 }));
    expect(await rig.tables.nextDueAt(rig.clock.now())).toBe(dueAt);
    rig.clock.advance(5_999);
    expect(await lease()).toEqual([]);
    rig.clock.advance(1);
    expect(await lease()).toEqual([
      {
        channelId: "chat",
        groupKey: "slow warning",
        notices: [
          expect.objectContaining({
            dedupeKey: "E1.firing.1.chat",
            attempts: 0,
            createdAt: dueAt - 10_000,
            notice: sampleNotice("firing", "E1"),
          }),
          expect.objectContaining({ dedupeKey: "E2.firing.1.chat", createdAt: dueAt - 6_000 }),
        ],
      },
    ]);
  });

  it("leaves a group its interval between two messages", async () => {
    await put(sampleDraft("firing", "E1", 1, { groupIntervalSec: 60 }));
    await sent((await lease())[0]);
    const sentAt = rig.clock.now();
    rig.clock.advance(1_000);
    await put(sampleDraft("firing", "E2", 1, { groupIntervalSec: 60 }));
    await put(sampleDraft("firing", "E3", 1, { groupIntervalSec: 60, groupKey: "another" }));
    const [another] = await lease();
    expect(told([another as LeasedGroup])).toEqual([["E3 firing"]]);
    await sent(another);
    expect(await rig.tables.nextDueAt(rig.clock.now())).toBe(sentAt + 60_000);
    rig.clock.advance(58_999);
    expect(told(await lease())).toEqual([]);
    rig.clock.advance(1);
    expect(told(await lease())).toEqual([["E2 firing"]]);
  });

  it("gives one group of each channel at a time, those due first first, and none of channels that are busy", async () => {
    await put(sampleDraft("firing", "E1", 1, { groupKey: "a", groupWaitSec: 2 }));
    await put(sampleDraft("firing", "E2", 1, { groupKey: "b", groupWaitSec: 1 }));
    await put(
      sampleDraft("firing", "E3", 1, { channelId: "mail" }),
      sampleDraft("firing", "E4", 1, { channelId: "sms" }),
    );
    rig.clock.advance(5_000);
    const groups = await lease(rig.tables, 10, ["sms"]);
    expect(told(groups)).toEqual([["E3 firing"], ["E2 firing"]]);
    expect(await lease(rig.tables, 10, ["sms"])).toEqual([]);
    await sent(groups[1]);
    expect(told(await lease(rig.tables, 1))).toEqual([["E4 firing"]]);
    expect(told(await lease(rig.tables, 1))).toEqual([["E1 firing"]]);
  });

  it("gives no more than 100 notices in one message", async () => {
    await put(...Array.from({ length: 110 }, (_, index) => sampleDraft("firing", `E${index}`)));
    const [first] = await lease();
    expect(first?.notices).toHaveLength(100);
    await sent(first);
    expect(told(await lease())[0]?.[0]).toBe("E100 firing");
  });

  it("keeps the order of an episode on a channel, across groups and tries", async () => {
    await put(sampleDraft("firing", "E1"));
    await put(sampleDraft("escalated", "E1", 2, { groupKey: "slow critical" }));
    await put(sampleDraft("escalated", "E1", 2, { groupKey: "slow critical", channelId: "mail" }));
    const [first, onMail] = await lease();
    expect(told([first, onMail] as LeasedGroup[])).toEqual([["E1 firing"], ["E1 escalated"]]);
    await again(first, 8_000);
    expect(await lease()).toEqual([]);
    rig.clock.advance(8_000);
    const [second] = await lease();
    expect(told([second as LeasedGroup])).toEqual([["E1 firing"]]);
    await sent(second);
    expect(told(await lease())).toEqual([["E1 escalated"]]);
  });

  it("lets what can't be told hold up its own episode only, and that not for ever", async () => {
    await put(sampleDraft("firing", "E1"));
    const [first] = await lease();
    await again(first, 60_000);
    await put(
      sampleDraft("escalated", "E1", 2, { groupKey: "slow critical" }),
      sampleDraft("firing", "E2", 1, { groupKey: "b" }),
    );
    const [other] = await lease();
    expect(told([other as LeasedGroup])).toEqual([["E2 firing"]]);
    await sent(other);
    rig.clock.advance(60_000);
    await settleAs((await lease())[0], { result: "dead", error: "550 no" });
    expect(told(await lease())).toEqual([["E1 escalated"]]);
  });

  it("tells the end alone of what was not told yet, instead of all that came before", async () => {
    await put(sampleDraft("firing", "E1"), sampleDraft("firing", "E2"));
    await again((await lease())[0], 60_000);
    await put(sampleDraft("repeat", "E1", 2), sampleDraft("resolved", "E1", 3, { groupWaitSec: 1 }));
    expect(await states()).toEqual(["firing superseded", "firing queued", "repeat superseded", "resolved queued"]);
    rig.clock.advance(60_000);
    expect(told(await lease())).toEqual([["E2 firing", "E1 resolved"]]);
  });

  it("leaves out what comes back untold after its episode ended", async () => {
    await put(sampleDraft("firing", "E1"));
    const [group] = await lease();
    await put(sampleDraft("resolved", "E1", 2));
    expect(await lease()).toEqual([]);
    await again(group, 60_000);
    expect(await states()).toEqual(["firing superseded", "resolved queued"]);
    expect(told(await lease())).toEqual([["E1 resolved"]]);
  });

  it("tells the newest of repeats that pile up", async () => {
    await put(sampleDraft("firing", "E1"));
    await sent((await lease())[0]);
    await put(sampleDraft("repeat", "E1", 2));
    await put(sampleDraft("repeat", "E1", 3));
    expect(told(await lease())).toEqual([["E1 repeat"]]);
    expect(await states()).toEqual(["firing sent", "repeat superseded", "repeat leased"]);
  });

  it("counts tries, says when the next one is, and why the last one failed", async () => {
    await rig.tables.saveChannel(CHANNEL, "{}", null);
    await put(sampleDraft("firing"));
    for (const [attempt, afterMs] of [2_000, 4_000].entries()) {
      const [group] = await lease();
      expect(group?.notices[0]?.attempts).toBe(attempt);
      await again(group, afterMs);
      expect(await rig.tables.nextDueAt(rig.clock.now())).toBe(rig.clock.now() + afterMs);
      expect(await lease()).toEqual([]);
      rig.clock.advance(afterMs);
    }
    expect(await rig.tables.outbox({ limit: 1 })).toMatchObject([
      { state: "queued", attempts: 2, lastError: "451 later", sentAt: null, providerId: null },
    ]);
    expect(await rig.tables.channels()).toMatchObject([
      { health: { state: "failing", failed: 2, sent: 0, queued: 1, lastError: "451 later", lastSentAt: null } },
    ]);
    await sent((await lease())[0]);
    expect(await rig.tables.outbox({ limit: 1 })).toMatchObject([
      { state: "sent", attempts: 3, sentAt: rig.clock.now(), providerId: "p-1" },
    ]);
    expect(await rig.tables.channels()).toMatchObject([
      { health: { state: "ok", failed: 2, sent: 1, queued: 0, lastError: "451 later", lastSentAt: rig.clock.now() } },
    ]);
  });

  it("gives a lease that ran out to the next, and takes no other word than sent from who had it", async () => {
    const other = await rig.another();
    await put(sampleDraft("firing", "E1"), sampleDraft("firing", "E2"));
    const [late] = await lease();
    expect(await lease(other)).toEqual([]);
    expect(await other.nextDueAt(rig.clock.now())).toBeNull();
    rig.clock.advance(LEASE_MS);
    expect(await rig.tables.outbox({ limit: 1 })).toMatchObject([{ state: "queued" }]);
    const [taken] = await lease(other);
    expect(taken?.notices.map(({ attempts }) => attempts)).toEqual([1, 1]);
    await settleAs(late, { result: "dead", error: "too late to say" });
    expect(await states()).toEqual(["firing leased", "firing leased"]);
    await sent(late);
    expect(await states()).toEqual(["firing sent", "firing sent"]);
    await other.settle(taken?.notices.map(({ id }) => id) ?? [], { result: "again", error: "no", nextAt: 1 }, 1);
    expect(await states()).toEqual(["firing sent", "firing sent"]);
  });

  it("gives nothing to two at once", async () => {
    const other = await rig.another();
    await put(...Array.from({ length: 30 }, (_, i) => sampleDraft("firing", `E${i}`, 1, { channelId: `c${i}` })));
    const leases = await Promise.all([
      lease(rig.tables, 20),
      lease(other, 20),
      lease(rig.tables, 20),
      lease(other, 20),
    ]);
    const channels = leases.flat().map(({ channelId }) => channelId);
    expect(new Set(channels).size).toBe(channels.length);
    expect(channels).toHaveLength(30);
  });

  it("puts one notice in at once, and the same again finds it", async () => {
    const now = rig.clock.now();
    const row = await rig.tables.enqueue("test.1", "chat", sampleNotice("test", null), now);
    expect(row).toMatchObject({ channelId: "chat", state: "queued", attempts: 0, createdAt: now, nextAt: now });
    expect(await rig.tables.enqueue("test.1", "chat", sampleNotice("test", null), now)).toEqual(row);
    expect(told(await lease())).toEqual([["null test"]]);
  });

  it("puts what was given up back by hand, and nothing else", async () => {
    await rig.tables.saveChannel(CHANNEL, "{}", null);
    await put(sampleDraft("firing"));
    const [group] = await lease();
    const id = group?.notices[0]?.id ?? 0;
    await expect(rig.tables.retry(id)).rejects.toMatchObject({ code: "CONFLICT" });
    await settleAs(group, { result: "dead", error: "550 no" });
    expect(await rig.tables.channels()).toMatchObject([{ health: { dead: 1, state: "failing" } }]);
    rig.clock.advance(DAY_MS);
    expect(await rig.tables.retry(id)).toMatchObject({ state: "queued", attempts: 0, nextAt: rig.clock.now() });
    const [back] = await lease();
    expect(back?.notices).toMatchObject([{ id, attempts: 0, createdAt: rig.clock.now() }]);
    expect(await rig.tables.channels()).toMatchObject([{ health: { dead: 0 } }]);
    await expect(rig.tables.retry(4711)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("keeps what was given up and dismissed, but counts and tries it no more", async () => {
    await rig.tables.saveChannel(CHANNEL, "{}", null);
    await put(sampleDraft("firing", "E1"), sampleDraft("firing", "E2"));
    const [group] = await lease();
    const ids = group?.notices.map(({ id }) => id) ?? [];
    const [id = 0] = ids;
    await expect(rig.tables.dismiss(id)).rejects.toMatchObject({ code: "CONFLICT" });
    await settleAs(group, { result: "dead", error: "550 no" });
    expect(await rig.tables.dismiss(id)).toMatchObject({ id, state: "dismissed", lastError: "550 no" });
    expect(await rig.tables.channels()).toMatchObject([{ health: { dead: ids.length - 1 } }]);
    expect(await rig.tables.outbox({ state: "dismissed", limit: 9 })).toMatchObject([{ id }]);
    for (const change of [rig.tables.dismiss, rig.tables.retry])
      await expect(change(id)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rig.tables.dismiss(4711)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await put(sampleDraft("resolved", "E1"));
    expect(told(await lease())).toEqual([["E1 resolved"]]);
    expect(await rig.tables.outbox({ state: "dismissed", limit: 9 })).toMatchObject([{ id }]);
  });

  it("finds notices by state, channel and episode, newest first", async () => {
    await put(
      sampleDraft("firing", "E1"),
      sampleDraft("firing", "E2"),
      sampleDraft("firing", "E1", 1, { channelId: "mail" }),
    );
    await sent((await lease())[0]);
    const found = async (query: Parameters<typeof rig.tables.outbox>[0]) =>
      (await rig.tables.outbox(query)).map(({ channelId, notice }) => `${notice.episodeId} ${channelId}`);
    expect(await found({ limit: 2 })).toEqual(["E1 mail", "E2 chat"]);
    expect(await found({ limit: 9, state: "sent" })).toEqual(["E2 chat", "E1 chat"]);
    expect(await found({ limit: 9, channelId: "mail" })).toEqual(["E1 mail"]);
    expect(await found({ limit: 9, episodeId: "E1", state: "leased" })).toEqual(["E1 mail"]);
    expect(await found({ limit: 9, episodeId: "E1" })).toEqual(["E1 mail", "E1 chat"]);
  });

  it("gives up the oldest repeats and ends first when more than 10,000 notices wait", async () => {
    const firing = Array.from({ length: 9_998 }, (_, index) => sampleDraft("firing", `E${index}`));
    await put(sampleDraft("firing", "first"), sampleDraft("resolved", "r1"), sampleDraft("repeat", "r2"));
    await put(...firing);
    const dead = await rig.tables.outbox({ state: "dead", limit: 10 });
    expect(dead.map(({ notice }) => notice.episodeId)).toEqual(["r1"]);
    await put(sampleDraft("firing", "last-1"), sampleDraft("firing", "last-2"));
    const gone = await rig.tables.outbox({ state: "dead", limit: 10 });
    expect(gone.map(({ notice }) => notice.episodeId).sort()).toEqual(["first", "r1", "r2"]);
  }, 60_000);

  it("deletes notices that ended more than 30 days ago, and none that wait", async () => {
    await put(sampleDraft("firing", "E1"));
    await sent((await lease())[0]);
    await put(sampleDraft("firing", "E2"));
    rig.clock.advance(29 * DAY_MS);
    await rig.tables.prune(rig.clock.now());
    expect(await states()).toEqual(["firing sent", "firing queued"]);
    rig.clock.advance(2 * DAY_MS);
    await rig.tables.prune(rig.clock.now());
    expect(await states()).toEqual(["firing queued"]);
  });

  it("leaves leases of processes that live alone when it says that it lives itself", async () => {
    const other = await rig.another();
    await put(sampleDraft("firing"));
    await lease(other);
    await rig.tables.beat(rig.clock.now());
    expect(await states()).toEqual(["firing leased"]);
  });
}
