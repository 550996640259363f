import {
  type DurationEstimate,
  type JobPlan,
  PLAN_MULTIPLIERS,
  type SizeCategory,
  sizeCategoryOf,
} from "@wsight/protocol";
import type { JobFeatures } from "./estimator.ts";

/** First guesses by class of size: how long, ms, and a size in the middle of the class, bytes. */
const BY_SIZE: Readonly<Record<SizeCategory, { readonly runMs: number; readonly middle: number }>> = {
  small: { runMs: 5_000, middle: 10 ** 5.5 },
  medium: { runMs: 15_000, middle: 10 ** 6.5 },
  large: { runMs: 45_000, middle: Math.sqrt(1e7 * 5e7) },
  xlarge: { runMs: 90_000, middle: Math.sqrt(5e7 * 1e8) },
  xxlarge: { runMs: 180_000, middle: Math.sqrt(1e8 * 5e8) },
};
const OF_UNKNOWN_SIZE = 15_000;
const SMALLEST = Math.log(BY_SIZE.small.middle);
const LARGEST = Math.log(BY_SIZE.xxlarge.middle);

/** A first guess is right within this factor, eight times in ten. */
export const PRIOR_SPREAD = 5;

/** Runs out of 100 that end within 25 % of a first guess: what the spread above leaves, if it is right. */
export const PRIOR_CONFIDENCE = 14;

/** How much longer a run takes the larger it is, by the classes: logarithm of the run for one of the size. */
export const PRIOR_SLOPE: number = Math.log(BY_SIZE.xxlarge.runMs / BY_SIZE.small.runMs) / (LARGEST - SMALLEST);

/** Standard deviation of that slope: from the smallest class to the largest, it is as unsure as a first guess. */
export const PRIOR_SLOPE_DOUBT: number = Math.log(PRIOR_SPREAD) / 1.28 / (LARGEST - SMALLEST);

/** Standard deviation of what plans do, as a share of it: eight times in ten between nothing at all and twice that. */
export const PRIOR_PLAN_DOUBT = 0.78;

/** What is said while nothing was learned: class of size and plan alone. */
export function priorOf(features: JobFeatures): DurationEstimate {
  const size = features.sizeCategory ?? sizeCategoryOf(features.sizeBytes);
  const base = size === null ? OF_UNKNOWN_SIZE : BY_SIZE[size].runMs;
  const p50 = base * (features.plan === null ? 1 : PLAN_MULTIPLIERS[features.plan]);
  return { p10: p50 / PRIOR_SPREAD, p50, p90: p50 * PRIOR_SPREAD };
}

/** Logarithm of what a plan multiplies a run with, before anything is known. */
export function priorOfPlan(plan: JobPlan): number {
  return Math.log(PLAN_MULTIPLIERS[plan]);
}

/** Natural logarithm of a size; of the middle of its class when that is all that is known, else NaN. */
export function logOfSize(bytes: number | null, category: SizeCategory | null): number {
  if (bytes !== null) return Math.log(Math.max(1, bytes));
  return category === null ? Number.NaN : Math.log(BY_SIZE[category].middle);
}

/**
 * The same, as far as the classes tell sizes apart: within the least and the largest of them all sizes are one. A class
 * that was told counts more than one that follows from the bytes: what is counted may be pages.
 */
export function logOfClass(bytes: number | null, category: SizeCategory | null): number {
  const told = category !== null && category !== sizeCategoryOf(bytes);
  return Math.min(LARGEST, Math.max(SMALLEST, logOfSize(told ? null : bytes, category)));
}
