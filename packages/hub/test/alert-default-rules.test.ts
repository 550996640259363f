import { createLiveObserver, DEFAULT_RULES, parseRule } from "@wsight/hub";
import { INDICATORS } from "@wsight/protocol";
import { describe, expect, it } from "vitest";
import { Rig } from "./current-rig.ts";
import { NOTHING_FIRES, ObserveRig, ruleOn } from "./observe-rig.ts";

const limits = Object.fromEntries(DEFAULT_RULES.map(({ id, warn, crit }) => [id, [warn, crit]]));

describe("the rules that come with it", () => {
  it("have the limits that were promised", () => {
    expect(limits).toEqual({
      "websocket-latency-mean": [0.1, 0.2],
      "websocket-latency-p95": [0.1, 0.2],
      "websocket-errors": [0.01, 0.05],
      "websocket-pool": [0.75, 0.9],
      "websocket-connect": [0.99, 0.95],
      "worker-imbalance": [1.5, 2],
      "queue-length": [50, 200],
      "job-processing-time": [120, null],
      "job-errors": [0.1, 0.25],
      "no-active-workers": [null, null],
      "no-workers": [0, null],
      "host-memory": [0.85, 0.95],
      "event-loop-lag": [0.1, 1],
      "process-silent": [null, null],
    });
    expect(DEFAULT_RULES.every(({ builtin, enabled }) => builtin && enabled)).toBe(true);
  });

  it("last, and prove, as long and as much as was promised", () => {
    const usual = { forSec: 60, keepFiringSec: 60, everySec: 5, minSamples: 1, repeatSec: 14_400, maxRepeats: null };
    const waits = Object.fromEntries(
      DEFAULT_RULES.map(({ id, forSec, minSamples, noData }) => [id, [forSec, minSamples, noData.mode]]),
    );
    expect(waits).toEqual({
      "websocket-latency-mean": [60, 1, "keep"],
      "websocket-latency-p95": [60, 1, "keep"],
      "websocket-errors": [60, 1, "ok"],
      "websocket-pool": [60, 1, "keep"],
      "websocket-connect": [60, 20, "ok"],
      "worker-imbalance": [300, 50, "ok"],
      "queue-length": [30, 1, "keep"],
      "job-processing-time": [120, 1, "ok"],
      "job-errors": [120, 10, "ok"],
      "no-active-workers": [15, 1, "keep"],
      "no-workers": [15, 1, "keep"],
      "host-memory": [60, 1, "no_data"],
      "event-loop-lag": [60, 1, "keep"],
      "process-silent": [0, 1, "firing"],
    });
    expect(DEFAULT_RULES.find(({ id }) => id === "websocket-latency-mean")).toMatchObject(usual);
    expect(DEFAULT_RULES.filter(({ wilson }) => wilson).map(({ id }) => id)).toEqual([
      "websocket-errors",
      "websocket-connect",
    ]);
    const flaps = DEFAULT_RULES.map(({ flap }) => flap);
    expect(flaps).toEqual(flaps.map(() => ({ transitions: 4, windowSec: 1800, holdSec: 900 })));
  });

  it("are rules that anybody could save", () => {
    for (const rule of DEFAULT_RULES) {
      const context = { id: rule.id, base: rule, rules: DEFAULT_RULES, by: "admin", now: 0 };
      const saved = parseRule(JSON.parse(JSON.stringify(rule)), context);
      expect(saved).toEqual({ ...rule, version: 2 });
    }
  });

  it("see nothing where nothing reports, and can all be evaluated", () => {
    const rig = new ObserveRig();
    const at = rig.second();
    for (const rule of DEFAULT_RULES)
      expect([rule.id, rig.observer.observe(rule, at, NOTHING_FIRES)]).toEqual([rule.id, []]);
  });

  it("say that there are no active workers only while jobs wait", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const rule = DEFAULT_RULES.find(({ id }) => id === "no-active-workers") ?? ruleOn({ metric: "", agg: "last" });
    const seen = [
      [0, 0],
      [0, 3],
      [1, 3],
    ].map(([workers = 0, waiting = 0]) => {
      probe.set("queue.workers", workers, { queue: "mail" });
      probe.set("queue.jobs", waiting, { queue: "mail", "queue.job.state": "waiting" });
      rig.second(() => probe.snapshot());
      return rig.observer.observe(rule, rig.current.at ?? 0, NOTHING_FIRES)[0]?.level;
    });
    expect(seen).toEqual([null, "critical", null]);
  });
});

describe("every indicator", () => {
  it("can be watched by whatever it says it can be told by", () => {
    const rig = new Rig();
    const observer = createLiveObserver({ current: rig.current, history: null, onError: () => {} });
    for (const { name, kind, attributes } of INDICATORS) {
      for (const by of [...attributes, "service", ...(kind === "spread" ? [] : ["node"])]) {
        const rule = ruleOn({ metric: name, agg: "value", groupBy: [by] });
        expect(() => observer.observe(rule, 0, NOTHING_FIRES), `${name} by ${by}`).not.toThrow();
      }
    }
  });
});
