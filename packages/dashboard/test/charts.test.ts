import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HEAT_COLUMNS, HEAT_OCTAVES, HeatReader, octaveLabel } from "../src/charts/heat-grid.ts";
import { inDrawingOrder, timeSplits } from "../src/charts/line-plot.ts";
import { createStack } from "../src/charts/stack.ts";
import { findGaps, WindowReader } from "../src/charts/window-data.ts";
import { gridLines, YRange } from "../src/charts/y-range.ts";
import type { SeriesRing } from "../src/state/index.ts";

/** A ring that knows `values`, one a second from `fromAt` (ms) on. */
function ringOf(fromAt: number, values: readonly number[]): SeriesRing {
  return {
    key: "test",
    latest: () => values.at(-1) ?? null,
    read(from, to) {
      const length = Math.round((to - from) / 1000) + 1;
      const at = Float64Array.from({ length }, (_, i) => from / 1000 + i);
      const value = Float64Array.from(at, (second) => values[second - fromAt / 1000] ?? Number.NaN);
      return { at, value, length };
    },
  };
}

describe("a window of series", () => {
  it("breaks lines where a value is missing and never fills in zero", () => {
    const { rows, first, last, max } = new WindowReader(1).read([ringOf(10_000, [1, Number.NaN, 3])], 14_000, 6000);
    expect(rows[0]).toEqual([null, null, 1, null, 3, null, null]);
    expect([first, last, max]).toEqual([2, 4, 3]);
  });

  it("calls a gap what no series covers, and not the time before the first sample", () => {
    const reader = new WindowReader(2);
    const nothing = Number.NaN;
    const data = reader.read(
      [ringOf(10_000, [1, nothing, nothing, 4, 5]), ringOf(10_000, [nothing, 2, nothing, nothing, 5])],
      14_000,
      8000,
    );
    expect(findGaps(data, 8)).toEqual([[5, 7]]);
  });
});

describe("lines on top of each other", () => {
  const stacked = ["c1", "other"].map((color) => ({ color: color as "c1" | "other", fill: "stacked" as const }));

  it("are drawn from the top down, so that one that adds nothing does not cover the one below", () => {
    expect(inDrawingOrder(stacked, ["2xx", "other"])).toEqual(["other", "2xx"]);
  });

  it("of which the topmost never had a value are those below", () => {
    const data = new WindowReader(3).read(
      [ringOf(10_000, [1, 2]), ringOf(10_000, [Number.NaN, 3]), ringOf(10_000, [])],
      11_000,
      1000,
    );
    expect(createStack()(data).rows).toEqual([
      [1, 2],
      [1, 5],
      [null, null],
    ]);
  });

  it("side by side are drawn in the order they were given", () => {
    expect(inDrawingOrder([{ color: "c1" }, { color: "c2" }], ["in", "out"])).toEqual(["in", "out"]);
  });
});

describe("the y-axis", () => {
  it("holds every value and grows at once", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1 }), (values) => {
        const range = new YRange();
        values.forEach((value, i) => {
          expect(range.next(value, i * 1000)).toBeGreaterThanOrEqual(value);
        });
      }),
    );
  });

  it("shrinks only after ten seconds below 60 % of its top", () => {
    const range = new YRange();
    const top = range.next(100, 0);
    expect(range.next(10, 1000)).toBe(top);
    expect(range.next(10, 10_000)).toBe(top);
    expect(range.next(10, 11_000)).toBeLessThan(top);
  });

  it("keeps its top when a value near it comes back in time", () => {
    const range = new YRange();
    const top = range.next(100, 0);
    range.next(10, 1000);
    range.next(95, 9000);
    expect(range.next(10, 12_000)).toBe(top);
  });

  it("does not take its scale from zeros: the first durations after an idle start are not flattened", () => {
    const range = new YRange();
    range.next(0, 0);
    expect(range.next(0.06, 1000)).toBeLessThan(0.2);
  });

  it("has three to seven grid lines from zero on, whatever the scale", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (top) => {
        const lines = gridLines(top);
        expect(lines[0]).toBe(0);
        expect(lines.length).toBeGreaterThanOrEqual(3);
        expect(lines.length).toBeLessThanOrEqual(7);
        expect(lines.at(-1)).toBeLessThanOrEqual(top * (1 + 1e-6));
      }),
    );
  });
});

describe("the x-axis", () => {
  it("labels round times far enough apart and none at the very edge", () => {
    const splits = timeSplits(1_700_000_017, 1_700_000_317, 500);
    expect(splits.every((at) => at % 60 === 0)).toBe(true);
    expect(splits.length).toBeGreaterThan(2);
    expect(timeSplits(0, 300, 500)).not.toContain(300);
  });
});

describe("a heatmap", () => {
  const endAt = 1_700_000_100_000;
  const fromAt = endAt - 300_000;
  const rings = (octave: number, values: readonly number[]) =>
    HEAT_OCTAVES.map((each) => ringOf(fromAt, each === octave ? values : values.map(() => 0)));

  it("counts what fell into a column's seconds", () => {
    const grid = new HeatReader().read(rings(-6, new Array<number>(300).fill(4)), endAt, 300_000);
    const row = grid.octaves.indexOf(-6);
    expect(grid.columnMs).toBe(5000);
    expect(Array.from(grid.cells[row] ?? [])).toEqual(new Array(HEAT_COLUMNS).fill(20));
    expect(grid.max).toBe(20);
  });

  it("scales a column up that is only half known, and leaves unknown ones unknown", () => {
    const grid = new HeatReader().read(rings(-6, [4, 4]), endAt, 300_000);
    const row = grid.cells[grid.octaves.indexOf(-6)];
    expect(row?.[0]).toBe(20);
    expect(row?.[1]).toBeNaN();
  });

  it("shows at least ten rows and every row with anything in it", () => {
    fc.assert(
      fc.property(fc.constantFrom(...HEAT_OCTAVES), (octave) => {
        const { octaves } = new HeatReader().read(rings(octave, [1]), endAt, 300_000);
        expect(octaves.length).toBeGreaterThanOrEqual(10);
        expect(octaves).toContain(octave);
      }),
    );
  });

  it("names octaves by round figures", () => {
    expect([-17, -10, -6, 0, 2].map(octaveLabel)).toEqual(["8 µs", "1 ms", "16 ms", "1 s", "4 s"]);
  });
});
