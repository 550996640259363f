import type { Stream } from "../source/stream.ts";
import { type Grid, momentOf } from "../values/grid.ts";

/** The values of one range, as places in a stream: both inclusive. */
export interface Window {
  readonly first: number;
  readonly last: number;
  /** Where the range begins and ends, ms epoch, both inclusive. */
  readonly startAt: number;
  readonly endAt: number;
}

/** Visits the range before each moment that has a value in it. The window is the same object each time. */
export function forEachWindow(
  { times }: Pick<Stream, "times">,
  grid: Grid,
  { rangeMs, offsetMs }: { readonly rangeMs: number; readonly offsetMs: number },
  visit: (window: Window, place: number) => void,
): void {
  const window = { first: 0, last: -1, startAt: 0, endAt: 0 };
  for (let place = 0; place < grid.length; place++) {
    window.endAt = momentOf(grid, place) - offsetMs;
    window.startAt = window.endAt - rangeMs;
    while (window.first < times.length && (times[window.first] ?? 0) < window.startAt) window.first++;
    while (window.last + 1 < times.length && (times[window.last + 1] ?? 0) <= window.endAt) window.last++;
    if (window.last >= window.first) visit(window, place);
  }
}

/** Visits the newest value at each moment, unless it is older than the look-back. */
export function forEachNewest(
  { times }: Pick<Stream, "times">,
  grid: Grid,
  { lookbackMs, offsetMs }: { readonly lookbackMs: number; readonly offsetMs: number },
  visit: (newest: number, place: number) => void,
): void {
  for (let place = 0, newest = -1; place < grid.length; place++) {
    const at = momentOf(grid, place) - offsetMs;
    while (newest + 1 < times.length && (times[newest + 1] ?? 0) <= at) newest++;
    if (newest >= 0 && at - (times[newest] ?? 0) <= lookbackMs) visit(newest, place);
  }
}
