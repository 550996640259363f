/** Makes the median absolute deviation an estimate of σ of a normal distribution. */
const MAD_SCALE = 1.4826;
/** The same for the mean absolute deviation: √(π/2). */
const MEAN_SCALE = 1.2533;

/** Middle of some values, NaN for none. Sorts them. */
export function median(values: Float64Array): number {
  values.sort();
  const { length } = values;
  if (length === 0) return Number.NaN;
  const upper = values[length >> 1] as number;
  return length % 2 === 1 ? upper : ((values[(length >> 1) - 1] as number) + upper) / 2;
}

/** Where values lie and how far they spread, insensitive to outliers. */
export interface Spread {
  readonly median: number;
  /** 0 when all are alike. */
  readonly spread: number;
}

/**
 * Median, and 1.4826 × the median absolute deviation from it; where that is zero
 * (more than half are alike) 1.2533 × the mean absolute deviation, as Iglewicz and
 * Hoaglin advise (How to Detect and Handle Outliers, 1993).
 */
export function spreadOf(values: readonly number[]): Spread {
  const middle = median(Float64Array.from(values));
  const deviations = Float64Array.from(values, (value) => Math.abs(value - middle));
  const mad = median(deviations);
  const mean = deviations.reduce((sum, one) => sum + one, 0) / deviations.length;
  return { median: middle, spread: mad > 0 ? MAD_SCALE * mad : MEAN_SCALE * mean };
}
