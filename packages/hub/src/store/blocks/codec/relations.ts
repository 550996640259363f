import type { MetricKind } from "@wsight/protocol";
import { type Buckets, highestOf, lowestOf } from "./buckets.ts";
import { wholeOf } from "./scale.ts";

/** The columns of numbers. */
export type NumberColumn = "min" | "max" | "sum" | "count" | "last";

/** What is known when a column is written or read: the columns that come earlier in the order, and the buckets. */
export interface Known {
  column(name: NumberColumn): Float64Array;
  /** `null` where there are none, or none that could be taken apart. */
  buckets(): Buckets | null;
}

/** In which order columns are written: each may be foretold by those before. */
export const COLUMN_ORDER: Readonly<Record<MetricKind, readonly NumberColumn[]>> = {
  counter: ["last", "count", "sum", "min", "max"],
  gauge: ["last", "count", "min", "max", "sum"],
  histogram: ["count", "sum", "last", "min", "max"],
};

/** Foretells the whole multiples of 1 ÷ `power` of a column by other columns. */
type Relation = (known: Known, power: number) => Float64Array;

/**
 * How a column hangs together with others, by the place that stands in a
 * block. What is foretold is made of the other columns' values, not of how
 * they were written, so any column may be written in any way.
 */
export const RELATIONS: readonly Relation[] = [
  (known, power) => wholes(known.column("last"), power),
  (known, power) => wholes(known.column("min"), power),
  (known, power) => growth(wholes(known.column("last"), power)),
  (known, power) => combined(wholes(known.column("sum"), power), known.column("count"), (sum, count) => sum / count),
  (known, power) => combined(wholes(known.column("last"), power), known.column("count"), (last, count) => last * count),
  (known, power) => combined(wholes(known.column("min"), power), known.column("count"), (min, count) => min * count),
  (known, power) => combined(middles(known, power), known.column("count"), (middle, count) => middle * count),
];

/** Which of them are worth a try. */
export const WORTH_TRYING: Readonly<Record<MetricKind, Partial<Record<NumberColumn, readonly number[]>>>> = {
  counter: { sum: [2], min: [3], max: [3, 1] },
  gauge: { min: [0], max: [0, 1], sum: [4, 5, 6] },
  histogram: {},
};

/** Foretells the values of a column, nearly to the last bit; `null` when it can't. */
interface Formula {
  readonly foretell: (known: Known) => Float64Array | null;
  /** Tried before anything else. */
  readonly certain: boolean;
}

/** What follows from other columns or from buckets, by the place that stands in a block. */
export const FORMULAS: readonly Formula[] = [
  { foretell: (known) => growth(known.column("last")), certain: false },
  { foretell: (known) => quotients(known.column("sum"), known.column("count")), certain: true },
  { foretell: (known) => edge(known, lowestOf), certain: true },
  { foretell: (known) => edge(known, highestOf), certain: true },
];

/** Which formula may hold. */
export const FORMULA_OF: Readonly<Record<MetricKind, Partial<Record<NumberColumn, number>>>> = {
  counter: { sum: 0 },
  gauge: {},
  histogram: { last: 1, min: 2, max: 3 },
};

function edge(known: Known, edgeOf: (buckets: Buckets) => Float64Array): Float64Array | null {
  const buckets = known.buckets();
  return buckets === null ? null : edgeOf(buckets);
}

function wholes(values: Float64Array, power: number): Float64Array {
  const multiples = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) multiples[i] = wholeOf(values[i] as number, power);
  return multiples;
}

function growth(values: Float64Array): Float64Array {
  const steps = new Float64Array(values.length);
  for (let i = 1; i < values.length; i++) steps[i] = (values[i] as number) - (values[i - 1] as number);
  return steps;
}

function quotients(sums: Float64Array, counts: Float64Array): Float64Array {
  const means = new Float64Array(sums.length);
  for (let i = 0; i < sums.length; i++) means[i] = (sums[i] as number) / (counts[i] as number);
  return means;
}

function middles(known: Known, power: number): Float64Array {
  const middle = wholes(known.column("max"), power);
  const min = wholes(known.column("min"), power);
  for (let i = 0; i < min.length; i++) middle[i] = ((middle[i] as number) + (min[i] as number)) / 2;
  return middle;
}

function combined(
  values: Float64Array,
  counts: Float64Array,
  combine: (value: number, count: number) => number,
): Float64Array {
  const foretold = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const whole = Math.floor(combine(values[i] as number, counts[i] as number));
    foretold[i] = Number.isFinite(whole) ? whole : 0;
  }
  return foretold;
}
