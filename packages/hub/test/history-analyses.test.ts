import { ANALYSES } from "@wsight/hub";
import { type HistorySelector, type HistoryTrend, MIN_USUAL_SAMPLES } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemoryReader } from "./memory-reader.ts";

const S = 1_000;
const MIN = 60 * S;
const HOUR = 60 * MIN;
const DAY = 24 * HOUR;
/** A midnight. */
const T0 = 1_792_022_400_000;
const ACTIVE = "websocket.server.active_connections";
const MESSAGES = "websocket.server.messages";
const LATENCY = "websocket.server.message.latency";
const never = new AbortController().signal;

/** A gauge as five-minute readings. */
function minutes(
  reader: MemoryReader,
  fromAt: number,
  toAt: number,
  value: (at: number) => number,
  node = "chat/1",
): void {
  for (let at = fromAt; at < toAt; at += 5 * MIN) {
    const reading = value(at);
    const cell = { at, min: reading, max: reading, sum: reading * 300, count: 300, last: reading };
    reader.put(node, ACTIVE, {}, 300_000, cell);
    reader.put(node, "process.uptime", {}, 300_000, { ...cell, sum: 300, count: 300 });
  }
}

describe("series", () => {
  it("come in order, page by page, each once", async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 25; i++) reader.counter(`chat/${i % 3}`, MESSAGES, { event: `e${i}` }, T0, 1);
    reader.gauge("chat/1", ACTIVE, {}, T0, 1);
    const seen: string[] = [];
    let after: string | null = null;
    for (let page = 0; page < 10; page++) {
      const answer: Awaited<ReturnType<typeof ANALYSES.series>> = await ANALYSES.series(
        reader,
        { metrics: [MESSAGES], limit: 7, ...(after === null ? {} : { after }) },
        never,
      );
      expect(answer.matched).toBe(25);
      seen.push(...answer.series.map(({ node, labels }) => `${node} ${labels.event}`));
      after = answer.next;
      if (after === null) break;
    }
    expect(new Set(seen).size).toBe(25);
    expect(seen).toHaveLength(25);
    expect(seen).toEqual([...seen].sort());
    expect(await ANALYSES.series(reader, { where: { event: "e3" } }, never)).toMatchObject({
      series: [{ metric: MESSAGES, node: "chat/0", labels: { event: "e3" } }],
      next: null,
    });
  });

  it("a cursor that nobody gave is refused", async () => {
    await expect(ANALYSES.series(new MemoryReader(), { after: "abc" }, never)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      message: expect.stringContaining("after: expected"),
    });
  });
});

describe("comparison", () => {
  const selectors: readonly HistorySelector[] = [{ metric: ACTIVE, agg: "mean" }];
  const noise = (at: number): number => 13 * Math.abs((Math.sin(at / (5 * MIN)) * 43_758.5453) % 1);

  it("says how much A differs from B, and that it is as usual", async () => {
    const reader = new MemoryReader();
    minutes(reader, T0 - 4 * DAY, T0 + DAY, (at) => 1000 + noise(at) * 10);
    const query = { selectors, fromAt: T0 + 14 * HOUR, toAt: T0 + 15 * HOUR, againstAt: T0 - 10 * HOUR };
    const { results, resolutionMs } = await ANALYSES.compare(reader, query, never);
    expect(resolutionMs).toBe(300_000);
    const line = results[0]?.lines[0];
    expect(line).toMatchObject({ coverageA: 1, coverageB: 1, usual: { state: "inside", samples: 48 } });
    expect(line?.delta).toBeCloseTo((line?.a ?? 0) - (line?.b ?? 0), 9);
    expect(line?.percent).toBeCloseTo((100 * (line?.delta ?? 0)) / (line?.b ?? 1), 9);
  });

  it("tells a difference that is unlike those before", async () => {
    const reader = new MemoryReader();
    minutes(reader, T0 - 4 * DAY, T0 + DAY, (at) => (at >= T0 + 14 * HOUR ? 1500 : 1000) + noise(at) * 10);
    const query = { selectors, fromAt: T0 + 14 * HOUR, toAt: T0 + 15 * HOUR, againstAt: T0 - 10 * HOUR };
    const line = (await ANALYSES.compare(reader, query, never)).results[0]?.lines[0];
    expect(line?.usual.state).toBe("outside");
    expect(line?.usual.z).toBeGreaterThan(3.5);
    expect(line?.percent).toBeGreaterThan(40);
  });

  it("does not know what is usual after a day, and nothing at all of what is not there", async () => {
    const reader = new MemoryReader();
    minutes(reader, T0 - DAY, T0 + 5 * HOUR, () => 7);
    const at = { fromAt: T0 + 4 * HOUR, toAt: T0 + 5 * HOUR };
    const near = await ANALYSES.compare(reader, { selectors, ...at, againstAt: T0 - 20 * HOUR }, never);
    expect(near.results[0]?.lines[0]?.usual).toMatchObject({
      state: "not-enough-history",
      samples: MIN_USUAL_SAMPLES - 4,
    });
    const far = await ANALYSES.compare(reader, { selectors, ...at, againstAt: T0 - 3 * DAY }, never);
    expect(far.results[0]?.lines[0]).toMatchObject({
      a: 7,
      b: null,
      delta: null,
      percent: null,
      usual: { state: "no-data" },
    });
  });

  it("has lines of which one period knows nothing", async () => {
    const reader = new MemoryReader();
    minutes(reader, T0, T0 + HOUR, () => 5, "chat/old");
    minutes(reader, T0 + DAY, T0 + DAY + HOUR, () => 9, "chat/new");
    const query = {
      selectors: [{ metric: ACTIVE, agg: "mean", by: ["node"] } as const],
      fromAt: T0 + DAY,
      toAt: T0 + DAY + HOUR,
      againstAt: T0,
    };
    const { results } = await ANALYSES.compare(reader, query, never);
    expect(results[0]?.lines.map(({ labels, a, b }) => [labels.node, a, b])).toEqual([
      ["chat/new", 9, null],
      ["chat/old", null, 5],
    ]);
  });

  describe("of an hour with the hour before", () => {
    /** Hours from T0 on, each at its level; the last is compared with the one before. */
    async function usual(levels: readonly number[], known: (at: number) => boolean = () => true) {
      const reader = new MemoryReader();
      levels.forEach((level, hour) => {
        for (let at = T0 + hour * HOUR; at < T0 + (hour + 1) * HOUR; at += 5 * MIN) {
          if (known(at)) minutes(reader, at, at + 5 * MIN, () => level);
        }
      });
      const fromAt = T0 + (levels.length - 1) * HOUR;
      const query = { selectors, fromAt, toAt: fromAt + HOUR, againstAt: fromAt - HOUR };
      return (await ANALYSES.compare(reader, query, never)).results[0]?.lines[0]?.usual;
    }
    const levels = [100, 103, 101, 108, 104, 104, 110, 107, 109, 103, 105, 110];

    it("is judged by the median and the median absolute deviation of the differences before", async () => {
      // Steps 3 -2 7 -4 0 6 -3 2 -6 2 5: median 2, deviations 0 0 1 2 3 4 4 5 5 6 8.
      const answer = await usual([...levels, 120]);
      expect(answer).toMatchObject({ state: "inside", samples: 11, median: 2 });
      expect(answer?.spread).toBeCloseTo(1.4826 * 4, 9);
      expect(answer?.z).toBeCloseTo((10 - 2) / (1.4826 * 4), 9);
      expect(await usual([...levels, 110 + 2 + 21])).toMatchObject({ state: "outside" });
      expect(await usual([...levels, 110 + 2 - 20])).toMatchObject({ state: "inside" });
    });

    it("leaves out hours with less than half their data", async () => {
      const wild = levels.map((level, hour) => (hour === 5 ? 9_000 : level));
      const fifth = T0 + 5 * HOUR;
      const answer = await usual([...wild, 120], (at) => at < fifth + 25 * MIN || at >= fifth + HOUR);
      // Neither the step to that hour nor the one from it: 3 -2 7 -4 -3 2 -6 2 5 are left.
      expect(answer).toMatchObject({ samples: 9, median: 2 });
    });

    it("is judged by the mean absolute deviation where most differences are alike", async () => {
      const calm = Array.from({ length: 20 }, (_, hour) => (hour === 10 ? 110 : 100));
      const inside = await usual([...calm, 104]);
      expect(inside?.spread).toBeCloseTo((1.2533 * 20) / 19, 9);
      expect(inside?.state).toBe("inside");
      expect((await usual([...calm, 105]))?.state).toBe("outside");
    });
  });

  it("what never varied is outside when it does", async () => {
    const reader = new MemoryReader();
    minutes(reader, T0 - 3 * DAY, T0 + DAY, (at) => (at >= T0 + 14 * HOUR ? 101 : 100));
    const query = { selectors, fromAt: T0 + 14 * HOUR, toAt: T0 + 15 * HOUR, againstAt: T0 - 10 * HOUR };
    expect((await ANALYSES.compare(reader, query, never)).results[0]?.lines[0]?.usual).toMatchObject({
      state: "outside",
      z: null,
    });
  });
});

describe("heatmap", () => {
  it("counts every value in its row, whatever the tier, and tells gaps from nothing", async () => {
    const reader = new MemoryReader();
    for (let i = 0; i < 120; i++) {
      if (i >= 60 && i < 90) continue;
      reader.gauge("chat/1", "process.uptime", {}, T0 + i * S, i);
      if (i < 30) reader.values("chat/1", LATENCY, { source: "ack" }, T0 + i * S, [0.3, 0.3, 0.6, 3]);
    }
    reader.values("chat/2", LATENCY, { source: "ack" }, T0 + 5 * S, [0, 3]);
    const map = await ANALYSES.heatmap(
      reader,
      { metric: LATENCY, fromAt: T0, toAt: T0 + 2 * MIN, stepMs: 30_000 },
      never,
    );
    expect(map).toMatchObject({
      bounds: [0.25, 0.5, 1, 2, 4],
      zeroCount: 1,
      count: 122,
      resolutionMs: 10_000,
      unit: "s",
    });
    expect(map.columns).toEqual([[60, 30, 0, 31], [0, 0, 0, 0], null, [0, 0, 0, 0]]);
    const fine = await ANALYSES.heatmap(
      reader,
      { metric: LATENCY, fromAt: T0, toAt: T0 + 2 * MIN, stepMs: 30_000, perOctave: 32 },
      never,
    );
    expect(fine.columns[0]?.reduce((sum, one) => sum + one, 0)).toBe(121);
    expect(fine.bounds[0]).toBeLessThan(0.3);
    expect(fine.bounds[1]).toBeGreaterThan(0.3);
  });
});

describe("trend", () => {
  async function trend(values: readonly number[], limit?: number): Promise<HistoryTrend | null | undefined> {
    const reader = new MemoryReader();
    for (const [i, value] of values.entries()) reader.gauge("chat/1", ACTIVE, {}, T0 + i * S, value);
    const range = { fromAt: T0, toAt: T0 + values.length * S, stepMs: 1_000 };
    const query = {
      ...range,
      selector: { metric: ACTIVE, agg: "mean" } as const,
      ...(limit === undefined ? {} : { limit }),
    };
    return (await ANALYSES.trend(reader, query, never)).lines[0]?.trend;
  }

  it("follows a line through outliers and says when it reaches a limit", async () => {
    const values = Array.from({ length: 100 }, (_, i) => 10 + 2 * i + (i % 17 === 3 ? 500 : 0));
    const found = await trend(values, 410);
    expect(found?.slope).toBeCloseTo(2, 6);
    expect(found?.p).toBeLessThan(1e-6);
    expect(found?.startValue).toBeCloseTo(9, 3);
    expect(found?.endValue).toBeCloseTo(209, 3);
    expect(((found?.reachesAt ?? 0) - T0) / S).toBeCloseTo(200.5, 1);
  });

  // Slopes and interval as R's trend::sens.slope and Kendall::MannKendall give them for such numbers by hand.
  it("agrees with figures worked out by hand", async () => {
    const found = await trend([1, 2, 3, 4, 5, 6, 7, 8]);
    // S = 28, Var(S) = 8·7·21/18 = 65.33, z = 27/8.083 = 3.340, p = 0.00084.
    expect(found).toMatchObject({ slope: 1, slopeLow: 1, slopeHigh: 1, points: 8 });
    expect(found?.p).toBeCloseTo(0.000837, 5);
    // 28 slopes, margin 1.96 √65.33 = 15.84: those of rank (28 ∓ 15.84) / 2.
    const uneven = await trend([1, 3, 2, 5, 4, 6, 8, 7]);
    expect(uneven).toMatchObject({ slope: 1, slopeLow: 0.5, slopeHigh: 1.5 });
  });

  it("claims no trend of noise, and knows none of too few points", async () => {
    let seed = 7;
    const noise = Array.from({ length: 400 }, () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    });
    const found = await trend(noise);
    expect(found?.p).toBeGreaterThan(0.05);
    expect(found?.slopeLow).toBeLessThan(0);
    expect(found?.slopeHigh).toBeGreaterThan(0);
    expect(await trend([1, 2, 3, 4, 5, 6, 7])).toBeNull();
  });

  // Without the correction about three quarters of such walks have a p below 5 %.
  it("seldom takes a wandering figure for a trend", async () => {
    let seed = 11;
    let taken = 0;
    for (let run = 0; run < 40; run++) {
      let value = 0;
      const walk = Array.from({ length: 300 }, () => {
        seed = (seed * 48271) % 2147483647;
        value = 0.95 * value + seed / 2147483647 - 0.5;
        return value;
      });
      if (((await trend(walk))?.p ?? 0) < 0.05) taken++;
    }
    expect(taken).toBeLessThanOrEqual(10);
  });

  it("the interval holds the slope of any line with noise around it, nearly always", async () => {
    let held = 0;
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -5, max: 5, noNaN: true }),
        fc.array(fc.double({ min: -1, max: 1, noNaN: true, noDefaultInfinity: true }), {
          minLength: 40,
          maxLength: 60,
        }),
        async (slope, noise) => {
          const found = await trend(noise.map((one, i) => 1000 + slope * i + one));
          runs++;
          if (
            found !== null &&
            found !== undefined &&
            found.slopeLow <= slope + 0.05 &&
            found.slopeHigh >= slope - 0.05
          )
            held++;
          expect(found?.slopeLow ?? 0).toBeLessThanOrEqual(found?.slope ?? 0);
          expect(found?.slopeHigh ?? 0).toBeGreaterThanOrEqual(found?.slope ?? 0);
        },
      ),
      { numRuns: 60 },
    );
    expect(held / runs).toBeGreaterThan(0.9);
  });
});
