import { AdaptiveRatio } from "@wsight/hub";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

const START = 1_790_000_000_000;

describe("a ratio over the window that suits it", () => {
  it("sees an outage of a busy server within seconds", () => {
    const ratio = new AdaptiveRatio();
    for (let s = 0; s < 600; s++) ratio.add(START + s * 1000, 0, 200);
    expect(ratio.exceeds(0.01)).toBeNull();
    ratio.add(START + 600_000, 60, 200);
    ratio.add(START + 601_000, 60, 200);
    expect(ratio.exceeds(0.01)).toMatchObject({ windowSec: 30, bad: 120 });
  });

  it("takes three failures at night for nothing", () => {
    const ratio = new AdaptiveRatio();
    for (let s = 0; s < 600; s++) ratio.add(START + s * 1000, s >= 597 ? 1 : 0, s % 60 === 0 || s >= 597 ? 1 : 0);
    expect(ratio.over(30)).toMatchObject({ bad: 3, total: 3, ratio: 1 });
    expect(ratio.exceeds(0.01)).toBeNull();
  });

  it("needs a long window for a small excess", () => {
    const ratio = new AdaptiveRatio();
    for (let s = 0; s < 1800; s++) ratio.add(START + s * 1000, s % 8 === 0 ? 1 : 0, 5);
    expect(ratio.exceeds(0.01)?.windowSec).toBeGreaterThanOrEqual(300);
    expect(ratio.over(1800).ratio).toBe(0.025);
  });

  it("forgets what is behind the window, also when nothing came since", () => {
    const ratio = new AdaptiveRatio();
    ratio.add(START, 50, 100);
    expect(ratio.exceeds(0.01)).not.toBeNull();
    ratio.add(START + 1_799_000, 0, 0);
    expect(ratio.over(1800)).toMatchObject({ bad: 50, total: 100 });
    expect(ratio.over(300)).toMatchObject({ bad: 0, total: 0, ratio: null });
    ratio.add(START + 1_800_000, 0, 0);
    expect(ratio.over(1800)).toMatchObject({ bad: 0, total: 0 });
    expect(ratio.exceeds(0.01)).toBeNull();
  });

  it("begins anew when the clock was put back or far ahead", () => {
    const ratio = new AdaptiveRatio();
    ratio.add(START, 50, 100);
    ratio.add(START - 60_000, 1, 10);
    expect(ratio.over(1800)).toMatchObject({ bad: 1, total: 10 });
    ratio.add(START + 86_400_000, 2, 20);
    expect(ratio.over(1800)).toMatchObject({ bad: 2, total: 20 });
  });

  it("counts what any window holds, whatever seconds were left out", () => {
    const second = fc.record({ gap: fc.integer({ min: 1, max: 40 }), bad: fc.nat(20), good: fc.nat(50) });
    fc.assert(
      fc.property(fc.array(second, { minLength: 1, maxLength: 120 }), (seconds) => {
        const ratio = new AdaptiveRatio();
        const all: { at: number; bad: number; total: number }[] = [];
        let at = START;
        for (const { gap, bad, good } of seconds) {
          at += gap * 1000;
          all.push({ at, bad, total: bad + good });
          ratio.add(at, bad, bad + good);
          for (const windowSec of [30, 60, 300, 1800]) {
            const within = all.filter((one) => one.at > at - windowSec * 1000);
            const total = within.reduce((sum, one) => sum + one.total, 0);
            expect(ratio.over(windowSec)).toMatchObject({
              bad: within.reduce((sum, one) => sum + one.bad, 0),
              total,
            });
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
