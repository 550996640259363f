import type { TierStep } from "@wsight/protocol";
import type { TierIndex } from "./block-tables.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** All tiers, finest first. */
export const TIERS: readonly TierIndex[] = [0, 1, 2, 3, 4];

/** Length of the intervals of each tier, ms. */
export const STEPS_MS: Readonly<Record<TierIndex, TierStep>> = {
  0: 1_000,
  1: 10_000,
  2: 60_000,
  3: 300_000,
  4: HOUR_MS,
};

/** How much time one block covers, at each tier: long enough to compress well, short enough to be read for a part of it. */
export const BLOCK_SPANS_MS: Readonly<Record<TierIndex, number>> = {
  0: HOUR_MS,
  1: 4 * HOUR_MS,
  2: 12 * HOUR_MS,
  3: 2 * DAY_MS,
  4: 16 * DAY_MS,
};

/** Span of a window: what is moved from memory to a segment at once, ms. */
export const WINDOW_MS = 300_000;
/** Span of what is moved to blocks at once, ms. */
export const HOUR_SPAN_MS: number = HOUR_MS;
/** Windows of an hour. */
export const HOUR_WINDOWS: number = HOUR_MS / WINDOW_MS;

/** Place of the tier whose intervals have that length; `undefined` for none. */
export function tierOf(stepMs: number): TierIndex | undefined {
  return TIERS.find((tier) => STEPS_MS[tier] === stepMs);
}

/** The multiple of `span` at or before `at`. */
export function floorTo(at: number, span: number): number {
  return Math.floor(at / span) * span;
}
