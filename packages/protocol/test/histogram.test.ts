import { ByteReader, ByteWriter, bucketBound, bucketIndex, Histogram, MAX_INDEX, MIN_INDEX } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bucketsOf, exactQuantile, histogramOf, measuredList } from "./arbitraries.ts";

const QUANTILES = [0.001, 0.01, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1];
/** What the module promises, (γ−1)/(γ+1) for γ = 2^(1/32), and what is told to people: 1.1 %. */
const BOUND = 0.01084;

/** Deterministic uniform numbers (mulberry32). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
}

const SHAPES: Record<string, (next: () => number) => number> = {
  uniform: (next) => 0.0001 + next() * 3,
  "log-normal": (next) => 0.004 * Math.exp(1.4 * normal(next)),
  bimodal: (next) => (next() < 0.7 ? 0.002 + 0.0004 * next() : 0.9 + 0.3 * next()),
  constant: () => 0.0731,
  "whole bytes": (next) => Math.ceil(next() ** 4 * 1e6),
};

describe("percentiles", () => {
  it.each(Object.keys(SHAPES))("of %s data are within 1.1 % of the exact nearest rank", (shape) => {
    for (let seed = 1; seed <= 40; seed++) {
      const next = uniform(seed);
      const values = Array.from({ length: 1 + Math.floor(next() * 3000) }, () => SHAPES[shape]?.(next) as number);
      const histogram = histogramOf(values);
      for (const q of QUANTILES) {
        const exact = exactQuantile(values, q);
        expect(Math.abs((histogram.quantile(q) as number) - exact) / exact).toBeLessThanOrEqual(BOUND);
      }
    }
  });

  it("of any values above a microsecond are within 1.1 %, and within minimum and maximum", () => {
    const values = fc.array(fc.double({ min: 1e-6, max: 4e9, noNaN: true }), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 1, noNaN: true }), (list, q) => {
        const exact = exactQuantile(list, q);
        const answer = histogramOf(list).quantile(q) as number;
        expect(Math.abs(answer - exact) / exact).toBeLessThanOrEqual(BOUND);
        expect(answer).toBeGreaterThanOrEqual(Math.min(...list));
        expect(answer).toBeLessThanOrEqual(Math.max(...list));
      }),
    );
  });

  it("of nothing are unknown, of zeros are zero", () => {
    expect(new Histogram().quantile(0.5)).toBeNull();
    expect(new Histogram().mean()).toBeNull();
    expect(histogramOf([0, 0, 0, 5]).quantile(0.5)).toBe(0);
  });
});

describe("buckets", () => {
  it("hold (lower, upper] for every value in range", () => {
    fc.assert(
      fc.property(fc.double({ min: 2 ** -20, max: 2 ** 32, noNaN: true }), (value) => {
        const index = bucketIndex(value);
        if (value > 2 ** -20) expect(value).toBeGreaterThan(bucketBound(index) * (1 - 1e-15));
        expect(value).toBeLessThanOrEqual(bucketBound(index + 1) * (1 + 1e-15));
      }),
      { numRuns: 2000 },
    );
  });

  it("end exactly at powers of two", () => {
    for (let e = -19; e <= 32; e++) expect(bucketBound(bucketIndex(2 ** e) + 1)).toBe(2 ** e);
  });

  it("clamp what is beyond their range, and ignore what is no number", () => {
    expect(bucketIndex(1e-300)).toBe(MIN_INDEX);
    expect(bucketIndex(Number.MAX_VALUE)).toBe(MAX_INDEX);
    const histogram = histogramOf([Number.NaN, Infinity, -Infinity]);
    expect(histogram.count).toBe(0);
  });
});

describe("merging", () => {
  it("k parts gives the same counts, totals and quantiles as the whole", () => {
    fc.assert(
      fc.property(fc.array(measuredList, { minLength: 1, maxLength: 8 }), (parts) => {
        const merged = new Histogram();
        for (const part of parts) merged.merge(histogramOf(part));
        const whole = histogramOf(parts.flat());
        expect(bucketsOf(merged)).toEqual(bucketsOf(whole));
        expect([merged.count, merged.zeroCount, merged.min, merged.max]).toEqual([
          whole.count,
          whole.zeroCount,
          whole.min,
          whole.max,
        ]);
        expect(merged.sum).toBeCloseTo(whole.sum, -Math.log10(Math.max(1, whole.sum)) + 6);
        for (const q of QUANTILES) expect(merged.quantile(q)).toBe(whole.quantile(q));
      }),
    );
  });

  it("a weight is the same as recording so often", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), fc.integer({ min: 1, max: 20 }), (value, weight) => {
        const weighted = new Histogram();
        weighted.record(value, weight);
        expect(bucketsOf(weighted)).toEqual(bucketsOf(histogramOf(Array.from({ length: weight }, () => value))));
        expect(weighted.count).toBe(weight);
      }),
    );
  });

  it("a clone is independent, reset forgets everything", () => {
    const histogram = histogramOf([1, 2, 3]);
    const copy = histogram.clone();
    histogram.record(4);
    expect(copy.count).toBe(3);
    histogram.reset();
    expect(histogram).toMatchObject({ count: 0, sum: 0, min: Infinity, max: -Infinity, zeroCount: 0 });
    expect(bucketsOf(histogram)).toEqual([]);
  });
});

describe("growth since an earlier state", () => {
  it("holds exactly what was recorded in between", () => {
    fc.assert(
      fc.property(measuredList, measuredList, (before, after) => {
        const histogram = histogramOf(before);
        const earlier = histogram.clone();
        for (const value of after) histogram.record(value);
        const growth = histogram.since(earlier);
        const expected = histogramOf(after);
        expect(bucketsOf(growth)).toEqual(bucketsOf(expected));
        expect([growth.count, growth.zeroCount]).toEqual([expected.count, expected.zeroCount]);
        if (after.length === 0) return;
        expect(growth.min).toBeLessThanOrEqual(Math.min(...after));
        expect(growth.max).toBeGreaterThanOrEqual(Math.max(...after) * (1 - 1e-12));
        expect(growth.min).toBeLessThanOrEqual(growth.max);
      }),
    );
  });
});

describe("the sparse form", () => {
  it("round trips bit for bit", () => {
    fc.assert(
      fc.property(measuredList, (values) => {
        const histogram = histogramOf(values);
        const copy = Histogram.decode(histogram.encode());
        expect(bucketsOf(copy)).toEqual(bucketsOf(histogram));
        expect(copy).toMatchObject({
          count: histogram.count,
          sum: histogram.sum,
          min: histogram.min,
          max: histogram.max,
          zeroCount: histogram.zeroCount,
        });
      }),
    );
  });

  it("is small: an idle one a byte, a thousand latencies below a kilobyte", () => {
    expect(new Histogram().encode()).toHaveLength(1);
    const next = uniform(7);
    const values = Array.from({ length: 1000 }, () => SHAPES["log-normal"]?.(next) as number);
    expect(histogramOf(values).encode().length).toBeLessThan(1000);
  });

  it("follows others in one message", () => {
    const writer = new ByteWriter(4);
    const parts = [[1, 2, 3], [], [0, 1e-9, 5e12]].map(histogramOf);
    for (const part of parts) part.write(writer);
    const reader = new ByteReader(writer.finish());
    for (const part of parts) expect(bucketsOf(Histogram.read(reader))).toEqual(bucketsOf(part));
    expect(reader.remaining).toBe(0);
  });
});
