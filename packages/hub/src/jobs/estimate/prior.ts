import { type DurationEstimate, PLAN_MULTIPLIERS, type SizeCategory, sizeCategoryOf } from "@wsight/protocol";
import type { JobFeatures } from "./estimator.ts";

/** First guesses by class of size, ms. */
const BY_SIZE: Readonly<Record<SizeCategory, number>> = {
  small: 5_000,
  medium: 15_000,
  large: 45_000,
  xlarge: 90_000,
  xxlarge: 180_000,
};
const OF_UNKNOWN_SIZE = 15_000;
/** A first guess is right within this factor, eight times in ten. */
export const PRIOR_SPREAD = 5;

/** Runs out of 100 that end within 25 % of a first guess: what the spread above leaves, if it is right. */
export const PRIOR_CONFIDENCE = 14;

/** What is said while nothing was learned: class of size and plan alone. */
export function priorOf(features: JobFeatures): DurationEstimate {
  const size = features.sizeCategory ?? sizeCategoryOf(features.sizeBytes);
  const base = size === null ? OF_UNKNOWN_SIZE : BY_SIZE[size];
  const p50 = base * (features.plan === null ? 1 : PLAN_MULTIPLIERS[features.plan]);
  return { p10: p50 / PRIOR_SPREAD, p50, p90: p50 * PRIOR_SPREAD };
}
