const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const STEPS_MS = [
  1000,
  5000,
  10_000,
  15_000,
  30_000,
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  5 * DAY_MS,
  10 * DAY_MS,
  30 * DAY_MS,
  100 * DAY_MS,
  200 * DAY_MS,
] as const;
/** Labels are at least so far apart, CSS pixels. */
const LABEL_SPACE = 70;
/** A label nearer to the right edge would be cut. */
const EDGE_PX = 22;

/** How far the clock of the person is ahead of UTC at an instant, ms. */
export type Offset = (at: number) => number;

/**
 * Instants of the labels below a chart, ms epoch: round times of the person's
 * clock, days at midnight also where the clock was changed meanwhile.
 */
export function timeLabels(fromAt: number, toAt: number, widthPx: number, offset: Offset): number[] {
  const perLabel = ((toAt - fromAt) / Math.max(1, widthPx)) * LABEL_SPACE;
  const step = STEPS_MS.find((candidate) => candidate >= perLabel) ?? 200 * DAY_MS;
  const labels: number[] = [];
  for (let local = Math.ceil((fromAt + offset(fromAt)) / step) * step; ; local += step) {
    const guess = local - offset(fromAt);
    const at = local - offset(guess);
    if (at > toAt) return labels;
    if (at >= fromAt && (toAt - at) * widthPx > (toAt - fromAt) * EDGE_PX) labels.push(at);
  }
}

/** True at midnight of the person's clock. */
export function isMidnight(at: number, offset: Offset): boolean {
  return (at + offset(at)) % DAY_MS === 0;
}

/** Offset of this machine's zone, or none for UTC. */
export function offsetOf(zone: "local" | "utc"): Offset {
  return zone === "utc" ? () => 0 : (at) => -new Date(at).getTimezoneOffset() * MINUTE_MS;
}
