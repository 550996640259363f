import { createPlan, matchedLabels, type PlanSetup } from "@wsight/hub";
import type { AlertMatcher, AlertRoute, AlertSilence, Labels, Notice } from "@wsight/protocol";
import { sampleNotice } from "@wsight/testkit";
import { describe, expect, test } from "vitest";

const NOW = Date.parse("2026-11-21T12:00Z");
const HOUR_MS = 3_600_000;

describe("labels that are matched", () => {
  test("are those of the rule and the instance, with the rule's id, the severity and the node's service", () => {
    const rule = { id: "slow", labels: { team: "chat", node: "of the rule" } };
    expect(matchedLabels(rule, { node: "shop/1", queue: "mail" }, "critical")).toEqual({
      team: "chat",
      node: "shop/1",
      queue: "mail",
      service: "shop",
      rule: "slow",
      severity: "critical",
    });
    expect(matchedLabels({ id: "slow", labels: {} }, { service: "own", rule: "forged" }, "warning")).toEqual({
      service: "own",
      rule: "slow",
      severity: "warning",
    });
  });
});

describe("silences", () => {
  const subject = { fingerprint: "f", labels: { rule: "slow", queue: "mail" } };

  test("hold for what they match, from their start until their end", () => {
    const plan = createPlan(setup({ silences: [silence("s1", { matchers: [is("queue", "mail")] })] }));
    const none = plan.inhibitors();
    const endAt = NOW + HOUR_MS;
    expect(plan.suppressions(subject, NOW - 1, none)).toEqual([]);
    expect(plan.suppressions(subject, NOW, none)).toEqual([{ by: "silence", id: "s1", until: endAt }]);
    expect(plan.suppressions(subject, endAt - 1, none)).toHaveLength(1);
    expect(plan.suppressions(subject, endAt, none)).toEqual([]);
    expect(plan.suppressions({ ...subject, labels: { queue: "other" } }, NOW, none)).toEqual([]);
  });

  test("are found whichever label they ask for", () => {
    const pattern: AlertMatcher = { label: "queue", op: "=~", value: "ma.*" };
    const lists = [
      [is("queue", "mail")],
      [is("queue", "mail"), is("rule", "other")],
      [is("rule", "slow")],
      [pattern],
      [],
    ];
    const plan = createPlan(setup({ silences: lists.map((matchers, i) => silence(`s${i}`, { matchers })) }));
    const found = plan.suppressions(subject, NOW, plan.inhibitors()).map((one) => ("id" in one ? one.id : ""));
    expect(found.sort()).toEqual(["s0", "s2", "s3", "s4"]);
  });

  test("say when the next of them begins or ends, also when time goes back", () => {
    const plan = createPlan(
      setup({
        silences: [silence("a"), silence("b", { startsAt: "2026-11-21T12:30", durationSec: HOUR_MS / 1000 })],
      }),
    );
    expect(plan.nextChangeAt(NOW - 1)).toBe(NOW);
    expect(plan.nextChangeAt(NOW)).toBe(NOW + HOUR_MS / 2);
    expect(plan.nextChangeAt(NOW + HOUR_MS / 2)).toBe(NOW + HOUR_MS);
    expect(plan.nextChangeAt(NOW + HOUR_MS)).toBe(NOW + 1.5 * HOUR_MS);
    expect(plan.nextChangeAt(NOW - 1)).toBe(NOW);
    expect(createPlan(setup({})).nextChangeAt(NOW)).toBeNull();
  });

  test("that come again hold each time; one that matches everything holds for everything", () => {
    const recurrence = { every: "day", days: [], until: null } as const;
    const plan = createPlan(setup({ silences: [silence("m", { kind: "maintenance", matchers: [], recurrence })] }));
    for (let day = 0; day < 4; day++) {
      const at = NOW + day * 24 * HOUR_MS;
      expect(plan.suppressions(subject, at - 1, plan.inhibitors())).toEqual([]);
      expect(plan.suppressions(subject, at, plan.inhibitors())).toEqual([
        { by: "maintenance", id: "m", until: at + HOUR_MS },
      ]);
    }
  });

  test("that can't be read silence nothing, and are named", () => {
    const plan = createPlan(
      setup({
        silences: [
          silence("zone", { timeZone: "Mars/Olympus" }),
          silence("pattern", { matchers: [{ label: "queue", op: "=~", value: "(" }] }),
          silence("good"),
        ],
      }),
    );
    expect(plan.suppressions(subject, NOW, plan.inhibitors()).map((one) => ("id" in one ? one.id : ""))).toEqual([
      "good",
    ]);
    expect(plan.troubles).toEqual([
      expect.stringMatching(/^silence zone: .*Mars/),
      expect.stringMatching(/^silence pattern: /),
    ]);
  });

  test("are matched in time that grows with text and pattern, whatever the pattern", () => {
    const evil = ["(a|a)*b", "(a*)*b", "(.*a){40}b", "(a?){300}b"].map((value, i) =>
      silence(`s${i}`, { matchers: [{ label: "queue", op: "=~" as const, value }] }),
    );
    const plan = createPlan(setup({ silences: evil }));
    const began = performance.now();
    for (let i = 0; i < 10; i++) {
      const labels = { queue: `${"a".repeat(126)}${i}` };
      expect(plan.suppressions({ fingerprint: "f", labels }, NOW, plan.inhibitors())).toEqual([]);
    }
    expect(performance.now() - began).toBeLessThan(3000);
    expect(plan.troubles).toEqual([]);
  });

  test("with a pattern that is too large are left out", () => {
    const plan = createPlan(
      setup({ silences: [silence("s", { matchers: [{ label: "q", op: "=~", value: "((a{30}){30}){30}" }] })] }),
    );
    expect(plan.troubles).toEqual([expect.stringMatching(/too large/)]);
  });

  test.each<readonly [AlertMatcher["op"], string, Labels, boolean]>([
    ["=", "mail", { queue: "mail" }, true],
    ["=", "mail", { queue: "mails" }, false],
    ["!=", "mail", { queue: "mails" }, true],
    ["!=", "mail", {}, true],
    ["=", "", {}, true],
    ["=~", "ma.*", { queue: "mail" }, true],
    ["=~", "ai", { queue: "mail" }, false],
    ["!~", "ma.*|x", { queue: "y" }, true],
    ["!~", ".+", {}, true],
    ["=~", ".*", {}, true],
  ])("match %s %j of %j: %j", (op, value, labels, expected) => {
    const plan = createPlan(setup({ silences: [silence("s", { matchers: [{ label: "queue", op, value }] })] }));
    expect(plan.suppressions({ fingerprint: "f", labels }, NOW, plan.inhibitors())).toHaveLength(expected ? 1 : 0);
  });

  test("never look at what a label's name is in JavaScript", () => {
    const matchers = [{ label: "constructor", op: "=" as const, value: "" }];
    const plan = createPlan(setup({ silences: [silence("s", { matchers })] }));
    expect(plan.suppressions(subject, NOW, plan.inhibitors())).toHaveLength(1);
  });
});

describe("inhibition", () => {
  const noWorkers = { fingerprint: "w", labels: { rule: "no-active-workers", queue: "mail" } };
  const longQueue = { fingerprint: "q", labels: { rule: "queue-length", queue: "mail" } };

  test("of the usual rules: without workers the length of their queue is no news", () => {
    const plan = createPlan(setup({}));
    const firing = plan.inhibitors();
    expect(plan.suppressions(longQueue, NOW, firing)).toEqual([]);
    firing.add(noWorkers);
    expect(plan.suppressions(longQueue, NOW, firing)).toEqual([{ by: "inhibition", id: "w" }]);
    expect(plan.suppressions(noWorkers, NOW, firing)).toEqual([]);
    const other = { fingerprint: "o", labels: { rule: "queue-length", queue: "other" } };
    expect(plan.suppressions(other, NOW, firing)).toEqual([]);
    firing.remove("w");
    expect(plan.suppressions(longQueue, NOW, firing)).toEqual([]);
  });

  test("of the usual rules: that no worker is there is no news where jobs wait for one", () => {
    const plan = createPlan(setup({}));
    const firing = plan.inhibitors();
    const none = { fingerprint: "n", labels: { rule: "no-workers", queue: "mail" } };
    firing.add(none);
    expect(plan.suppressions(noWorkers, NOW, firing)).toEqual([]);
    firing.add(noWorkers);
    expect(plan.suppressions(none, NOW, firing)).toEqual([{ by: "inhibition", id: "w" }]);
  });

  test("of the usual rules: of a process that is silent nothing else is told", () => {
    const plan = createPlan(setup({}));
    const firing = plan.inhibitors();
    const silent = { fingerprint: "s", labels: { rule: "process-silent", node: "shop/1" } };
    firing.add(silent);
    const lag = { fingerprint: "l", labels: { rule: "event-loop-lag", node: "shop/1" } };
    expect(plan.suppressions(lag, NOW, firing)).toEqual([{ by: "inhibition", id: "s" }]);
    expect(plan.suppressions({ ...lag, labels: { ...lag.labels, node: "shop/2" } }, NOW, firing)).toEqual([]);
    expect(plan.suppressions({ ...lag, labels: { rule: "websocket-errors" } }, NOW, firing)).toEqual([]);
    expect(plan.suppressions(silent, NOW, firing)).toEqual([]);
  });

  test("goes on while any of several sources fires", () => {
    const all = { source: [is("rule", "source")], target: [is("rule", "target")], equal: [] };
    const plan = createPlan(setup({ inhibitions: [all] }));
    const firing = plan.inhibitors();
    const target = { fingerprint: "t", labels: { rule: "target" } };
    for (const fingerprint of ["a", "b", "a"]) firing.add({ fingerprint, labels: { rule: "source" } });
    firing.remove("a");
    expect(plan.suppressions(target, NOW, firing)).toEqual([{ by: "inhibition", id: "b" }]);
    firing.remove("b");
    firing.remove("never there");
    expect(plan.suppressions(target, NOW, firing)).toEqual([]);
  });

  test("never lets two alerts silence each other, or one itself", () => {
    const each = { source: [is("team", "chat")], target: [is("team", "chat")], equal: [] };
    const plan = createPlan(setup({ inhibitions: [each] }));
    const firing = plan.inhibitors();
    const one = { fingerprint: "1", labels: { team: "chat" } };
    firing.add(one);
    firing.add({ fingerprint: "2", labels: { team: "chat" } });
    expect(plan.suppressions(one, NOW, firing)).toEqual([]);
  });

  test("that changes its labels is looked at anew", () => {
    const plan = createPlan(
      setup({
        inhibitions: [{ source: [is("severity", "critical")], target: [is("severity", "warning")], equal: ["node"] }],
      }),
    );
    const firing = plan.inhibitors();
    firing.add({ fingerprint: "c", labels: { severity: "critical", node: "a" } });
    const target = { fingerprint: "t", labels: { severity: "warning", node: "a" } };
    expect(plan.suppressions(target, NOW, firing)).toHaveLength(1);
    firing.add({ fingerprint: "c", labels: { severity: "warning", node: "a" } });
    expect(plan.suppressions(target, NOW, firing)).toEqual([]);
  });
});

describe("routes", () => {
  test("none was set: every enabled channel, in groups by rule and severity", () => {
    const plan = createPlan(setup({}));
    const drafts = plan.drafts(notice({ labels: { node: "shop/1" } }));
    expect(drafts.map(({ channelId, dedupeKey }) => [channelId, dedupeKey])).toEqual([
      ["mail", "E1.firing.1.mail"],
      ["chat", "E1.firing.1.chat"],
    ]);
    expect(drafts[0]).toMatchObject({ groupWaitSec: 10, groupIntervalSec: 60 });
    const other = plan.drafts(notice({ labels: { node: "shop/2" }, episodeId: "E2" }));
    expect(other[0]?.groupKey).toBe(drafts[0]?.groupKey);
    const worse = plan.drafts(notice({ severity: "critical" }));
    expect(worse[0]?.groupKey).not.toBe(drafts[0]?.groupKey);
  });

  test("what is of no episode is told once for its moment", () => {
    const [draft] = createPlan(setup({})).drafts(notice({ episodeId: null, kind: "error", seq: 0 }));
    expect(draft?.dedupeKey).toBe(`slow.error.${NOW}.mail`);
  });

  test("the first that matches takes it, unless it lets the next see it too", () => {
    const told = (routes: readonly AlertRoute[], labels: Labels): readonly string[] =>
      createPlan(setup({ route: route({ channels: ["mail"], routes }) }))
        .drafts(notice({ labels }))
        .map(({ channelId }) => channelId);
    const chat = route({ matchers: [is("team", "chat")], channels: ["chat"] });
    const all = route({ matchers: [{ label: "team", op: "=~", value: ".+" }], channels: ["mail"] });
    expect(told([chat, all], { team: "chat" })).toEqual(["chat"]);
    expect(told([{ ...chat, continue: true }, all], { team: "chat" })).toEqual(["chat", "mail"]);
    expect(told([chat], { team: "shop" })).toEqual(["mail"]);
    const inner = route({ matchers: [is("queue", "x")], channels: [] });
    expect(told([{ ...chat, routes: [inner] }], { team: "chat", queue: "x" })).toEqual(["chat"]);
    expect(
      told(
        [
          { ...chat, continue: true },
          { ...all, channels: ["chat", "mail"] },
        ],
        { team: "chat" },
      ),
    ).toEqual(["chat", "mail"]);
  });

  test("routes that lead to one channel keep their groups apart", () => {
    const routes = [route({ matchers: [is("team", "chat")] }), route({ matchers: [is("team", "shop")] })];
    const plan = createPlan(setup({ route: route({ channels: ["mail"], routes }) }));
    const keys = ["chat", "shop"].map((team) => plan.drafts(notice({ labels: { team } }))[0]?.groupKey);
    expect(new Set(keys).size).toBe(2);
  });

  test("disabled channels are not told; those that are gone leave it to the parent", () => {
    const told = (channels: readonly string[]): readonly string[] =>
      createPlan(
        setup({ route: route({ channels: ["mail"], routes: [route({ matchers: [is("rule", "slow")], channels })] }) }),
      )
        .drafts(notice({}))
        .map(({ channelId }) => channelId);
    expect(told(["off"])).toEqual([]);
    expect(told(["gone"])).toEqual(["mail"]);
    expect(told(["gone", "chat"])).toEqual(["chat"]);
    const plan = createPlan(setup({ route: route({ channels: ["gone"] }) }));
    expect(plan.drafts(notice({})).map(({ channelId }) => channelId)).toEqual(["mail", "chat"]);
    expect(plan.troubles).toEqual(["route 0: there is no channel gone"]);
  });

  test("`...` tells each alert by itself, and long keys stay short", () => {
    const plan = createPlan(setup({ route: route({ groupBy: ["..."] }) }));
    const long = { queue: "q".repeat(128), event: "e".repeat(128) };
    const [one] = plan.drafts(notice({ labels: { ...long, node: "a/1" } }));
    const [other] = plan.drafts(notice({ labels: { ...long, node: "a/2" } }));
    expect(one?.groupKey).not.toBe(other?.groupKey);
    expect(one?.groupKey.length).toBeLessThan(200);
  });

  test("a tree that is far too deep, from a database of another make, is followed ten steps", () => {
    let deep = route({ matchers: [is("rule", "slow")], channels: ["chat"] });
    for (let i = 0; i < 5000; i++) deep = route({ matchers: [is("rule", "slow")], channels: ["mail"], routes: [deep] });
    expect(createPlan(setup({ route: deep })).drafts(notice({}))[0]?.channelId).toBe("mail");
  });
});

function is(label: string, value: string): AlertMatcher {
  return { label, op: "=", value };
}

function setup(given: Partial<PlanSetup>): PlanSetup {
  const channels = [
    { id: "mail", enabled: true },
    { id: "chat", enabled: true },
    { id: "off", enabled: false },
  ];
  return { silences: [], route: null, inhibitions: null, channels, ...given };
}

function silence(id: string, given: Partial<AlertSilence> = {}): AlertSilence {
  return {
    id,
    matchers: [],
    kind: "silence",
    startsAt: "2026-11-21T12:00",
    durationSec: HOUR_MS / 1000,
    timeZone: "UTC",
    recurrence: null,
    comment: "",
    createdBy: "me",
    createdAt: NOW,
    ...given,
  };
}

function route(given: Partial<AlertRoute>): AlertRoute {
  return {
    matchers: [],
    channels: [],
    groupBy: ["rule", "severity"],
    groupWaitSec: 10,
    groupIntervalSec: 60,
    continue: false,
    routes: [],
    ...given,
  };
}

function notice(given: Partial<Notice>): Notice {
  return { ...sampleNotice("firing"), labels: {}, at: NOW, ...given };
}
