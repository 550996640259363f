import type { AlertRoute } from "@wsight/protocol";
import { expect, it } from "vitest";
import type { AlertRig } from "./alert-rig.ts";
import { EMPTY_COMMIT, sampleDraft, sampleRule, sampleSilence } from "./alert-samples.ts";

const CHANNEL = {
  id: "chat",
  name: 'Chat "é" 🚀',
  type: "webhook",
  enabled: true,
  config: { url: "https://example.org/hook", tags: ["a", "b"], tries: 3, plain: false },
} as const;
const SEALED = JSON.stringify({ token: "c2VhbGVk", password: "dG9v" });
const ROUTE: AlertRoute = {
  matchers: [],
  channels: ["chat"],
  groupBy: ["rule"],
  groupWaitSec: 10,
  groupIntervalSec: 60,
  continue: false,
  routes: [],
};

/** Rules, silences, channels, routes. */
export function setupContract(rig: AlertRig): void {
  it("holds nothing at first, and says that nothing was ever set", async () => {
    expect(await rig.tables.load()).toEqual({
      rules: [],
      instances: [],
      episodes: [],
      silences: [],
      channels: [],
      route: null,
      inhibitions: null,
      revision: 0,
    });
  });

  it("gives back rules, silences, channels, routes and inhibitions as they were, after a new start too", async () => {
    const rule = await rig.tables.saveRule(sampleRule(), null);
    expect(rule).toEqual(sampleRule({ version: 1, updatedAt: rig.clock.now() }));
    await rig.tables.saveSilence(sampleSilence("s1"));
    const channel = await rig.tables.saveChannel(CHANNEL, SEALED, null);
    const inhibitions = [
      { source: [], target: [{ label: "rule", op: "=", value: "a\u0000b" }], equal: ["node"] },
    ] as const;
    await rig.tables.saveRoute(ROUTE);
    await rig.tables.saveInhibitions(inhibitions);
    await rig.reopen();
    expect(await rig.tables.load()).toMatchObject({
      rules: [rule],
      silences: [sampleSilence("s1")],
      channels: [channel],
      route: ROUTE,
      inhibitions,
      revision: 5,
    });
  });

  it("adds rules together, or none of them", async () => {
    const rules = ["a", "b", "c"].map((id) => sampleRule({ id }));
    await rig.tables.saveRule(sampleRule({ id: "b" }), null);
    await expect(rig.tables.addRules(rules)).rejects.toMatchObject({ code: "CONFLICT" });
    expect((await rig.tables.load()).rules.map(({ id }) => id)).toEqual(["b"]);
    expect(await rig.tables.ruleVersions("a")).toEqual([]);
    await rig.tables.deleteRule("b", 1);
    const saved = await rig.tables.addRules(rules);
    expect(saved.map(({ id, version }) => `${id} ${version}`)).toEqual(["a 1", "b 2", "c 1"]);
    expect((await rig.tables.load()).rules).toEqual(saved);
    expect(await rig.tables.addRules([])).toEqual([]);
  });

  it("counts up the version of a rule, and keeps every one there was", async () => {
    await rig.tables.saveRule(sampleRule(), null);
    rig.clock.advance(5_000);
    const second = await rig.tables.saveRule(sampleRule({ warn: 0.3, version: 77 }), 1);
    expect(second).toMatchObject({ version: 2, warn: 0.3, updatedAt: rig.clock.now() });
    expect(await rig.tables.ruleVersions("slow")).toMatchObject([
      { version: 2, warn: 0.3 },
      { version: 1, warn: 0.1 },
    ]);
    expect(await rig.tables.ruleVersions("other")).toEqual([]);
  });

  it("keeps the 50 newest versions of a rule", async () => {
    for (let version = 0; version < 53; version++) {
      await rig.tables.saveRule(sampleRule(), version === 0 ? null : version);
    }
    const versions = await rig.tables.ruleVersions("slow");
    expect(versions.map(({ version }) => version)).toEqual(Array.from({ length: 50 }, (_, index) => 53 - index));
  });

  it("changes nothing when another version of a rule is meant than is there", async () => {
    await rig.tables.saveRule(sampleRule(), null);
    await rig.tables.saveRule(sampleRule({ warn: 0.3 }), 1);
    const { revision } = await rig.tables.load();
    await expect(rig.tables.saveRule(sampleRule({ warn: 0.4 }), 1)).rejects.toMatchObject({
      code: "CONFLICT",
      message: expect.stringMatching(/version 1.*version 2/),
    });
    await expect(rig.tables.saveRule(sampleRule(), null)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rig.tables.deleteRule("slow", 1)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rig.tables.saveRule(sampleRule({ id: "other" }), 3)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(rig.tables.deleteRule("other", 3)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await rig.tables.load()).toMatchObject({ rules: [{ version: 2, warn: 0.3 }], revision });
  });

  it("goes on counting versions where a deleted rule of the same id left off", async () => {
    await rig.tables.saveRule(sampleRule(), null);
    await rig.tables.deleteRule("slow", 1);
    expect((await rig.tables.load()).rules).toEqual([]);
    expect(await rig.tables.saveRule(sampleRule(), null)).toMatchObject({ version: 2 });
    expect(await rig.tables.ruleVersions("slow")).toHaveLength(2);
  });

  it("takes the first change of a rule that came with the program for its second version", async () => {
    const builtin = sampleRule({ id: "websocket-errors", builtin: true });
    expect(await rig.tables.saveRule(builtin, 1)).toMatchObject({ version: 2, builtin: true });
    await expect(rig.tables.saveRule(builtin, 1)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rig.tables.saveRule({ ...builtin, id: "websocket-pool" }, 2)).rejects.toMatchObject({
      code: "CONFLICT",
    });
  });

  it("counts up the version of a channel, and says which of its secrets are set, never which they are", async () => {
    const saved = await rig.tables.saveChannel(CHANNEL, SEALED, null);
    expect(saved).toEqual({
      ...CHANNEL,
      secrets: { token: true, password: true },
      version: 1,
      health: {
        state: "unused",
        sent: 0,
        failed: 0,
        dead: 0,
        queued: 0,
        lastSentAt: null,
        lastError: null,
        lastErrorAt: null,
      },
    });
    const second = await rig.tables.saveChannel({ ...CHANNEL, enabled: false }, "{}", 1);
    expect(second).toMatchObject({ enabled: false, secrets: {}, version: 2 });
    await expect(rig.tables.saveChannel(CHANNEL, SEALED, 1)).rejects.toMatchObject({ code: "CONFLICT" });
    await expect(rig.tables.saveChannel({ ...CHANNEL, id: "x" }, "{}", 1)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await rig.tables.sealedOf("chat")).toBe("{}");
    expect(await rig.tables.sealedOf("other")).toBeNull();
    expect(await rig.tables.channels()).toEqual([second]);
  });

  it("gives up what waits for a channel that is deleted", async () => {
    await rig.tables.saveChannel(CHANNEL, SEALED, null);
    await rig.tables.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing")] });
    expect(await rig.tables.channels()).toMatchObject([{ health: { queued: 1 } }]);
    await rig.tables.deleteChannel("chat");
    expect(await rig.tables.channels()).toEqual([]);
    expect(await rig.tables.outbox({ limit: 10 })).toMatchObject([
      { state: "dead", lastError: "the channel was deleted" },
    ]);
    await expect(rig.tables.deleteChannel("chat")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("puts a silence in place of the one it had, and forgets it", async () => {
    await rig.tables.saveSilence(sampleSilence("s1"));
    await rig.tables.saveSilence({ ...sampleSilence("s1"), comment: "changed" });
    expect((await rig.tables.load()).silences).toEqual([{ ...sampleSilence("s1"), comment: "changed" }]);
    await rig.tables.deleteSilence("s1");
    expect((await rig.tables.load()).silences).toEqual([]);
    await expect(rig.tables.deleteSilence("s1")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("refuses more channels than it has room for, and says how many that are", async () => {
    for (let index = 0; index < 100; index++) {
      await rig.tables.saveChannel({ ...CHANNEL, id: `c${index}` }, "{}", null);
    }
    await expect(rig.tables.saveChannel(CHANNEL, "{}", null)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining("at most 100 channels"),
    });
    expect(await rig.tables.saveChannel({ ...CHANNEL, id: "c7" }, "{}", 1)).toMatchObject({ version: 2 });
  });

  it("raises the revision by one with each change that others have to know of", async () => {
    const revisions: number[] = [];
    const after = async (change: Promise<unknown>): Promise<void> => {
      await change;
      revisions.push(await rig.tables.revision());
    };
    await after(rig.tables.saveRule(sampleRule(), null));
    await after(rig.tables.deleteRule("slow", 1));
    await after(rig.tables.saveSilence(sampleSilence("s1")));
    await after(rig.tables.deleteSilence("s1"));
    await after(rig.tables.saveChannel(CHANNEL, SEALED, null));
    await after(rig.tables.deleteChannel("chat"));
    await after(rig.tables.saveRoute(ROUTE));
    await after(rig.tables.saveInhibitions([]));
    await after(rig.tables.commit({ ...EMPTY_COMMIT, notices: [sampleDraft("firing")] }));
    expect(revisions).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 8]);
  });

  it("lets two at once change things without losing any", async () => {
    const other = await rig.another();
    await Promise.all(
      [rig.tables, other].flatMap((tables, who) =>
        Array.from({ length: 20 }, (_, index) => tables.saveSilence(sampleSilence(`s-${who}-${index}`))),
      ),
    );
    const rules = await Promise.allSettled(
      [rig.tables, other].map((tables, who) => tables.saveRule(sampleRule({ warn: who }), null)),
    );
    expect(rules.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const [mine, theirs] = [await rig.tables.load(), await other.load()];
    expect(mine.silences).toHaveLength(40);
    expect(mine).toMatchObject({ revision: 41, rules: [{ version: 1 }] });
    expect(theirs).toEqual(mine);
  });

  it("refuses whatever is asked once it is closed", async () => {
    await rig.tables.close();
    await rig.tables.close();
    await expect(rig.tables.load()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    await expect(rig.tables.saveSilence(sampleSilence("s1"))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  });
}
