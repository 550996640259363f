import type { LoadLatency } from "@wsight/protocol";

/** Points of one curve. */
const POINTS = 160;

/**
 * Places for a curve of percentiles: each step of one is a tenth of what was
 * left, so that 90 %, 99 % and 99.9 % stand equally far apart.
 * @param count values there are; past the last of them there is nothing to show
 */
export function percentilePlaces(count: number): readonly number[] {
  const end = Math.min(5, Math.max(1, Math.log10(Math.max(count, 10))));
  return Array.from({ length: POINTS + 1 }, (_, index) => (index / POINTS) * end);
}

/** Share of values up to a place. */
export function shareAt(place: number): number {
  return 1 - 10 ** -place;
}

/** `p99.9` of a place. */
export function percentileName(place: number): string {
  const percent = shareAt(place) * 100;
  return `p${Number(percent.toFixed(percent < 90 ? 0 : percent < 99 ? 1 : percent < 99.9 ? 2 : 3))}`;
}

/** Values at places, ms: upper bounds of their buckets, and never more than the longest. */
export function valuesAt({ buckets, count, max }: LoadLatency, places: readonly number[]): readonly number[] {
  let at = 0;
  return places.map((place) => {
    const wanted = shareAt(place) * count;
    while (at < buckets.length - 1 && (buckets[at]?.[1] ?? 0) < wanted) at++;
    return Math.min(max, buckets[at]?.[0] ?? max);
  });
}

/** A step of a histogram. */
export interface Bar {
  readonly fromMs: number;
  readonly toMs: number;
  readonly count: number;
}

/** Few bars of equal width from the cumulative buckets; the last holds what is longer. */
export function barsOf({ buckets, p99, max }: LoadLatency, wanted = 24): readonly Bar[] {
  const step = niceStep(Math.max(p99, 1e-3) / wanted);
  const bars = Math.min(wanted + 1, Math.max(1, Math.ceil(max / step)));
  const counts = new Array<number>(bars).fill(0);
  let before = 0;
  for (const [bound, upTo] of buckets) {
    const bar = Math.min(bars - 1, Math.max(0, Math.ceil(bound / step - 1e-9) - 1));
    counts[bar] = (counts[bar] ?? 0) + upTo - before;
    before = upTo;
  }
  return counts.map((count, index) => ({
    fromMs: index * step,
    toMs: index === bars - 1 ? Math.max(max, (index + 1) * step) : (index + 1) * step,
    count,
  }));
}

/** The next of 1, 2, 5, 10, 20, … */
export function niceStep(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 5, 10].find((step) => step * power >= value * (1 - 1e-9)) ?? 10) * power;
}
