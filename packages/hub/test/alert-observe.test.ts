import { compileRatio, wilsonLowerBound } from "@wsight/hub";
import { type AlertRule, encodeLinkText, findIndicator, WsightError } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { type FakeProbe, START } from "./current-rig.ts";
import { NOTHING_FIRES, ObserveRig, ruleOn } from "./observe-rig.ts";

const OPEN = "websocket.server.active_connections";
const LIMIT = "websocket.server.connection.limit";
const MESSAGES = "websocket.server.messages";
const ERRORS = "websocket.server.handler.errors";
const LATENCY = "websocket.server.handler.duration";
const JOBS = "queue.jobs";
const WORKERS = "queue.workers";
const WAITING = { "queue.job.state": "waiting" };

/** Observes the newest second. */
function look(rig: ObserveRig, rule: AlertRule, firing: { fires(id: string): boolean } = NOTHING_FIRES) {
  return rig.observer.observe(rule, rig.current.at ?? 0, firing);
}

/** A second in which every probe says what it has. */
function beat(rig: ObserveRig, ...probes: readonly FakeProbe[]): void {
  rig.second(() => {
    for (const probe of probes) probe.set("process.uptime", 1).snapshot();
  });
}

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof WsightError ? error.code : String(error);
  }
}

describe("a threshold", () => {
  it("tells the level, the limit that was passed, and the side of the recovery limit", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const rule = ruleOn({ metric: OPEN, agg: "last", windowSec: 1, warn: 10, crit: 20, recovery: 8 });
    const seen = [5, 8, 9, 10, 11, 20, 21].map((open) => {
      rig.second(() => probe.set(OPEN, open).snapshot());
      const { level, good, limit } = look(rig, rule)[0] ?? {};
      return [open, level, good, limit];
    });
    expect(seen).toEqual([
      [5, null, true, 10],
      [8, null, true, 10],
      [9, null, false, 10],
      [10, null, false, 10],
      [11, "warning", false, 10],
      [20, "warning", false, 10],
      [21, "critical", false, 20],
    ]);
  });

  it("compares in all eight ways", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const breaches = (op: AlertRule["op"], warn: AlertRule["warn"]) =>
      look(rig, ruleOn({ metric: OPEN, agg: "last", windowSec: 1, op, warn }))[0]?.level === "warning";
    const values = [1, 2, 3, 4];
    const seen = values.map((open) => {
      rig.second(() => probe.set(OPEN, open).snapshot());
      const simple = (["gt", "gte", "lt", "lte", "eq", "ne"] as const).filter((op) => breaches(op, 2));
      return [...simple, ...(["inside", "outside"] as const).filter((op) => breaches(op, [2, 3]))].join(" ");
    });
    expect(seen).toEqual(["lt lte ne outside", "gte lte eq inside", "gt gte ne inside", "gt gte ne outside"]);
  });

  it("has one instance for each label set, at most 200, and says how many are left out", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    for (let i = 0; i < 210; i++) probe.set(JOBS, i, { queue: `q${i}`, ...WAITING });
    beat(rig, probe);
    const rule = ruleOn({ metric: JOBS, agg: "last", groupBy: ["queue"] });
    expect(look(rig, rule)).toHaveLength(200);
    expect(rig.observer.leftOut(rule)).toBe(10);
  });

  it("sees nothing of a process that is silent, and all of it again when it is back", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const rule = ruleOn({ metric: OPEN, agg: "last", groupBy: ["node"], windowSec: 1 });
    const names = () => look(rig, rule).map(({ labels }) => labels.node);
    for (const probe of [a, b]) probe.set(OPEN, 1);
    beat(rig, a, b);
    expect(names()).toEqual(["chat/a", "chat/b"]);
    for (let second = 0; second < 4; second++) beat(rig, a);
    expect(names()).toEqual(["chat/a"]);
    beat(rig, a, b);
    expect(names()).toEqual(["chat/a", "chat/b"]);
  });

  it("of fewer readings than the minimum proves nothing", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const rule = ruleOn({ metric: LATENCY, agg: "p95", warn: 0.1, minSamples: 3 });
    rig.second(() => probe.record(LATENCY, [1, 1], { event: "chat" }).snapshot());
    expect(look(rig, rule)).toMatchObject([{ samples: 2, level: null, good: true }]);
    rig.second(() => probe.record(LATENCY, [1], { event: "chat" }).snapshot());
    expect(look(rig, rule)).toMatchObject([{ samples: 3, level: "warning", good: false }]);
  });

  it("says clearly what it can't be about", () => {
    const rig = new ObserveRig();
    const wrong: readonly Partial<AlertRule>[] = [
      { metric: "no.such.metric" },
      { metric: OPEN, agg: "p95" },
      { metric: OPEN, agg: "value" },
      { metric: OPEN, agg: "last", groupBy: ["event"] },
      { metric: "websocket.server.worker.imbalance", agg: "value", groupBy: ["node"] },
      { metric: OPEN, agg: "last", wilson: true },
    ];
    for (const parts of wrong) {
      const rule = ruleOn({ metric: OPEN, agg: "last", ...parts });
      expect([parts, codeOf(() => look(rig, rule))]).toEqual([parts, "BAD_REQUEST"]);
    }
  });
});

describe("a ratio", () => {
  const rule = ruleOn({ metric: "websocket.server.error_ratio", agg: "value", warn: 0.01, windowSec: 60 });

  function messages(probe: FakeProbe, all: number, bad: number): void {
    probe.grow(MESSAGES, all, { direction: "in", event: "chat" }).grow(ERRORS, bad, { event: "chat" });
  }

  it("is not known while there was no event, instead of good", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    messages(probe, 0, 0);
    beat(rig, probe);
    expect(look(rig, rule)).toEqual([]);
    messages(probe, 10, 1);
    beat(rig, probe);
    expect(look(rig, rule)).toMatchObject([{ value: 0.1, samples: 10, level: "warning" }]);
  });

  it("with its Wilson bound breaches only when so few events can't be chance", () => {
    const seen = [
      [1, 1],
      [20, 2],
      [100, 3],
      [100, 9],
      [10_000, 110],
      [10_000, 150],
    ].map(([all = 0, bad = 0]) => {
      const rig = new ObserveRig();
      const probe = rig.probe();
      messages(probe, 0, 0);
      beat(rig, probe);
      messages(probe, all, bad);
      beat(rig, probe);
      return look(rig, { ...rule, wilson: true })[0]?.level ?? null;
    });
    expect(seen).toEqual([null, null, null, "warning", null, "warning"]);
  });

  it("that tells success is judged by what surely failed", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const success = ruleOn({
      metric: "websocket.server.connect.success_ratio",
      agg: "value",
      op: "lt",
      warn: 0.99,
      crit: 0.95,
      wilson: true,
      windowSec: 60,
    });
    const attempts = (taken: number, refused: number) => {
      probe.grow("websocket.server.connections", taken).grow("websocket.server.handshake.rejections", refused);
      beat(rig, probe);
      return look(rig, success)[0];
    };
    expect(attempts(0, 0)).toBeUndefined();
    expect(attempts(19, 1)).toMatchObject({ value: 0.95, samples: 20, level: null, good: true });
    expect(attempts(0, 20)).toMatchObject({ value: 19 / 40, level: "critical", good: false });
  });

  it("gives its counts over any window, of all and of each process", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const indicator = findIndicator("websocket.server.error_ratio");
    if (indicator === undefined) throw new Error("no indicator");
    const reader = compileRatio(rig.current, indicator);
    for (let second = 0; second < 10; second++) {
      messages(a, 10, 1);
      messages(b, second < 9 ? 0 : 5, 0);
      beat(rig, a, b);
    }
    const at = rig.current.at ?? 0;
    expect(reader.countsAt(at, 1)).toEqual({ bad: 1, total: 15 });
    expect(reader.countsAt(at, 5)).toEqual({ bad: 5, total: 55 });
    expect(reader.countsAt(at - 1000, 5)).toEqual({ bad: 5, total: 50 });
    expect([...reader.countsByNode(at, 3)]).toEqual([
      ["chat/a", { bad: 3, total: 30 }],
      ["chat/b", { bad: 0, total: 5 }],
    ]);
    expect(reader.countsAt(at - 60_000, 5)).toBeNull();
  });

  it("has the lower bound that Wilson gave it", () => {
    expect(wilsonLowerBound(10, 100, 1.96)).toBeCloseTo(0.0552, 4);
    expect(wilsonLowerBound(0, 100, 1.96)).toBe(0);
    expect(wilsonLowerBound(100, 100, 1.96)).toBeCloseTo(0.963, 3);
    expect(wilsonLowerBound(0, 0, 1.96)).toBe(0);
  });
});

describe("figures of several processes", () => {
  it("compare connections with capacity where both are known", () => {
    const rig = new ObserveRig();
    const [a, b, c] = ["a", "b", "c"].map((instance) => rig.probe({ instance })) as [FakeProbe, FakeProbe, FakeProbe];
    a.set(OPEN, 40, { transport: "websocket" }).set(OPEN, 10, { transport: "polling" }).set(LIMIT, 100);
    b.set(OPEN, 90).set(LIMIT, 100);
    c.set(OPEN, 1000);
    beat(rig, a, b, c);
    const rule = ruleOn({ metric: "websocket.server.pool.utilization", agg: "value" });
    expect(look(rig, rule)).toMatchObject([{ value: 0.7 }]);
    expect([...rig.see({ ...rule, groupBy: ["node"] }).values()]).toEqual([0.5, 0.9]);
  });

  it("leave out of the newest readings those of a process that is gone", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }).set(OPEN, 3), rig.probe({ instance: "b" }).set(OPEN, 4)];
    beat(rig, a, b);
    const rule = ruleOn({ metric: OPEN, agg: "last", windowSec: 60 });
    const seen = Array.from({ length: 17 }, () => {
      beat(rig, a);
      return look(rig, rule)[0]?.value;
    });
    // Known for two seconds more, and then for as long as another one may be late.
    expect(seen.lastIndexOf(7)).toBe(16);
    beat(rig, a);
    expect(look(rig, rule)).toMatchObject([{ value: 3 }]);
  });

  it("compare the busiest process with the mean", () => {
    const rig = new ObserveRig();
    const probes = [60, 20, 10].map((open, i) => rig.probe({ instance: `${i}` }).set(OPEN, open));
    const other = rig.probe({ service: "jobs" }).set(OPEN, 5);
    beat(rig, ...probes, other);
    const rule = ruleOn({
      metric: "websocket.server.worker.imbalance",
      agg: "value",
      groupBy: ["service"],
      minSamples: 50,
    });
    expect(look(rig, rule)).toMatchObject([
      { labels: { service: "chat" }, value: 2, samples: 90, level: "warning" },
      { labels: { service: "jobs" }, value: 1, samples: 5, level: null },
    ]);
  });
});

describe("several conditions at once", () => {
  const none = { metric: WORKERS, agg: "last", filter: {}, windowSec: 5, op: "eq", limit: 0 } as const;
  const waiting = { metric: JOBS, agg: "last", filter: { where: WAITING }, windowSec: 5, op: "gt", limit: 0 } as const;
  const lag = { metric: OPEN, agg: "last", filter: {}, windowSec: 5, op: "gt", limit: 50 } as const;
  const ruleWith = (expression: AlertRule["expression"]) =>
    ruleOn({
      metric: WORKERS,
      agg: "last",
      kind: "composite",
      groupBy: ["queue"],
      warn: null,
      severity: "critical",
      expression,
    });

  function queues(): ObserveRig {
    const rig = new ObserveRig();
    const probe = rig.probe();
    probe.set(WORKERS, 0, { queue: "mail" }).set(JOBS, 7, { queue: "mail", ...WAITING });
    probe.set(WORKERS, 0, { queue: "idle" }).set(JOBS, 0, { queue: "idle", ...WAITING });
    probe.set(JOBS, 3, { queue: "alien", ...WAITING });
    probe.set(OPEN, 60);
    beat(rig, probe);
    return rig;
  }

  const breaching = (rig: ObserveRig, rule: AlertRule, fires: (id: string) => boolean = () => false) =>
    look(rig, rule, { fires }).map(({ labels, value, level }) => `${labels.queue} ${value} ${level}`);

  it("hold for each label set by itself, and what is not known decides nothing", () => {
    const rig = queues();
    const all = ruleWith({ all: [{ when: none }, { when: waiting }] });
    expect(breaching(rig, all)).toEqual(["mail 1 critical", "idle 0 null"]);
    const any = ruleWith({ any: [{ when: none }, { when: waiting }] });
    expect(breaching(rig, any)).toEqual(["mail 1 critical", "idle 1 critical", "alien 1 critical"]);
    const not = ruleWith({ all: [{ not: { when: none } }, { when: waiting }] });
    expect(breaching(rig, not)).toEqual(["mail 0 null", "idle 0 null"]);
  });

  it("count a figure without the label for all of its values", () => {
    const rig = queues();
    expect(breaching(rig, ruleWith({ all: [{ when: waiting }, { when: lag }] }))).toEqual([
      "mail 1 critical",
      "idle 0 null",
      "alien 1 critical",
    ]);
  });

  it("ask whether another rule fires", () => {
    const rig = queues();
    const rule = ruleWith({ all: [{ when: waiting }, { rule: "queue-length" }] });
    expect(breaching(rig, rule)).toEqual(["mail 0 null", "idle 0 null", "alien 0 null"]);
    expect(breaching(rig, rule, (id) => id === "queue-length")[0]).toBe("mail 1 critical");
  });

  it("need a figure that has all labels", () => {
    const rig = queues();
    expect(codeOf(() => look(rig, ruleWith({ when: lag })))).toBe("BAD_REQUEST");
    expect(codeOf(() => look(rig, ruleWith(null)))).toBe("BAD_REQUEST");
  });
});

describe("what has ended", () => {
  const rule = ruleOn({
    metric: "process.uptime",
    agg: "last",
    kind: "no_data",
    groupBy: ["node"],
    warn: null,
    windowSec: 1,
  });
  const labels = { node: "chat/b" };

  it("is a process that said goodbye, not one that fell silent", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    beat(rig, a, b);
    const ended = () => rig.observer.ended(rule, labels, rig.current.at ?? 0);
    expect([look(rig, rule).length, ended()]).toEqual([2, false]);
    for (let second = 0; second < 400; second++) beat(rig, a);
    expect([look(rig, rule).length, ended()]).toEqual([1, false]);
    beat(rig, a, b);
    rig.second(() => {
      a.snapshot();
      b.send(encodeLinkText({ type: "bye", epoch: b.hello.epoch }));
    });
    beat(rig, a);
    expect([look(rig, rule).length, ended()]).toEqual([1, true]);
    b.restart(2);
    beat(rig, a, b);
    expect(ended()).toBe(false);
  });

  it("is in the end one that never came back, once the hub forgot it and others of its service go on", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const other = rig.probe({ service: "jobs" });
    beat(rig, a, b, other);
    const endedAfter = (seconds: number, ...alive: readonly FakeProbe[]) => {
      for (let second = 0; second < seconds; second++) beat(rig, ...alive);
      return rig.observer.ended(rule, labels, rig.current.at ?? 0);
    };
    expect(endedAfter(1000, a, other)).toBe(false);
    expect(endedAfter(400, a, other)).toBe(true);
    expect(endedAfter(20, other)).toBe(false);
  });

  it("is one of before this hub, once all of its service were started anew with it, not while an older one lives", () => {
    const endedAfter = (seconds: number, startedAt: number) => {
      const rig = new ObserveRig();
      const probe = rig.probe({ instance: "a", startedAt });
      const seen: boolean[] = [];
      for (let second = 0; second < seconds; second++) {
        beat(rig, probe);
        seen.push(rig.observer.ended(rule, labels, rig.current.at ?? 0));
      }
      return seen.indexOf(true);
    };
    // Processes that live have twenty seconds to find the new hub.
    expect(endedAfter(40, START - 5_000)).toBe(20);
    expect(endedAfter(40, START - 600_000)).toBe(-1);
  });

  it("is a series that its process has no more", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const queue = ruleOn({ metric: WORKERS, agg: "last", groupBy: ["queue"], windowSec: 3 });
    probe.set(WORKERS, 1, { queue: "mail" });
    beat(rig, probe);
    probe.values.clear();
    for (let second = 0; second < 3; second++) beat(rig, probe);
    expect(look(rig, queue)).toEqual([]);
    expect(rig.observer.ended(queue, { queue: "mail" }, rig.current.at ?? 0)).toBe(true);
  });
});

describe("who made it", () => {
  it("are nodes and events, those with most bad events first", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const say = (probe: FakeProbe, event: string, all: number, bad: number) =>
      probe.grow(MESSAGES, all, { event, direction: "in" }).grow(ERRORS, bad, { event });
    for (const probe of [a, b]) say(say(probe, "chat", 0, 0), "join", 0, 0);
    beat(rig, a, b);
    say(a, "chat", 100, 0);
    say(b, "chat", 100, 40);
    say(a, "join", 2, 2);
    beat(rig, a, b);
    const rule = ruleOn({ metric: "websocket.server.error_ratio", agg: "value", groupBy: ["service"] });
    expect(rig.observer.culprits(rule, { service: "chat" }, rig.current.at ?? 0)).toEqual([
      { label: "node", name: "chat/b", value: 0.4 },
      { label: "node", name: "chat/a", value: 2 / 102 },
      { label: "event", name: "chat", value: 0.2 },
      { label: "event", name: "join", value: 1 },
    ]);
  });

  it("are nothing without a name, such as messages that are no events", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const say = (all: number) =>
      probe
        .grow(MESSAGES, all, { event: "", direction: "in" })
        .grow(MESSAGES, all / 2, { event: "chat", direction: "in" });
    say(0);
    beat(rig, probe);
    say(100);
    beat(rig, probe);
    const rule = ruleOn({ metric: MESSAGES, agg: "increase", groupBy: ["direction"], warn: 10 });
    const told = rig.observer.culprits(rule, { direction: "in" }, rig.current.at ?? 0);
    expect(told.map(({ label, name }) => `${label} ${name}`)).toEqual(["node chat/a", "event chat"]);
  });

  it("are only those beyond the limit where any is, and events by what times them", () => {
    const rig = new ObserveRig();
    const [a, b] = [rig.probe({ instance: "a" }), rig.probe({ instance: "b" })];
    const metric = "websocket.server.message.latency";
    rig.second(() => {
      for (const [probe, seconds] of [
        [a, 0.01],
        [b, 0.5],
      ] as const) {
        probe.record(metric, [seconds], { source: "handler" });
        probe.record(LATENCY, [seconds], { event: seconds > 0.1 ? "search" : "chat" }).snapshot();
      }
    });
    const rule = ruleOn({ metric, agg: "p95", warn: 0.1 });
    const told = rig.observer.culprits(rule, {}, rig.current.at ?? 0);
    expect(told.map(({ label, name }) => `${label} ${name}`)).toEqual(["node chat/b", "event search"]);
  });

  it("are the busiest processes of a worker imbalance, by the mean of all", () => {
    const rig = new ObserveRig();
    const counts = [90, 30, 0, 0];
    const probes = counts.map((count, i) => rig.probe({ instance: `w${i}` }).set(OPEN, count, { "ws.library": "ws" }));
    rig.second(() => {
      for (const probe of probes) probe.snapshot();
    });
    const rule = ruleOn({
      metric: "websocket.server.worker.imbalance",
      agg: "value",
      groupBy: ["service"],
      warn: 1.5,
    });
    expect([...rig.see(rule).values()]).toEqual([3]);
    expect(rig.observer.culprits(rule, { service: "chat" }, rig.current.at ?? 0)).toEqual([
      { label: "node", name: "chat/w0", value: 3 },
    ]);
  });

  it("are users of the process that it is about, not of others", () => {
    const rig = new ObserveRig();
    rig.second(() => {
      for (const [instance, key] of [
        ["a", "u1"],
        ["b", "u2"],
      ] as const) {
        const probe = rig.probe({ instance }).set(OPEN, 100).set(LIMIT, 110);
        probe.snapshot();
        const rows = [{ key, count: 60 }];
        const { epoch } = probe.hello;
        probe.send(encodeLinkText({ type: "table", epoch, at: 1, table: "users", total: 1, rows, spread: [0, 0, 1] }));
      }
    });
    const rule = ruleOn({ metric: "websocket.server.pool.utilization", agg: "value", groupBy: ["node"], warn: 0.75 });
    const told = (node: string) => rig.observer.culprits(rule, { node }, rig.current.at ?? 0);
    expect(told("chat/a")).toEqual([{ label: "user", name: "u1", value: 60 }]);
    expect(told("chat/b")).toEqual([{ label: "user", name: "u2", value: 60 }]);
    const all = rig.observer.culprits({ ...rule, groupBy: [] }, {}, rig.current.at ?? 0);
    expect(all.filter(({ label }) => label === "user").map(({ name }) => name)).toEqual(["u1", "u2"]);
  });

  it("are users who hold many of the connections", () => {
    const rig = new ObserveRig();
    const probe = rig.probe().set(OPEN, 100).set(LIMIT, 110);
    const rows = [
      { key: "u1", count: 60 },
      { key: "u2", count: 2 },
    ];
    rig.second(() => {
      probe.snapshot();
      probe.send(
        encodeLinkText({ type: "table", epoch: 1, at: 1, table: "users", total: 2, rows, spread: [1, 0, 0, 0, 0, 1] }),
      );
    });
    const rule = ruleOn({ metric: "websocket.server.pool.utilization", agg: "value", groupBy: ["node"], warn: 0.75 });
    expect(rig.observer.culprits(rule, { node: "chat/a" }, rig.current.at ?? 0)).toEqual([
      { label: "user", name: "u1", value: 60 },
    ]);
  });
});
