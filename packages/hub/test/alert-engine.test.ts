import type { PlanSetup } from "@wsight/hub";
import type { AlertInhibition, AlertSilence, Labels } from "@wsight/protocol";
import { MAX_RULE_INSTANCES, WsightError } from "@wsight/protocol";
import { describe, expect, test } from "vitest";
import { EngineRig, EVERY_SEC, ONE_CHANNEL, ruleWith, T0, ToldObserver } from "./alert-rig.ts";

const QUICK = { forSec: 0, keepFiringSec: 0 } as const;

/** A rig with a rule for node a/1 and its story. */
function told(story: string, parts: Parameters<typeof ruleWith>[0] = {}, setup: PlanSetup = ONE_CHANNEL): EngineRig {
  const rig = new EngineRig([ruleWith(parts)], setup);
  rig.observer.tell(story);
  return rig;
}

/** Nobody is told from one evaluation to another. */
function silenceOf(from: number, to: number, labels: Labels = {}): AlertSilence {
  return {
    id: "s1",
    kind: "silence",
    matchers: Object.entries(labels).map(([label, value]) => ({ label, op: "=", value })),
    startsAt: new Date(T0 + from * EVERY_SEC * 1000).toISOString().slice(0, 19),
    durationSec: (to - from) * EVERY_SEC,
    timeZone: "UTC",
    recurrence: null,
    comment: "",
    createdBy: "",
    createdAt: T0,
  };
}

/** While the rule `silent` fires for a node, nobody is told of `lag` there. */
const SILENT_FIRST: AlertInhibition = {
  source: [{ label: "rule", op: "=", value: "silent" }],
  target: [{ label: "rule", op: "=", value: "lag" }],
  equal: ["node"],
};

describe("many at once", () => {
  test("what fires and ends all at once is told, to people and to who listens, in small steps", () => {
    const rig = new EngineRig([ruleWith({ ...QUICK })]);
    for (let node = 0; node < MAX_RULE_INSTANCES; node++) rig.observer.tell("w.", `a/${node}`);
    for (const at of [T0, T0 + EVERY_SEC * 1000]) {
      const steps: number[] = [];
      const note = (): unknown => {
        const { commit, happenings } = rig.engine.take() ?? { commit: { notices: [] }, happenings: [] };
        return steps.push(commit.notices.length, happenings.length);
      };
      for (const _ of rig.engine.evaluate(at)) note();
      note();
      expect(steps.reduce((sum, count) => sum + count, 0)).toBe(2 * MAX_RULE_INSTANCES);
      expect(Math.max(...steps)).toBeLessThanOrEqual(8);
    }
  });
});

describe("what is told", () => {
  test("an episode is told when it fires and when it ends, and what it was is kept", () => {
    const rig = told("..wwcw......").turns(12);
    expect(rig.told()).toEqual(["firing@40", "resolved@90"]);
    const [episode] = [...rig.episodes.values()];
    expect(episode).toMatchObject({
      ruleId: "lag",
      labels: { node: "a/1" },
      severity: "critical",
      activeAt: T0 + 20_000,
      startedAt: T0 + 40_000,
      endedAt: T0 + 90_000,
      endReason: "recovered",
      peak: 25,
      peakAt: T0 + 40_000,
      culprits: [{ label: "node", name: "a/1", value: 1 }],
    });
    expect(rig.instances.size).toBe(0);
    expect(rig.happenings.map(({ type }) => type)).toEqual(["fired", "resolved"]);
  });

  test("notices of an episode are numbered, and name the channel", () => {
    const rig = told("wwwcwwwww.....", {}).turns(14);
    expect(rig.notices.map(({ dedupeKey }) => dedupeKey)).toEqual([
      "E1.firing.1.mail",
      "E1.escalated.2.mail",
      "E1.deescalated.3.mail",
      "E1.resolved.4.mail",
    ]);
  });

  test("a breach that does not last is told to nobody and no desk hears of nodes in range", () => {
    const rig = told(".........").turns(9);
    expect(rig.commits).toEqual([]);
    const short = told(".ww.ww..").turns(8);
    expect(short.told()).toEqual([]);
    expect(short.instances.size).toBe(0);
  });

  test("a higher level is told once, however often it comes back before the level fell", () => {
    expect(told("wwwcwcwcw").turns(9).kinds()).toEqual(["firing", "escalated"]);
  });

  test("it is told again as often as its rule says, and no more", () => {
    const story = "w".repeat(200);
    const often = { repeatSec: 300, maxRepeats: 3 };
    expect(told(story, often).turns(200).told()).toEqual(["firing@20", "repeat@320", "repeat@620", "repeat@920"]);
    expect(told(story, { repeatSec: 300 }).turns(100).kinds()).toEqual(["firing", "repeat", "repeat", "repeat"]);
    expect(told(story, { repeatSec: 0 }).turns(200).kinds()).toEqual(["firing"]);
  });

  test("what recovers is not told again", () => {
    const story = `www${".".repeat(60)}`;
    expect(told(story, { repeatSec: 300, keepFiringSec: 400 }).turns(63).kinds()).toEqual(["firing", "resolved"]);
  });

  test("a lack of data is told once, and that they are back", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    expect(told(".---.....", { noData }).turns(9).told()).toEqual(["no_data@30", "resolved@70"]);
    expect(told("www-----w....", { noData }).turns(13).told()).toEqual(["firing@20", "no_data@50", "resolved@120"]);
  });

  test("nothing is resolved for want of samples", () => {
    const rig = told(`wwww${"-".repeat(400)}`).turns(404);
    expect(rig.kinds()).toEqual(["firing"]);
    expect(rig.engine.rows(1)).toMatchObject([{ status: "firing", stale: true }]);
  });

  test("a process that said goodbye ends its alerts", () => {
    const rig = told("wwwx").turns(4);
    expect(rig.kinds()).toEqual(["firing", "resolved"]);
    expect(rig.endings()).toEqual(["series_ended"]);
    expect(rig.instances.size).toBe(0);
  });

  test("flapping is told once, and its end", () => {
    const flap = { transitions: 4, windowSec: 1800, holdSec: 60 };
    const rig = told(`w.w.w.w.w.w${".".repeat(60)}`, { ...QUICK, flap }).turns(71);
    expect(rig.kinds()).toEqual(["firing", "resolved", "firing", "flapping", "resolved"]);
  });

  test("what flaps is told when it gets worse all the same", () => {
    const flap = { transitions: 4, windowSec: 1800, holdSec: 60 };
    expect(
      told("w.w.w.c", { ...QUICK, flap })
        .turns(7)
        .kinds(),
    ).toEqual(["firing", "resolved", "firing", "flapping", "escalated"]);
  });

  test("every node is an alert of its own", () => {
    const rig = told("www......");
    rig.observer.tell("...ccc...", "b/1");
    rig.turns(9);
    expect(rig.notices.map(({ notice }) => [notice.kind, notice.labels.node, notice.severity])).toEqual([
      ["firing", "a/1", "warning"],
      ["firing", "b/1", "critical"],
      ["resolved", "a/1", "warning"],
    ]);
  });

  test("nobody to tell: it is told when there is somebody", () => {
    const rig = told("wwwwwwwwww", {}, { ...ONE_CHANNEL, channels: [] }).turns(6);
    expect(rig.told()).toEqual([]);
    expect(rig.statuses()).toEqual(["firing"]);
    rig.setPlan(ONE_CHANNEL);
    expect(rig.turns(1).told()).toEqual(["firing@60"]);
  });

  test("the end reaches every channel that was told, and no other", () => {
    const setup: PlanSetup = {
      ...ONE_CHANNEL,
      channels: [
        { id: "mail", enabled: true },
        { id: "pager", enabled: true },
        { id: "other", enabled: true },
      ],
      route: {
        matchers: [],
        channels: ["mail"],
        groupBy: ["rule"],
        groupWaitSec: 10,
        groupIntervalSec: 60,
        continue: false,
        routes: [
          {
            matchers: [{ label: "severity", op: "=", value: "critical" }],
            channels: ["pager"],
            groupBy: ["rule"],
            groupWaitSec: 10,
            groupIntervalSec: 60,
            continue: false,
            routes: [],
          },
        ],
      },
    };
    const rig = told("wwwcwwww.....", {}, setup).turns(13);
    expect(rig.notices.map(({ notice, channelId }) => `${notice.kind} ${channelId}`)).toEqual([
      "firing mail",
      "escalated pager",
      "deescalated mail",
      "deescalated pager",
      "resolved mail",
      "resolved pager",
    ]);
    expect(new Set(rig.notices.map(({ dedupeKey }) => dedupeKey)).size).toBe(6);
    // Who was never told of a firing hears nothing of its end.
    const mild = told("www.....", {}, setup).turns(8);
    expect(mild.notices.map(({ notice, channelId }) => `${notice.kind} ${channelId}`)).toEqual([
      "firing mail",
      "resolved mail",
    ]);
  });
});

describe("rules that fail", () => {
  test("one notice for the rule, after three failures in a row, however many nodes it has", () => {
    const rig = told("www!!w!!!!w");
    rig.observer.tell("wwwwwwwwwww", "b/1");
    rig.turns(5);
    expect(rig.statuses()).toEqual(["firing", "firing"]);
    rig.turns(4);
    expect(rig.statuses()).toEqual(["error", "error"]);
    rig.turns(2);
    expect(rig.told()).toEqual(["firing@20", "firing@20", "error@80"]);
    expect(rig.statuses()).toEqual(["firing", "firing"]);
    expect(rig.notices[2]?.notice).toMatchObject({ episodeId: null, ruleId: "lag" });
    expect(rig.notices[2]?.notice.description).toContain("no such figure");
  });

  test("a rule that never worked is shown, and forgotten once it works", () => {
    const rig = told("!!!!....").turns(4);
    expect(rig.engine.rows(9)).toMatchObject([{ status: "error", labels: {}, episodeId: null }]);
    expect(rig.instances.size).toBe(1);
    rig.turns(4);
    expect(rig.statuses()).toEqual([]);
    expect(rig.instances.size).toBe(0);
  });

  test("what stood for the rule as a whole is not missed once it works, though lack of data is a breach", () => {
    const noData = { mode: "firing", afterSec: 10 } as const;
    const rig = told(`!!!!${".".repeat(20)}`, { noData }).turns(24);
    expect(rig.kinds()).toEqual(["error"]);
  });

  test("it is not told again by a restart", () => {
    const rig = told("!!!!!!!!!!").turns(4).restart(10).turns(4);
    expect(rig.kinds()).toEqual(["error"]);
  });
});

describe("acknowledging, snoozing, resolving", () => {
  test("acknowledged: not told again, but that it got worse and that it ended; the next episode is not acknowledged", () => {
    const rig = told(`www${"w".repeat(60)}cc.....www`, { repeatSec: 300 }).turns(4);
    const { id } = rig.open;
    expect(rig.engine.acknowledge(id, "ada", "on it", T0 + 5)).toMatchObject({ ack: { by: "ada", note: "on it" } });
    rig.commit();
    expect(rig.engine.rows(1)[0]).toMatchObject({ ack: { by: "ada" }, suppressedBy: [{ by: "acknowledged" }] });
    rig.turns(69);
    expect(rig.told()).toEqual(["firing@20", "escalated@630", "resolved@680", "firing@720"]);
    expect(rig.episodes.get(id)).toMatchObject({ ack: { by: "ada" }, endReason: "recovered" });
    expect(rig.open.ack).toBeNull();
    expect(rig.happenings.map(({ type }) => type)).toContain("acknowledged");
  });

  test("an acknowledgement taken back is as if it had not been", () => {
    const rig = told("w".repeat(60), { repeatSec: 300 }).turns(4);
    rig.engine.acknowledge(rig.open.id, "ada", "", T0);
    rig.turns(46);
    expect(rig.engine.unacknowledge(rig.open.id, "ada", T0).ack).toBeNull();
    expect(rig.turns(1).told()).toEqual(["firing@20", "repeat@500"]);
  });

  test("snoozed: not told again until then, then told if it still fires", () => {
    const rig = told("w".repeat(99), { repeatSec: 300 }).turns(4);
    rig.engine.snooze(rig.open.id, "ada", T0 + 600_000, T0);
    rig.commit();
    expect(rig.engine.rows(1)[0]).toMatchObject({ snoozeUntil: T0 + 600_000, suppressedBy: [{ by: "snooze" }] });
    rig.turns(70);
    expect(rig.told()).toEqual(["firing@20", "repeat@600"]);
    expect(rig.engine.rows(1)[0]).toMatchObject({ snoozeUntil: null, suppressedBy: [] });
  });

  test("snoozed and over before: told that it is over, not that it fires", () => {
    const rig = told("wwww..........").turns(4);
    rig.engine.snooze(rig.open.id, "ada", T0 + 60_000, T0);
    expect(rig.turns(10).kinds()).toEqual(["firing", "resolved"]);
  });

  test("snoozed and acknowledged: told when the snooze is over, once", () => {
    const rig = told("w".repeat(99), { repeatSec: 300 }).turns(4);
    rig.engine.acknowledge(rig.open.id, "ada", "", T0);
    rig.engine.snooze(rig.open.id, "ada", T0 + 200_000, T0);
    expect(rig.turns(90).told()).toEqual(["firing@20", "repeat@200"]);
  });

  test("notes are kept, the newest hundred", () => {
    const rig = told("wwww").turns(4);
    for (let i = 0; i < 120; i++) rig.engine.note(rig.open.id, "ada", `note ${i}`, T0 + i);
    rig.commit();
    const notes = [...rig.episodes.values()][0]?.notes;
    expect(notes).toHaveLength(100);
    expect(notes?.[0]).toEqual({ at: T0 + 20, by: "ada", text: "note 20" });
  });

  test("resolved by hand: over at once, and anew only after having been in range", () => {
    const rig = told("wwwwwwwww.www").turns(5);
    const { id } = rig.open;
    expect(rig.engine.resolve(id, "ada", rig.at)).toMatchObject({ endReason: "resolved_by_hand", endedAt: rig.at });
    rig.commit();
    expect(rig.kinds()).toEqual(["firing", "resolved"]);
    expect(rig.statuses()).toEqual([]);
    rig.turns(4);
    expect(rig.kinds()).toEqual(["firing", "resolved"]);
    rig.turns(4);
    expect(rig.kinds()).toEqual(["firing", "resolved", "firing"]);
    expect(rig.open.id).not.toBe(id);
  });

  test("resolved by hand: a restart does not bring it back", () => {
    const rig = told("wwwwwwwww.www").turns(5);
    rig.engine.resolve(rig.open.id, "ada", rig.at);
    rig.commit();
    rig.restart(0).turns(4);
    expect(rig.kinds()).toEqual(["firing", "resolved"]);
    expect(rig.turns(4).kinds()).toEqual(["firing", "resolved", "firing"]);
    expect(rig.turns(0).instances.size).toBe(1);
  });

  test("a lack of data that is resolved by hand does not come back before the data do", () => {
    const rig = told(".--------.----", { noData: { mode: "no_data", afterSec: 30 } }).turns(5);
    rig.engine.resolve(rig.open.id, "ada", rig.at);
    expect(rig.turns(4).told()).toEqual(["no_data@30", "resolved@50"]);
    expect(rig.turns(5).told()).toEqual(["no_data@30", "resolved@50", "no_data@120"]);
  });

  test("what recovers already and is resolved by hand fires when it breaches", () => {
    const rig = told("www.www").turns(4);
    rig.engine.resolve(rig.open.id, "ada", rig.at);
    expect(rig.turns(3).kinds()).toEqual(["firing", "resolved", "firing"]);
  });

  test("an episode that is over, or never was, is not found", () => {
    const rig = told("www......").turns(9);
    for (const id of ["E1", "E99"]) {
      expect(() => rig.engine.acknowledge(id, "ada", "", T0)).toThrow(WsightError);
      expect(() => rig.engine.resolve(id, "ada", T0)).toThrow(`No episode ${id} goes on`);
    }
  });
});

describe("suppression", () => {
  test("a silence holds notices back, not the alert; what still fires when it ends is told", () => {
    const rig = told("wwwwwwwwwwww......", {}, { ...ONE_CHANNEL, silences: [silenceOf(0, 8)] }).turns(5);
    expect(rig.engine.rows(1)).toMatchObject([{ status: "firing", suppressedBy: [{ by: "silence", id: "s1" }] }]);
    expect(rig.happenings).toMatchObject([{ type: "fired", alert: { suppressedBy: [{ by: "silence" }] } }]);
    expect(rig.told()).toEqual([]);
    rig.turns(13);
    expect(rig.told()).toEqual(["firing@80", "resolved@150"]);
  });

  test("what was told before a silence and fires on after it is told again", () => {
    const rig = told("w".repeat(30), { repeatSec: 0 }, { ...ONE_CHANNEL, silences: [silenceOf(5, 15)] }).turns(30);
    expect(rig.told()).toEqual(["firing@20", "repeat@150"]);
  });

  test("what came and went within a silence is told to nobody", () => {
    const rig = told(".wwww.......", {}, { ...ONE_CHANNEL, silences: [silenceOf(0, 12)] }).turns(20);
    expect(rig.told()).toEqual([]);
    expect(rig.episodes.size).toBe(1);
  });

  test("the end of what was told is told even in a silence: nothing stays open", () => {
    const rig = told("wwww......", {}, { ...ONE_CHANNEL, silences: [silenceOf(4, 20)] }).turns(10);
    expect(rig.told()).toEqual(["firing@20", "resolved@70"]);
  });

  test("an escalation within a silence is told once it is over", () => {
    const rig = told("wwwwccccccc", {}, { ...ONE_CHANNEL, silences: [silenceOf(4, 8)] }).turns(11);
    expect(rig.told()).toEqual(["firing@20", "escalated@80"]);
  });

  test("what recovers when the silence ends is not told", () => {
    const rig = told("wwww.......", { keepFiringSec: 60 }, { ...ONE_CHANNEL, silences: [silenceOf(0, 5)] }).turns(12);
    expect(rig.told()).toEqual([]);
  });

  test("acknowledged within a silence: nobody is told afterwards", () => {
    const rig = told("w".repeat(20), {}, { ...ONE_CHANNEL, silences: [silenceOf(0, 8)] }).turns(5);
    rig.engine.acknowledge(rig.open.id, "ada", "", T0);
    expect(rig.turns(10).told()).toEqual([]);
  });

  test("a silence that is put in or lifted counts from then on", () => {
    const rig = told("w".repeat(20), {}, { ...ONE_CHANNEL, silences: [silenceOf(0, 99)] }).turns(5);
    rig.setPlan(ONE_CHANNEL);
    expect(rig.turns(1).told()).toEqual(["firing@50"]);
  });

  test("an alert inhibits others of its node while it fires; they are told when it is over", () => {
    const rig = new EngineRig([ruleWith(QUICK), ruleWith({ ...QUICK, id: "silent" })], {
      ...ONE_CHANNEL,
      inhibitions: [SILENT_FIRST],
    });
    rig.observer.tell("cccc...", "a/1", "silent");
    rig.observer.tell(".wwwwww", "a/1");
    rig.observer.tell(".wwwwww", "b/1");
    rig.turns(3);
    const inhibited = rig.engine.rows(9).find(({ ruleId, labels }) => ruleId === "lag" && labels.node === "a/1");
    expect(inhibited?.suppressedBy).toMatchObject([{ by: "inhibition" }]);
    rig.turns(4);
    expect(rig.notices.map(({ notice }) => `${notice.kind} ${notice.ruleId} ${notice.labels.node}`)).toEqual([
      "firing silent a/1",
      "firing lag b/1",
      "resolved silent a/1",
      "firing lag a/1",
    ]);
  });

  test("what was told before it was inhibited is not told again after it", () => {
    const rig = new EngineRig([ruleWith(QUICK), ruleWith({ ...QUICK, id: "silent" })], {
      ...ONE_CHANNEL,
      inhibitions: [SILENT_FIRST],
    });
    rig.observer.tell("..cc...", "a/1", "silent");
    rig.observer.tell("wwwwwww", "a/1");
    rig.turns(7);
    expect(rig.told("lag")).toEqual(["firing@0"]);
  });
});

describe("who made it", () => {
  test("is looked for anew while it fires, every half minute", () => {
    class Blamed extends ToldObserver {
      override culprits(_rule: unknown, _labels: Labels, at: number): ReturnType<ToldObserver["culprits"]> {
        return [{ label: "event", name: `at ${(at - T0) / 1000} s`, value: 1 }];
      }
    }
    const rig = new EngineRig([ruleWith(QUICK)], ONE_CHANNEL, new Blamed());
    rig.observer.tell("wwwwwww");
    const blamed = Array.from({ length: 7 }, () => rig.turns(1).engine.rows(1)[0]?.culprits[0]?.name);
    expect(blamed).toEqual(["at 0 s", "at 0 s", "at 0 s", "at 30 s", "at 30 s", "at 30 s", "at 60 s"]);
  });
});

describe("rules that look at others", () => {
  test("see those with the same labels alone", () => {
    class PerNode extends ToldObserver {
      override observe(
        ...[rule, at, firing]: Parameters<ToldObserver["observe"]>
      ): ReturnType<ToldObserver["observe"]> {
        if (rule.id !== "both") return super.observe(rule, at, firing);
        return ["a/1", "b/1"].map((node) => {
          const isBreach = firing.fires("lag", { node });
          const level = isBreach ? "critical" : null;
          return { labels: { node }, value: Number(isBreach), samples: 1, level, good: !isBreach, limit: null };
        });
      }
    }
    const both = ruleWith({
      ...QUICK,
      id: "both",
      kind: "composite",
      expression: { rule: "lag" },
      warn: null,
      crit: null,
    });
    const rig = new EngineRig([both, ruleWith(QUICK)], ONE_CHANNEL, new PerNode());
    rig.observer.tell("www");
    rig.observer.tell("...", "b/1");
    rig.turns(2);
    const firing = rig.engine.rows(9).map(({ ruleId, labels }) => `${ruleId} ${labels.node}`);
    expect(firing.sort()).toEqual(["both a/1", "lag a/1"]);
  });
});

describe("rules that change", () => {
  test("another limit: what fires ends with that reason, and begins anew", () => {
    const rig = told("w".repeat(20)).turns(5);
    rig.setRules(ruleWith({ warn: 12, version: 2 }));
    expect(rig.told()).toEqual(["firing@20", "resolved@50"]);
    expect(rig.endings()).toEqual(["rule_changed"]);
    expect(rig.statuses()).toEqual([]);
    expect(rig.turns(5).told()).toEqual(["firing@20", "resolved@50", "firing@70"]);
  });

  test("pending under another limit begins anew without a word", () => {
    const rig = told("w".repeat(20)).turns(2);
    rig.setRules(ruleWith({ warn: 12, version: 2 }));
    expect(rig.instances.size).toBe(0);
    expect(rig.turns(5).told()).toEqual(["firing@40"]);
  });

  test("another name or time does not begin anew", () => {
    const rig = told("w".repeat(20)).turns(5);
    rig.setRules(ruleWith({ name: "Slow", keepFiringSec: 60, version: 2 }));
    expect(rig.turns(3).told()).toEqual(["firing@20"]);
    expect(rig.engine.rows(1)).toMatchObject([{ name: "Slow", status: "firing" }]);
    expect([...rig.instances.values()]).toMatchObject([{ ruleVersion: 2 }]);
  });

  test("switched off or deleted: what fires ends with that reason", () => {
    const off = told("w".repeat(20)).turns(5);
    off.setRules(ruleWith({ enabled: false, version: 2 }));
    expect(off.endings()).toEqual(["rule_disabled"]);
    expect(off.turns(5).told()).toEqual(["firing@20", "resolved@50"]);
    const gone = told("w".repeat(20)).turns(5);
    gone.setRules();
    expect(gone.endings()).toEqual(["rule_deleted"]);
    expect(gone.turns(5).told()).toEqual(["firing@20", "resolved@50"]);
    expect(gone.instances.size).toBe(0);
  });

  test.each([
    ["rule_changed", [ruleWith({ warn: 12, version: 2 })]],
    ["rule_disabled", [ruleWith({ enabled: false, version: 2 })]],
    ["rule_deleted", []],
  ])("while the hub was away, all the same: %s", (reason, rules) => {
    const rig = told("w".repeat(20)).turns(5);
    rig.rules = rules;
    rig.restart(10);
    expect(rig.endings()).toEqual([reason]);
    expect(rig.kinds()).toEqual(["firing", "resolved"]);
    expect(rig.instances.size).toBe(0);
  });

  test("a rule that looks at another fires with it, at once", () => {
    const rig = new EngineRig([
      ruleWith({
        ...QUICK,
        id: "both",
        kind: "composite",
        warn: null,
        crit: null,
        groupBy: [],
        expression: { rule: "lag" },
      }),
      ruleWith(QUICK),
    ]);
    rig.observer.tell(".w..");
    rig.turns(4);
    expect(rig.told("both")).toEqual(["firing@10", "resolved@20"]);
  });

  test("each rule has its turn as often as it says", () => {
    const looked: number[] = [];
    const observer = new ToldObserver();
    const observe = observer.observe.bind(observer);
    observer.observe = (rule, at, firing) => {
      looked.push((at - T0) / 1000);
      return observe(rule, at, firing);
    };
    new EngineRig([ruleWith({ everySec: 15 })], ONE_CHANNEL, observer).run(100);
    const [first = 0, second = 0] = looked;
    expect(looked.slice(1)).toEqual(Array.from({ length: looked.length - 1 }, (_, i) => second + i * 15));
    expect(first).toBe(0);
  });
});

describe("time", () => {
  test("a rule that is looked at more or less often is looked at all the same", () => {
    const rig = told("w".repeat(40)).turns(1);
    rig.setRules(ruleWith({ everySec: 60, version: 2 }));
    rig.turns(14);
    expect(rig.kinds()).toEqual(["firing"]);
    rig.setRules(ruleWith({ everySec: 5, version: 3 }));
    expect(rig.turns(1).engine.rows(1)).toMatchObject([{ evaluatedAt: rig.at - EVERY_SEC * 1000 }]);
  });

  test("a clock that is set back stops nothing", () => {
    const rig = told("w".repeat(20) + ".".repeat(20)).turns(21);
    expect(rig.kinds()).toEqual(["firing"]);
    rig.at -= 100_000;
    expect(rig.turns(2).kinds()).toEqual(["firing"]);
    expect(rig.turns(20).kinds()).toEqual(["firing", "resolved"]);
  });

  test("what is missing is missed though the clock was set back", () => {
    const noData = { mode: "no_data", afterSec: 30 } as const;
    const rig = told(`${"-".repeat(20)}....`, { noData }).turns(24);
    rig.at -= 200_000;
    expect(rig.turns(10).kinds()).toEqual(["no_data"]);
  });
});

describe("restarts", () => {
  test.each([
    ["pending", 1],
    ["firing", 4],
    ["recovering", 8],
  ])("while %s nothing is told twice and nothing is lost", (_status, turns) => {
    const story = "wwwwwww......";
    const rig = told(story).turns(turns).restart(0);
    expect(rig.turns(13 - turns).told()).toEqual(told(story).turns(13).told());
  });

  test("after a crash before anything was kept it fires anew from samples", () => {
    const rig = told("w".repeat(20)).turns(5);
    rig.instances.clear();
    rig.episodes.clear();
    rig.notices.length = 0;
    expect(rig.restart(0).turns(5).kinds()).toEqual(["firing"]);
  });

  test("acknowledgement, snooze and what was held back survive", () => {
    const rig = told("w".repeat(99), { repeatSec: 300 }, { ...ONE_CHANNEL, silences: [silenceOf(20, 40)] }).turns(4);
    rig.engine.snooze(rig.open.id, "ada", T0 + 150_000, T0);
    rig.commit();
    rig.restart(0).turns(20);
    expect(rig.told()).toEqual(["firing@20", "repeat@150"]);
    rig.restart(0).turns(17);
    expect(rig.told()).toEqual(["firing@20", "repeat@150", "repeat@400"]);
    rig.engine.acknowledge(rig.open.id, "ada", "", T0);
    rig.commit();
    expect(rig.restart(0).turns(55).kinds()).toEqual(["firing", "repeat", "repeat"]);
  });

  test("a state that is kept only now and then costs at most 15 s of waiting", () => {
    const parts = { forSec: 600 };
    const rig = told("w".repeat(99), parts).turns(50).restart(0).turns(20);
    const [first = ""] = rig.told();
    const at = Number(first.split("@")[1]);
    expect(at).toBeGreaterThanOrEqual(600);
    expect(at).toBeLessThanOrEqual(620);
  });

  test("what flaps is still held after a restart in range", () => {
    const flap = { transitions: 4, windowSec: 1800, holdSec: 60 };
    const rig = told("w.w.w..............", { ...QUICK, flap })
      .turns(2)
      .restart(0);
    expect(rig.instances.size).toBe(1);
    expect(rig.turns(2).engine.rows(1)).toMatchObject([{ flapping: true }]);
  });
});

describe("bounds and order", () => {
  test("no more label sets than a rule may have; the rest is counted", () => {
    const rig = new EngineRig([ruleWith(QUICK)]);
    for (let i = 0; i < MAX_RULE_INSTANCES + 7; i++) rig.observer.tell("ww", `n/${i}`);
    rig.turns(2);
    expect(rig.engine.counts()).toEqual({ critical: 0, warning: MAX_RULE_INSTANCES, pending: 0, leftOut: 7 });
    expect(rig.engine.rows(10)).toHaveLength(10);
  });

  test("label sets that are in range and gone make room", () => {
    const rig = new EngineRig([ruleWith(QUICK)]);
    for (let i = 0; i < MAX_RULE_INSTANCES; i++) rig.observer.tell("..", `old/${i}`);
    rig.observer.tell("..ww", "new/1");
    rig.turns(4);
    expect(rig.engine.counts().warning).toBe(1);
  });

  test("rows: critical before warning, the newest first, pending last", () => {
    const rig = told("wwwww");
    rig.observer.tell("..www", "b/1");
    rig.observer.tell("ccccc", "c/1");
    rig.observer.tell("...cc", "d/1");
    rig.turns(5);
    expect(rig.engine.rows(9).map(({ labels, status }) => `${labels.node} ${status}`)).toEqual([
      "c/1 firing",
      "b/1 firing",
      "a/1 firing",
      "d/1 pending",
    ]);
  });

  test("between two steps of an evaluation what is taken is whole: no state says more than was told", () => {
    const rig = new EngineRig([ruleWith(QUICK), ruleWith({ ...QUICK, id: "other" })]);
    rig.observer.tell("w", "a/1");
    rig.observer.tell("w", "a/1", "other");
    for (const _ of rig.engine.evaluate(T0)) {
      rig.commit();
      const toldOf = new Set(rig.notices.map(({ notice }) => notice.fingerprint));
      for (const state of rig.instances.values()) expect(state.told.firing).toBe(toldOf.has(state.fingerprint));
    }
    rig.commit();
    expect(rig.kinds()).toEqual(["firing", "firing"]);
  });
});
