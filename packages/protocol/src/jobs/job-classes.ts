/** Classes of size, smallest first. */
export const SIZE_CATEGORIES = ["small", "medium", "large", "xlarge", "xxlarge"] as const;
export type SizeCategory = (typeof SIZE_CATEGORIES)[number];

/** Sizes in bytes from which the next class begins: 1, 10, 50 and 100 MB. */
export const SIZE_CATEGORY_FROM: readonly number[] = [0, 1e6, 1e7, 5e7, 1e8];

/** Plans that decide a priority. */
export const JOB_PLANS = ["unlimited", "premium", "normal", "large"] as const;
export type JobPlan = (typeof JOB_PLANS)[number];

/** What a plan multiplies a first guess with, until finished jobs say otherwise. */
export const PLAN_MULTIPLIERS: Readonly<Record<JobPlan, number>> = {
  unlimited: 0.4,
  premium: 0.6,
  normal: 1.0,
  large: 1.3,
};

/** The priority a plan gives, as BullMQ counts: the lower, the sooner. */
export const PLAN_PRIORITIES: Readonly<Record<JobPlan, number>> = { unlimited: 1, premium: 2, normal: 3, large: 4 };

/** The class of a size; `null` for a size that is not known. */
export function sizeCategoryOf(bytes: number | null): SizeCategory | null {
  if (bytes === null) return null;
  const next = SIZE_CATEGORY_FROM.findIndex((from) => from > bytes);
  return SIZE_CATEGORIES[next === -1 ? SIZE_CATEGORIES.length - 1 : Math.max(0, next - 1)] ?? null;
}
