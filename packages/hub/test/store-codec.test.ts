import { Histogram, METRIC_KINDS, type MetricKind } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBlock, encodeBlock, encodeQuickBlock } from "../src/store/blocks/codec/block.ts";
import { type BlockColumns, DamagedBlockError } from "../src/store/blocks/codec/block-columns.ts";

const ALL = ["min", "max", "sum", "count", "last", "histogram"] as const;
const NUMBERS = ["at", "min", "max", "sum", "count", "last"] as const;
const STEPS = [1_000, 10_000, 60_000, 300_000, 3_600_000] as const;
const RUNS = { numRuns: 200 };

type Numbers = Pick<BlockColumns, "min" | "max" | "sum" | "count" | "last">;

/** Any double, any bits: every kind of NaN, infinities, both zeros, denormals. */
const anyBits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(doubleOf);
const special = fc.constantFrom(0, -0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, 2 ** 53, -(2 ** 53));
const decimal = fc
  .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: 0, max: 9 }))
  .map(([whole, digits]) => whole / 10 ** digits);
const whole = fc.maxSafeInteger();
const nearly = decimal.map((value) => value + value * 3e-16);
const octave = fc.integer({ min: -640, max: 1_000 }).map((step) => 2 ** (step / 32));
const value = fc.oneof(anyBits, special, decimal, whole, nearly, octave, fc.double());
/** Columns as they come: all alike, of one sort, or with something else here and there. */
const column = (length: number): fc.Arbitrary<Float64Array> => {
  const list = (one: fc.Arbitrary<number>): fc.Arbitrary<number[]> =>
    fc.array(one, { minLength: length, maxLength: length });
  const mixed = fc.oneof({ weight: 20, arbitrary: decimal }, { weight: 1, arbitrary: value });
  const steady = fc.oneof({ weight: 20, arbitrary: fc.constant(7.25) }, { weight: 1, arbitrary: value });
  return fc
    .oneof(
      value.map((one) => new Array<number>(length).fill(one)),
      ...[value, whole, decimal, nearly, octave, mixed, steady, fc.nat(3), fc.nat(100_000), fc.double()].map(list),
      list(fc.nat(5_000)).map(climb),
      list(fc.nat(1_000)).map((steps) => climb(steps.map((step) => step * 4_096))),
    )
    .map((numbers) => Float64Array.from(numbers));
};

const length = fc.oneof(
  fc.integer({ min: 0, max: 5 }),
  fc.integer({ min: 0, max: 80 }),
  fc.integer({ min: 250, max: 320 }),
);

const anyBlock = fc
  .record({ kind: fc.constantFrom(...METRIC_KINDS), stepMs: fc.constantFrom(...STEPS), length })
  .chain(({ kind, stepMs, length: rows }) =>
    fc
      .record({
        times: times(rows, stepMs),
        min: column(rows),
        max: column(rows),
        sum: column(rows),
        count: column(rows),
        last: column(rows),
        bytes: fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: rows, maxLength: rows }),
        copies: fc.array(fc.tuple(fc.constantFrom(...ALL.slice(0, 5)), fc.constantFrom(...ALL.slice(0, 5))), {
          maxLength: 4,
        }),
      })
      .map(({ times: at, bytes, copies, ...columns }): BlockColumns => {
        const numbers: Record<string, Float64Array> = columns;
        for (const [from, to] of copies) numbers[to] = numbers[from] as Float64Array;
        return { kind, stepMs, length: rows, at, ...columns, ...numbers, histogram: kind === "histogram" ? bytes : [] };
      }),
  );

describe("blocks of history", () => {
  it("give any columns back bit by bit, and nothing that was not asked for", () => {
    fc.assert(
      fc.property(anyBlock, fc.subarray([...ALL]), (columns, want) => {
        const data = encodeBlock(columns);
        expectSame(decodeBlock(data, ALL), columns);
        const some = decodeBlock(data, want);
        for (const name of ALL) {
          if (!want.includes(name)) expect(some[name]).toHaveLength(0);
        }
        const empty = Object.fromEntries(
          ALL.filter((name) => !want.includes(name)).map((name) => [name, columns[name].slice(0, 0)]),
        );
        expectSame(some, { ...columns, ...empty });
      }),
      RUNS,
    );
  });

  it("give gauges, counters that begin anew and distributions back at the finest and at coarser steps", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...METRIC_KINDS),
        fc.integer(),
        fc.constantFrom(1, 10),
        fc.nat(300),
        (kind, seed, seconds, rows) => {
          const columns = makeSeries(kind, { rows, seconds, random: randomOf(seed) });
          expectSame(decodeBlock(encodeBlock(columns), ALL), columns);
          expectSame(decodeBlock(encodeQuickBlock(columns), ALL), columns);
        },
      ),
      RUNS,
    );
  });

  it("give any readings and any growth back when they were written quickly", () => {
    fc.assert(
      fc.property(
        length.chain((rows) => fc.tuple(times(rows, 1_000), column(rows), column(rows), fc.boolean())),
        ([at, last, grown, isCounter]) => {
          const sum = isCounter ? grown : last;
          const count = new Float64Array(at.length).fill(1);
          const kind = isCounter ? "counter" : "gauge";
          const columns = { kind, stepMs: 1_000, length: at.length, at, min: sum, max: sum, sum, count, last } as const;
          expectSame(decodeBlock(encodeQuickBlock({ ...columns, histogram: [] }), ALL), { ...columns, histogram: [] });
        },
      ),
      RUNS,
    );
  });

  it("read blocks that lie anywhere within other bytes", () => {
    const columns = makeSeries("gauge", { rows: 100, seconds: 1, random: randomOf(1) });
    for (const block of [encodeBlock(columns), encodeQuickBlock(columns)]) {
      const around = Buffer.alloc(block.length + 20, 0xff);
      around.set(block, 7);
      expectSame(decodeBlock(around.subarray(7, 7 + block.length), ALL), columns);
    }
  });

  it("notice each bit that was turned over, and each byte that is missing or too many", () => {
    const rows = METRIC_KINDS.map((kind) => makeSeries(kind, { rows: 60, seconds: 1, random: randomOf(2) }));
    for (const block of [...rows.map(encodeBlock), ...rows.map(encodeQuickBlock)]) {
      for (let bit = 0; bit < block.length * 8; bit++) {
        const damaged = block.slice();
        damaged[bit >> 3] = (damaged[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(() => decodeBlock(damaged, ALL), `bit ${bit}`).toThrow(DamagedBlockError);
      }
      for (let size = 0; size < block.length; size++) {
        expect(() => decodeBlock(block.subarray(0, size), ALL), `${size} bytes`).toThrow(DamagedBlockError);
      }
      expect(() => decodeBlock(Uint8Array.of(...block, 0), ALL)).toThrow(DamagedBlockError);
    }
  });

  it("say that they are damaged, and nothing else, whatever bytes they are given", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(() => decodeBlock(bytes, ALL)).toThrow(DamagedBlockError);
      }),
      RUNS,
    );
  });

  it("take next to nothing for what does not change, and about a byte for what changes a little", () => {
    const idle = makeSeries("gauge", { rows: 3_600, seconds: 1, random: () => 0.5 });
    expect(encodeBlock(idle).length).toBeLessThan(60);
    const wave = makeSeries("gauge", { rows: 3_600, seconds: 1, random: randomOf(3) });
    expect(encodeBlock(wave).length / 3_600).toBeLessThan(1);
    const counter = makeSeries("counter", { rows: 3_600, seconds: 1, random: randomOf(4) });
    expect(encodeBlock(counter).length / 3_600).toBeLessThan(1.2);
  });
});

function doubleOf(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0] as number;
}

function climb(steps: readonly number[]): number[] {
  let total = 0;
  return steps.map((step) => {
    total += step;
    return total;
  });
}

function times(length: number, stepMs: number): fc.Arbitrary<Float64Array> {
  const gap = fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(500) });
  return fc.tuple(fc.nat(500_000), fc.array(gap, { minLength: length, maxLength: length })).map(([start, gaps]) => {
    let next = start;
    return Float64Array.from(gaps, (empty) => {
      next += empty + 1;
      return next * stepMs;
    });
  });
}

/** A series as wsight records it: seconds, or so many of them put together. */
function makeSeries(
  kind: MetricKind,
  { rows, seconds, random }: { readonly rows: number; readonly seconds: number; readonly random: () => number },
): BlockColumns {
  const numbers: Numbers = {
    min: new Float64Array(rows),
    max: new Float64Array(rows),
    sum: new Float64Array(rows),
    count: new Float64Array(rows),
    last: new Float64Array(rows),
  };
  const at = new Float64Array(rows);
  const histogram: Uint8Array[] = [];
  let level = kind === "gauge" ? 1_000 : 0;
  let time = 1_700_000_000_000;
  for (let row = 0; row < rows; row++) {
    time += random() < 0.01 ? 5_000 * seconds : 1_000 * seconds;
    at[row] = time;
    const whole = new Histogram();
    const readings = Array.from({ length: seconds }, () => {
      if (kind === "counter") {
        const growth = Math.round(random() * 40);
        level = random() < 0.005 ? growth : level + growth;
        return growth;
      }
      if (kind === "histogram") return recordSome(whole, random);
      if (random() > 0.5) level += Math.round(random() * 4 - 2);
      return level;
    });
    if (kind === "histogram") {
      const { min, max, sum, count } = whole;
      fill(numbers, row, { min, max, sum, count, last: sum / count });
      histogram.push(whole.encode());
    } else {
      const sum = readings.reduce((total, one) => total + one, 0);
      fill(numbers, row, { min: Math.min(...readings), max: Math.max(...readings), sum, count: seconds, last: level });
    }
  }
  return { kind, stepMs: seconds * 1_000, length: rows, at, ...numbers, histogram };
}

function recordSome(histogram: Histogram, random: () => number): number {
  for (let left = 1 + Math.floor(random() * 20); left > 0; left--)
    histogram.record(random() < 0.02 ? 0 : random() ** 4 / 7);
  return 0;
}

function fill(numbers: Numbers, row: number, values: Readonly<Record<keyof Numbers, number>>): void {
  for (const name of ["min", "max", "sum", "count", "last"] as const) numbers[name][row] = values[name];
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function expectSame(actual: BlockColumns, expected: BlockColumns): void {
  expect([actual.kind, actual.stepMs, actual.length]).toEqual([expected.kind, expected.stepMs, expected.length]);
  for (const name of NUMBERS) {
    const [one, other] = [actual[name], expected[name]].map((column) =>
      Buffer.from(column.buffer, column.byteOffset, column.byteLength),
    ) as [Buffer, Buffer];
    if (!one.equals(other)) expect([...actual[name]], name).toEqual([...expected[name]]);
    expect(one.equals(other), name).toBe(true);
  }
  expect(actual.histogram.map((bytes) => [...bytes])).toEqual(expected.histogram.map((bytes) => [...bytes]));
}
