import { bitLength } from "./rice.ts";

/** Whole numbers of at most this magnitude can be forecast without rounding. */
export const MOST_WHOLE: number = 2 ** 47;

/**
 * How a sequence of whole numbers is foretold from itself, so that only what
 * differs is kept. `order` 0: not at all, the least is subtracted. 1: by the
 * running mean of the numbers before. 2: by the number before and the running
 * mean of the steps before. The running mean follows by a 2^`lag`th: with a
 * lag of 0 it is the number (or step) before, larger ones see through noise.
 */
export interface Forecast {
  readonly order: 0 | 1 | 2;
  readonly lag: number;
}

/** All there are, by their place in a block. */
export const FORECASTS: readonly Forecast[] = [
  { order: 0, lag: 0 },
  { order: 1, lag: 0 },
  { order: 1, lag: 2 },
  { order: 1, lag: 4 },
  { order: 2, lag: 0 },
  { order: 2, lag: 2 },
  { order: 2, lag: 4 },
];

/** Place of the one that is best for what rarely changes. */
const STEADY = 1;

/** The first number, and what each later one differs from its forecast, as numbers from 0 up. */
export interface Surprises {
  readonly first: number;
  readonly values: Float64Array;
}

/** What is left of `numbers` once foretold: see {@link recall}. */
export function surprises(numbers: Float64Array, { order, lag }: Forecast): Surprises {
  if (order === 0) return aboveLeast(numbers);
  const first = numbers[0] as number;
  const values = new Float64Array(numbers.length - 1);
  const whole = 2 ** lag;
  const part = 1 / whole;
  let mean = order === 1 ? first * whole : 0;
  let before = order === 1 ? 0 : first;
  for (let i = 1; i < numbers.length; i++) {
    const number = numbers[i] as number;
    const difference = number - before - Math.floor(mean * part);
    values[i - 1] = difference < 0 ? -2 * difference - 1 : 2 * difference;
    mean += difference;
    if (order === 2) before = number;
  }
  return { first, values };
}

/** The numbers that {@link surprises} was given. */
export function recall({ first, values }: Surprises, length: number, { order, lag }: Forecast): Float64Array {
  const numbers = new Float64Array(length);
  if (order === 0) {
    for (let i = 0; i < length; i++) numbers[i] = (values[i] as number) + first;
    return numbers;
  }
  const whole = 2 ** lag;
  const part = 1 / whole;
  let mean = order === 1 ? first * whole : 0;
  let before = order === 1 ? 0 : first;
  numbers[0] = first;
  for (let i = 1; i < length; i++) {
    const value = values[i - 1] as number;
    const half = Math.floor(value * 0.5);
    const difference = half + half === value ? half : -half - 1;
    const number = before + Math.floor(mean * part) + difference;
    numbers[i] = number;
    mean += difference;
    if (order === 2) before = number;
  }
  return numbers;
}

/** How many numbers a choice is made by: enough to know a series, few enough to cost little. */
const TRIED = 96;

/** The part of a column that choices are made by. */
export function triedPart(numbers: Float64Array): Float64Array {
  if (numbers.length <= TRIED) return numbers;
  const start = (numbers.length - TRIED) >> 1;
  return numbers.subarray(start, start + TRIED);
}

/** Place of the forecast that leaves the fewest bits, and about how many those are of the {@link triedPart}. */
export function chooseForecast(numbers: Float64Array): { readonly place: number; readonly bits: number } {
  const part = triedPart(numbers);
  const { place, bits } = cheapest(costsOf(part));
  // Where next to nothing happens, a part says nothing of the rest.
  const quiet = bits * 4 < part.length && part !== numbers;
  return { place: quiet ? cheapest(costsOf(numbers)).place : place, bits };
}

function cheapest(costs: Float64Array): { readonly place: number; readonly bits: number } {
  let place = STEADY;
  for (let candidate = 0; candidate < costs.length; candidate++) {
    if ((costs[candidate] as number) < (costs[place] as number)) place = candidate;
  }
  return { place, bits: costs[place] as number };
}

/**
 * Bits that each forecast leaves: all in one go, since this is asked several
 * times for each column.
 */
function costsOf(numbers: Float64Array): Float64Array {
  const costs = new Float64Array(FORECASTS.length);
  let before = numbers[0] as number;
  let least = before;
  let step = 0;
  let [mean2, mean4, step2, step4] = [before * 4, before * 16, 0, 0];
  let [plain, level2, level4, delta, pace, pace2, pace4] = [0, 0, 0, 0, 0, 0, 0];
  for (let i = 1; i < numbers.length; i++) least = Math.min(least, numbers[i] as number);
  for (let i = 1; i < numbers.length; i++) {
    const number = numbers[i] as number;
    const grown = number - before;
    plain += bitLength(number - least);
    delta += bitsOf(grown);
    pace += bitsOf(grown - step);
    const off2 = number - Math.floor(mean2 * 0.25);
    const off4 = number - Math.floor(mean4 * 0.0625);
    const pace2Off = grown - Math.floor(step2 * 0.25);
    const pace4Off = grown - Math.floor(step4 * 0.0625);
    level2 += bitsOf(off2);
    level4 += bitsOf(off4);
    pace2 += bitsOf(pace2Off);
    pace4 += bitsOf(pace4Off);
    mean2 += off2;
    mean4 += off4;
    step2 += pace2Off;
    step4 += pace4Off;
    step = grown;
    before = number;
  }
  costs.set([plain, delta, level2, level4, pace, pace2, pace4]);
  return costs;
}

/** Bits of a difference, its sign included. */
function bitsOf(difference: number): number {
  return bitLength(difference < 0 ? -2 * difference - 1 : 2 * difference);
}

function aboveLeast(numbers: Float64Array): Surprises {
  let first = Infinity;
  for (let i = 0; i < numbers.length; i++) first = Math.min(first, numbers[i] as number);
  const values = new Float64Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) values[i] = (numbers[i] as number) - first;
  return { first, values };
}
