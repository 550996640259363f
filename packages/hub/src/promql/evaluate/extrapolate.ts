import type { Window } from "./window.ts";

/** A range that holds two values at least, and what they grew by. */
export interface Growth {
  readonly times: Float64Array;
  readonly window: Window;
  readonly growth: number;
  /** The first value of a counter, which cannot have been less than zero; `null` for what is no counter. */
  readonly firstValue: number | null;
}

/** Values further from an end of the range than this many times their distance are taken to begin or end there. */
const NEAR = 1.1;

/**
 * What growth between the first and the last value of a range is to be
 * multiplied by to cover the whole range, by Prometheus' rules: up to its ends
 * when values come close to them, else half a distance further; and never back
 * beyond where a counter was zero.
 */
export function extrapolation({ times, window, growth, firstValue }: Growth): number {
  const firstAt = times[window.first] ?? 0;
  const lastAt = times[window.last] ?? 0;
  const sampled = (lastAt - firstAt) / 1000;
  const distance = sampled / (window.last - window.first);
  let toStart = (firstAt - window.startAt) / 1000;
  const toEnd = (window.endAt - lastAt) / 1000;
  if (firstValue !== null && growth > 0 && firstValue >= 0)
    toStart = Math.min(toStart, sampled * (firstValue / growth));
  const beyond = (gap: number): number => (gap < distance * NEAR ? gap : distance / 2);
  return (sampled + beyond(toStart) + beyond(toEnd)) / sampled;
}
