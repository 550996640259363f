import { createLiveObserver } from "@wsight/hub";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOTHING_FIRES, ObserveRig, ruleOn } from "./observe-rig.ts";

const LATENCY = "websocket.server.handler.duration";
const OPEN = "websocket.server.active_connections";

/** What an observer that has just begun sees: everything in its windows is read anew. */
function seeAnew(rig: ObserveRig, rule: ReturnType<typeof ruleOn>): ReadonlyMap<string, number> {
  const observer = createLiveObserver({ current: rig.current, history: null, onError: () => {} });
  const seen = observer.observe({ ...rule }, rig.current.at ?? 0, NOTHING_FIRES);
  return new Map(seen.map(({ labels, value }) => [JSON.stringify(labels), value]));
}

describe("windows that slide", () => {
  it("hold what they would if they were read anew, whatever comes and goes (property)", () => {
    const step = fc.record({
      /** Which of two processes report. */
      reports: fc.tuple(fc.boolean(), fc.boolean()),
      event: fc.integer({ min: 0, max: 3 }),
      values: fc.array(fc.double({ min: 0.0001, max: 5, noNaN: true }), { maxLength: 3 }),
      open: fc.integer({ min: 0, max: 9 }),
      restarts: fc.integer({ min: 0, max: 15 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { minLength: 5, maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        (steps, windowSec) => {
          const rig = new ObserveRig();
          const probes = ["a", "b"].map((instance) => rig.probe({ instance }));
          const groupBy = ["event"];
          const rules = [
            ruleOn({ metric: LATENCY, agg: "p90", windowSec }),
            ruleOn({ metric: LATENCY, agg: "mean", windowSec, groupBy }),
            ruleOn({ metric: LATENCY, agg: "max", windowSec, groupBy }),
            ruleOn({ metric: OPEN, agg: "mean", windowSec, groupBy: ["node"] }),
            ruleOn({ metric: OPEN, agg: "min", windowSec }),
          ];
          for (const [i, { reports, event, values, open, restarts }] of steps.entries()) {
            rig.second(() => {
              for (const [n, probe] of probes.entries()) {
                if (restarts === n) probe.restart(i + 2);
                if (reports[n] === true)
                  probe
                    .record(LATENCY, values, { event: `e${event}` })
                    .set(OPEN, open)
                    .snapshot();
              }
            });
            for (const rule of rules) {
              const anew = [...seeAnew(rig, rule)].map(([key, value]) => [key, expect.closeTo(value, 9)]);
              expect([rule.agg, [...rig.see(rule)]]).toEqual([rule.agg, anew]);
            }
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it("are read in by parts when there is very much in them, and are not guessed meanwhile", () => {
    const rig = new ObserveRig();
    const probe = rig.probe();
    const events = Array.from({ length: 60 }, (_, i) => `e${i}`);
    const second = () =>
      rig.second(() => {
        for (const event of events) probe.record(LATENCY, [0.01], { event });
        probe.snapshot();
      });
    for (let i = 0; i < 400; i++) second();
    const rule = ruleOn({ metric: LATENCY, agg: "p50", windowSec: 300, groupBy: ["event"] });
    const told = [rig.see(rule).size];
    while ((told.at(-1) ?? 0) < events.length && told.length < 30) {
      second();
      told.push(rig.see(rule).size);
    }
    expect(told[0]).toBeLessThan(events.length);
    expect(told.at(-1)).toBe(events.length);
    const seen = rig.observer.observe(rule, rig.current.at ?? 0, NOTHING_FIRES);
    expect(new Set(seen.map(({ samples }) => samples))).toEqual(new Set([300]));
  });

  it("forget what a process recorded that had to make room for others", () => {
    const rig = new ObserveRig();
    const [first] = [rig.probe({ instance: "first" })];
    rig.second(() => first?.record(LATENCY, [4], { event: "chat" }).snapshot());
    const stays = rig.probe({ instance: "stays" });
    const rule = ruleOn({ metric: LATENCY, agg: "max", windowSec: 900 });
    rig.second(() => stays.record(LATENCY, [1], { event: "chat" }).snapshot());
    expect([...rig.see(rule).values()]).toEqual([4]);
    first?.send(JSON.stringify({ type: "bye", epoch: 1 }));
    for (let i = 0; i < 260; i++) rig.probe({ instance: `n${i}`, service: `s${i % 3}` });
    rig.second(() => stays.record(LATENCY, [1], { event: "other" }).snapshot());
    expect([...rig.see(rule).values()]).toEqual([1]);
  });
});
