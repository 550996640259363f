import type { NumberStream } from "../source/stream.ts";
import { valueQuantile } from "../values/quantile.ts";
import { extrapolation } from "./extrapolate.ts";
import type { Window } from "./window.ts";

/** What a function makes of a range of numbers; `undefined` for nothing. */
type RangeFunction = (window: Window, place: number) => number | undefined;

/** How a function of a range works. */
export interface RangeFunctionShape {
  /** Only growth matters to it, wherever counting began. */
  readonly isGrowth?: boolean;
  /** It goes by what gauges did within intervals. */
  readonly looksWithin?: boolean;
  /** It looks at two values of a range only, or at sums made before. */
  readonly isCheap?: boolean;
  /** Its lines keep the name of the metric. */
  readonly keepsName?: boolean;
  /** Prepares it for the values of one line; `rangeMs` is the length of the range, `parameter` one value for each moment. */
  readonly prepare: (stream: NumberStream, rangeMs: number, parameter: Float64Array) => RangeFunction;
}

/** Functions of the values of a range, by their names. */
export const RANGE_FUNCTIONS: Readonly<Record<string, RangeFunctionShape>> = {
  rate: { isGrowth: true, isCheap: true, prepare: (stream, rangeMs) => growth(stream, 1000 / rangeMs) },
  increase: { isGrowth: true, isCheap: true, prepare: (stream) => growth(stream, 1) },
  delta: { isGrowth: true, isCheap: true, prepare: delta },
  irate: { isGrowth: true, isCheap: true, prepare: (stream) => lastTwo(stream, true) },
  idelta: { isGrowth: true, isCheap: true, prepare: (stream) => lastTwo(stream, false) },
  changes: {
    isGrowth: true,
    prepare: ({ values }) =>
      count(values, (now, before) => now !== before && !(Number.isNaN(now) && Number.isNaN(before))),
  },
  resets: { isGrowth: true, prepare: ({ values }) => count(values, (now, before) => now < before) },
  avg_over_time: { looksWithin: true, prepare: (stream) => ofRange(stream, mean) },
  sum_over_time: { looksWithin: true, prepare: (stream) => ofRange(stream, sum) },
  count_over_time: { looksWithin: true, prepare: (stream) => ofRange(stream, countOf) },
  min_over_time: {
    looksWithin: true,
    prepare: (stream) => extreme(stream, stream.within?.min ?? stream.values, (a, b) => a < b),
  },
  max_over_time: {
    looksWithin: true,
    prepare: (stream) => extreme(stream, stream.within?.max ?? stream.values, (a, b) => a > b),
  },
  last_over_time: {
    isCheap: true,
    keepsName: true,
    prepare:
      ({ values }) =>
      ({ last }) =>
        values[last],
  },
  present_over_time: { isCheap: true, prepare: () => () => 1 },
  quantile_over_time: {
    prepare:
      ({ values }, _, parameter) =>
      ({ first, last }, place) =>
        valueQuantile(parameter[place] ?? Number.NaN, [...values.subarray(first, last + 1)]),
  },
};

function growth(stream: NumberStream, factor: number): RangeFunction {
  const { times, values } = stream;
  const grown = stream.grown ?? grownOf(values);
  return (window) => {
    if (window.last === window.first) return undefined;
    const grew = (grown[window.last] ?? 0) - (grown[window.first] ?? 0);
    const firstValue = values[window.first] ?? 0;
    return grew * extrapolation({ times, window, growth: grew, firstValue }) * factor;
  };
}

/** Growth since the first value; a value that is less has begun at zero. */
function grownOf(values: Float64Array): Float64Array {
  const grown = new Float64Array(values.length);
  for (let i = 1; i < values.length; i++) {
    const now = values[i] ?? 0;
    const before = values[i - 1] ?? 0;
    grown[i] = (grown[i - 1] ?? 0) + (now < before ? now : now - before);
  }
  return grown;
}

function delta({ times, values }: NumberStream): RangeFunction {
  return (window) => {
    if (window.last === window.first) return undefined;
    const grew = (values[window.last] ?? 0) - (values[window.first] ?? 0);
    return grew * extrapolation({ times, window, growth: grew, firstValue: null });
  };
}

function lastTwo({ times, values }: NumberStream, isRate: boolean): RangeFunction {
  return ({ first, last }) => {
    if (last === first) return undefined;
    const now = values[last] ?? 0;
    const before = values[last - 1] ?? 0;
    const seconds = ((times[last] ?? 0) - (times[last - 1] ?? 0)) / 1000;
    if (!isRate) return now - before;
    return (now < before ? now : now - before) / seconds;
  };
}

function count(values: Float64Array, counts: (now: number, before: number) => boolean): RangeFunction {
  return ({ first, last }) => {
    let found = 0;
    for (let i = first + 1; i <= last; i++) if (counts(values[i] ?? 0, values[i - 1] ?? 0)) found++;
    return found;
  };
}

/** Sum and count of a range. */
function ofRange(stream: NumberStream, answer: (sum: number, count: number) => number): RangeFunction {
  const sums = stream.within?.sum ?? stream.values;
  const counts = stream.within?.count ?? null;
  return (window) => {
    const { last } = window;
    const first = firstWithin(stream, window);
    if (first > last) return undefined;
    let whole = 0;
    let lost = 0;
    let readings = 0;
    for (let i = first; i <= last; i++) {
      // Kahan's summation: what rounding loses of one is added to the next.
      const more = (sums[i] ?? 0) - lost;
      const next = whole + more;
      lost = Number.isFinite(next) ? next - whole - more : 0;
      whole = next;
      readings += counts?.[i] ?? 1;
    }
    return answer(whole, readings);
  };
}

function mean(whole: number, readings: number): number {
  return whole / readings;
}

function sum(whole: number): number {
  return whole;
}

function countOf(_: number, readings: number): number {
  return readings;
}

/** An interval that ends where the range begins has nothing to do with it; a reading of that moment has. */
function firstWithin({ times, within }: NumberStream, { first, startAt }: Window): number {
  return within !== null && times[first] === startAt ? first + 1 : first;
}

function extreme(
  stream: NumberStream,
  values: Float64Array,
  isBetter: (one: number, other: number) => boolean,
): RangeFunction {
  return (window) => {
    const { last } = window;
    const first = firstWithin(stream, window);
    if (first > last) return undefined;
    let best = values[first] ?? Number.NaN;
    for (let i = first + 1; i <= last; i++) {
      const value = values[i] ?? Number.NaN;
      if (isBetter(value, best) || Number.isNaN(best)) best = value;
    }
    return best;
  };
}
