import type { DurationEstimate, JobEstimate } from "@wsight/protocol";

/** From this ratio of its two sides on, an interval is told with both of its ends. */
const LOPSIDED = 2.5;
/** What is as near as this is about to happen, ms. */
const NEAR_MS = 500;

const DAY_MS = 86_400_000;
/** How finely what is below is told, ms. */
const STEPS: readonly (readonly [below: number, stepMs: number])[] = [
  [9950, 100],
  [99_500, 1000],
  [600_000, 5000],
  [6_000_000, 60_000],
  [2 * DAY_MS, 300_000],
  [10 * DAY_MS, 3_600_000],
];

/** A time to come for people, no finer than it can be known: `0.4 s`, `41 s`, `4 min 10 s`, `3 h 20 min`. */
export function about(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1).replace(/\.0$/, "")} s`;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  if (seconds < 600) return pair(Math.round(seconds / 5) * 5, 60, "min", "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  if (minutes < 48 * 60) return pair(Math.round(minutes / 5) * 5, 60, "h", "min");
  const hours = Math.round(minutes / 60);
  return hours < 240 ? pair(hours, 24, "d", "h") : `${Math.round(hours / 24)} d`;
}

function pair(value: number, per: number, big: string, small: string): string {
  const whole = Math.floor(value / per);
  const rest = value % per;
  return rest === 0 ? `${whole} ${big}` : `${whole} ${big} ${rest} ${small}`;
}

/**
 * `41 s ± 6 s`: half of the interval that eight in ten end within. Where one side is much longer than the other, or
 * longer than the whole, both ends are told instead: `41 s (20 s to 3 min)`.
 */
export function etaText(eta: DurationEstimate): string {
  return evenText(eta) ?? `${about(eta.p50)} (${about(eta.p10)} to ${about(eta.p90)})`;
}

/** The same for where there is little room: `41 s (20 s–3 min)`. */
export function etaShort(eta: DurationEstimate): string {
  return evenText(eta) ?? `${about(eta.p50)} (${rough(eta.p10)}–${rough(eta.p90)})`;
}

/** What a wait comes to: `begins at once`, `waits 41 s ± 6 s`. */
export function waitText(wait: DurationEstimate): string {
  return wait.p90 < NEAR_MS ? "begins at once" : `waits ${etaText(wait)}`;
}

function evenText({ p10, p50, p90 }: DurationEstimate): string | null {
  if (p90 < NEAR_MS) return "any moment";
  const [below, above] = [Math.max(0, p50 - p10), Math.max(0, p90 - p50)];
  if (below + above === 0) return about(p50);
  const even = above <= below * LOPSIDED && below <= above * LOPSIDED;
  const half = (below + above) / 2;
  return even && half < p50 ? `${about(p50)} ± ${spread(half, p50)}` : null;
}

/** No finer than what it stands beside. */
function spread(half: number, of: number): string {
  const [, steps] = STEPS.find(([below]) => of < below) ?? [0, DAY_MS];
  return about(Math.max(1, Math.round(half / steps)) * steps);
}

/** In whole seconds, minutes, hours or days. */
function rough(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 99.5) return `${Math.round(seconds)} s`;
  if (seconds < 5970) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
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
