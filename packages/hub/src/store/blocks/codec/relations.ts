import type { MetricKind } from "@wsight/protocol";
import { wholeOf } from "./scale.ts";

/** The columns of numbers. */
export type NumberColumn = "min" | "max" | "sum" | "count" | "last";

/** Gives a column that comes earlier in the order. */
export type Known = (name: NumberColumn) => Float64Array;

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
  (known, power) => wholes(known("last"), power),
  (known, power) => wholes(known("min"), power),
  (known, power) => growth(wholes(known("last"), power)),
  (known, power) => combined(wholes(known("sum"), power), known("count"), (sum, count) => sum / count),
  (known, power) => combined(wholes(known("last"), power), known("count"), (last, count) => last * count),
  (known, power) => combined(wholes(known("min"), power), known("count"), (min, count) => min * count),
  (known, power) => combined(middles(known, power), known("count"), (middle, count) => middle * count),
];

/** Which of them are worth a try. */
export const WORTH_TRYING: Readonly<Record<MetricKind, Partial<Record<NumberColumn, readonly number[]>>>> = {
  counter: { sum: [2], min: [3], max: [3, 1] },
  gauge: { min: [0], max: [0, 1], sum: [4, 5, 6] },
  histogram: {},
};

/** Foretells the values of a column, nearly to the last bit. */
type Formula = (known: Known) => Float64Array;

/** For columns that are on no scale, by the place that stands in a block. */
export const FORMULAS: readonly Formula[] = [
  (known) => growth(known("last")),
  (known) => known("sum").map((sum, i) => sum / (known("count")[i] as number)),
];

/** Which formula may hold. */
export const FORMULA_OF: Readonly<Record<MetricKind, Partial<Record<NumberColumn, number>>>> = {
  counter: { sum: 0 },
  gauge: {},
  histogram: { last: 1 },
};

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

function middles(known: Known, power: number): Float64Array {
  const max = wholes(known("max"), power);
  return wholes(known("min"), power).map((min, i) => (min + (max[i] as number)) / 2);
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
