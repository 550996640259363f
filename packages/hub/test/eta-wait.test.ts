import { type QueueOutlook, simulateWait } from "@wsight/hub";
import { describe, expect, it } from "vitest";
import { meanOf, seeded } from "./eta-rig.ts";

const TEN_SECONDS = { p10: 8000, p50: 10_000, p90: 12_500 };

describe("the wait in a queue", () => {
  it("is nothing while a worker is free", () => {
    expect(simulateWait(outlook({ workers: 3, running: [TEN_SECONDS] }))).toEqual({ p10: 0, p50: 0, p90: 0 });
  });

  it("is until the first worker is free, and of many workers one is free soon", () => {
    const one = simulateWait(outlook({ workers: 1, running: [TEN_SECONDS] }));
    expect(one.p50 / 10_000).toBeCloseTo(1, 0);
    expect(one.p10).toBeLessThan(one.p50);
    const many = simulateWait(outlook({ workers: 20, running: Array.from({ length: 20 }, () => TEN_SECONDS) }));
    expect(many.p50).toBeLessThan(0.85 * one.p50);
  });

  it("is shared among the workers", () => {
    const ahead = Array.from({ length: 40 }, () => TEN_SECONDS);
    const waits = [1, 2, 4, 8].map((workers) => {
      const running = Array.from({ length: workers }, () => TEN_SECONDS);
      return simulateWait(outlook({ workers, running, ahead })).p50;
    });
    waits.forEach((wait, place) => {
      expect(wait / (((40 + 2 ** place) * 10_000) / 2 ** place)).toBeGreaterThan(0.85);
      expect(wait / (((40 + 2 ** place) * 10_000) / 2 ** place)).toBeLessThan(1.2);
    });
  });

  it("counts those that are not listed as like those that are", () => {
    const ahead = Array.from({ length: 100 }, () => TEN_SECONDS);
    const { p10, p50, p90 } = simulateWait(outlook({ workers: 10, ahead, more: 9900 }));
    expect(p50 / 10_000_000).toBeGreaterThan(0.9);
    expect(p50 / 10_000_000).toBeLessThan(1.15);
    expect(p10).toBeLessThan(0.95 * p50);
    expect(p90).toBeGreaterThan(1.05 * p50);
  });

  it("is no shorter than until it may begin", () => {
    expect(simulateWait(outlook({ workers: 1, notBeforeMs: 3000 }))).toEqual({ p10: 3000, p50: 3000, p90: 3000 });
    const held = simulateWait(outlook({ workers: 1, running: [TEN_SECONDS], notBeforeMs: 11_000 }));
    expect(held.p10).toBe(11_000);
    expect(held.p90).toBeGreaterThan(11_000);
  });

  it("has an interval that holds about eight of ten waits when estimates lean by fifteen per cent together", () => {
    const { unit, normal } = seeded(41);
    const inside: number[] = [];
    for (let round = 0; round < 300; round++) {
      const lean = Math.exp(0.15 * normal());
      const ahead = Array.from({ length: 2 + Math.floor(30 * unit()) }, () => {
        const median = 5000 * Math.exp(0.5 * normal());
        return {
          said: { p10: median / 1.7, p50: median, p90: median * 1.7 },
          runMs: lean * median * Math.exp(0.41 * normal()),
        };
      });
      const free = [0, 0];
      for (const { runMs } of ahead) {
        free.sort((a, b) => a - b);
        free[0] = (free[0] ?? 0) + runMs;
      }
      const wait = Math.min(...free);
      const { p10, p90 } = simulateWait(outlook({ workers: 2, ahead: ahead.map(({ said }) => said) }));
      inside.push(wait >= p10 && wait <= p90 ? 1 : 0);
    }
    expect(meanOf(inside)).toBeGreaterThan(0.7);
    expect(meanOf(inside)).toBeLessThan(0.92);
  });

  it("is the same each time, finite, and in order, also for what cannot be", () => {
    const odd = [
      outlook({ workers: 0, ahead: [TEN_SECONDS] }),
      outlook({ workers: 2.7, running: Array.from({ length: 5 }, () => TEN_SECONDS) }),
      outlook({ ahead: [{ p10: 0, p50: 0, p90: 0 }], more: 3 }),
      outlook({ more: 50 }),
    ];
    for (const each of odd) {
      const wait = simulateWait(each);
      expect(simulateWait(each)).toEqual(wait);
      expect(wait.p10 >= 0 && wait.p10 <= wait.p50 && wait.p50 <= wait.p90 && Number.isFinite(wait.p90)).toBe(true);
    }
  });
});

function outlook(known: Partial<QueueOutlook>): QueueOutlook {
  return { workers: 1, running: [], ahead: [], more: 0, notBeforeMs: 0, ...known };
}
