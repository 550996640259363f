import type { DurationEstimate, JobEstimate } from "@wsight/protocol";

/** Below this share of the middle, what is left of the interval at one side is not worth telling apart from the other. */
const LOPSIDED = 2.5;

/** A time to come for people, no finer than it can be known: `0.4 s`, `41 s`, `4 min 10 s`, `3 h 20 min`. */
export function about(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${trim(seconds.toFixed(1))} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  if (seconds < 600) return pair(Math.round(seconds / 5) * 5, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  if (minutes < 48 * 60) return pair(Math.round(minutes / 5) * 5, 60, "h", "min");
  return pair(Math.round(minutes / 60), 24, "d", "h");
}

function pair(value: number, per: number, big: string, small: string): string {
  const whole = Math.floor(value / per);
  const rest = value % per;
  return rest === 0 ? `${whole} ${big}` : `${whole} ${big} ${rest} ${small}`;
}

function trim(text: string): string {
  return text.replace(/\.0$/, "");
}

/**
 * `41 s ± 6 s`: half of the interval that eight in ten end within. Where one side is much longer than the other, or
 * longer than the whole, both ends are told instead: `41 s (20 s to 3 min)`.
 */
export function etaText({ p10, p50, p90 }: DurationEstimate): string {
  const [below, above] = [Math.max(0, p50 - p10), Math.max(0, p90 - p50)];
  if (below + above === 0) return about(p50);
  const even = above <= below * LOPSIDED && below <= above * LOPSIDED;
  const half = (below + above) / 2;
  if (even && half < p50) return `${about(p50)} ± ${about(half)}`;
  return `${about(p50)} (${about(p10)} to ${about(p90)})`;
}

/** `learning (12 of 30 samples)` while too few jobs ended to say much, else `null`. */
export function learningText({
  samples,
  samplesWanted,
}: Pick<JobEstimate, "samples" | "samplesWanted">): string | null {
  return samples >= samplesWanted ? null : `learning (${samples} of ${samplesWanted} samples)`;
}

/** Steps of four that a confidence of 0 to 100 fills: the more, the surer. */
export function confidenceSteps(confidence: number): number {
  return confidence <= 0 ? 0 : Math.min(4, Math.ceil(confidence / 25));
}
