import type { BucketWindow } from "./bucket-window.ts";
import { meanRateOf } from "./figures.ts";
import type { SeriesGroup, SeriesGroups } from "./series-groups.ts";
import type { TrackedCounter, TrackedHistogram } from "./tracked.ts";
import type { WindowShelf } from "./window-shelf.ts";

/** Seconds that rates look back. */
export const RATE_SECONDS = 10;

/** Growth per second of all series of a group that are known; 0 when none is. */
export function rateOfGroup(
  group: SeriesGroup<TrackedCounter | TrackedHistogram> | undefined,
  second: number,
  seconds: number,
): number {
  let sum = 0;
  for (const placed of group?.placed ?? []) {
    if (!placed.node.presence.there(second)) continue;
    const rate = meanRateOf(placed, second, seconds);
    if (rate > 0) sum += rate;
  }
  return sum;
}

/** Observations since the processes began, of those that are there; `null` when none is. */
export function countOfGroup(group: SeriesGroup<TrackedHistogram> | undefined, second: number): number | null {
  let count: number | null = null;
  for (const { node, tracked } of group?.placed ?? []) {
    if (node.presence.there(second) && second < tracked.retiredAt) count = (count ?? 0) + tracked.value.count;
  }
  return count;
}

/** The distribution of a group over the newest minute; `null` when it holds nothing. */
export function windowOfGroup(
  windows: WindowShelf,
  groups: SeriesGroups<TrackedHistogram>,
  key: string,
  second: number,
): BucketWindow | null {
  const group = groups.all.get(key);
  if (group === undefined) return null;
  const window = windows.at(groups.metric, group, second);
  return window.count > 0 ? window : null;
}
