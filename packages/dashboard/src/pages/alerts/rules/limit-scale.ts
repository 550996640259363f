import type { BackTestLine } from "@wsight/protocol";

/** From the top of the chart to its plot, from its foot and from its left, px. */
export const PLOT = { top: 12, bottom: 24, left: 58, right: 10 } as const;

/** Data far from zero begins near itself: the limit of a success ratio is between 99 % and 1. */
const FAR_FROM_ZERO = 0.5;
const ROOM = 0.12;
/** A limit this many times further away than anything measured is not drawn into the picture at once. */
const REACH = 4;
/** Steps of a handle that is moved, in parts of what is seen. */
const PARTS = 200;

/** What part of the values a chart shows. */
export interface LimitScale {
  readonly low: number;
  readonly high: number;
  /** px from the top of the chart. */
  readonly yOf: (value: number) => number;
  /** The value at a place, rounded to what a person would type. */
  readonly valueAt: (y: number) => number;
  /** Smallest step worth making. */
  readonly step: number;
}

/** Everything that is measured, and limits that are not out of reach of it. */
export function rangeOf(
  lines: readonly BackTestLine[],
  limits: readonly number[],
): readonly [low: number, high: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { values } of lines) {
    for (const value of values) {
      if (value === null) continue;
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  const measured = most >= least;
  const far = measured ? Math.max(Math.abs(most), Math.abs(least)) * REACH : Number.POSITIVE_INFINITY;
  for (const limit of limits) {
    if (measured && Math.abs(limit) > far && far > 0) continue;
    least = Math.min(least, limit);
    most = Math.max(most, limit);
  }
  if (most < least) return [0, 1];
  const low = least > 0 && least < most * FAR_FROM_ZERO ? 0 : least >= 0 && most === 0 ? 0 : least;
  const spread = most - low || Math.abs(most) || 1;
  return [low === 0 ? 0 : low - spread * ROOM, most + spread * ROOM];
}

/** Between values and places in a chart so many px high. */
export function limitScale([low, high]: readonly [number, number], height: number): LimitScale {
  const tall = Math.max(1, height - PLOT.top - PLOT.bottom);
  const step = niceStep((high - low) / PARTS);
  return {
    low,
    high,
    step,
    yOf: (value) => PLOT.top + tall * (1 - (value - low) / (high - low)),
    valueAt: (y) => roundTo(low + (1 - (y - PLOT.top) / tall) * (high - low), step),
  };
}

/** The next larger of 1, 2 and 5 times a power of ten. */
function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  return Number((power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10)).toPrecision(6));
}

/** The nearest multiple, without the dust of binary fractions. */
export function roundTo(value: number, step: number): number {
  return Number((Math.round(value / step) * step).toPrecision(10));
}

/** Grid lines at round values within a range. */
export function gridBetween(low: number, high: number): readonly number[] {
  const step = niceStep((high - low) / 6);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, index) => roundTo((first + index) * step, step));
}
