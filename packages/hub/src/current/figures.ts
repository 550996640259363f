import type { MetricDefinition } from "@wsight/protocol";
import type { NodeState } from "./node-state.ts";
import type { Placed, SeriesSet } from "./series-index.ts";
import type { TrackedCounter, TrackedGauge, TrackedHistogram } from "./tracked.ts";

/** Counters and histograms: what can grow. */
type Growing = TrackedCounter | TrackedHistogram;

/** Growth per second of one series in `second`; NaN when that is not known. */
export function rateOf({ node, tracked }: Placed<Growing>, second: number): number {
  if (tracked.first < 0 || second < tracked.first || second >= tracked.retiredAt) return Number.NaN;
  const fresh = node.presence.freshAt(second);
  if (fresh === 0) return Number.NaN;
  // Nothing grew and nothing was covered where counting only begins: 0 / 0 is unknown.
  const covered = node.presence.coveredMs(fresh);
  return ((tracked.grownAt(fresh) - tracked.grownAt(fresh - 1)) * 1000) / covered;
}

/** Growth per second of one series over the `seconds` up to `second`; NaN when its node was silent all along. */
export function meanRateOf({ node, tracked }: Placed<Growing>, second: number, seconds: number): number {
  if (tracked.first < 0 || second < tracked.first) return Number.NaN;
  const elapsed = node.presence.elapsedMs(second, seconds);
  if (!(elapsed > 0)) return Number.NaN;
  return ((tracked.grownAt(second) - tracked.grownAt(second - seconds)) * 1000) / elapsed;
}

/** Adds up what is known; NaN when nothing is. */
export function sumKnown<T>(items: readonly T[], figure: (item: T) => number): number {
  let sum = Number.NaN;
  for (const item of items) {
    const value = figure(item);
    if (value === value) sum = sum === sum ? sum + value : value;
  }
  return sum;
}

/**
 * Adds up what is known of each node and takes the largest of them; NaN when
 * nothing is. For what several processes count of one thing, such as the disks
 * of their host.
 */
export function largestNode<T extends Placed>(items: readonly T[], figure: (item: T) => number): number {
  const sums = new Map<NodeState, number>();
  for (const item of items) {
    const value = figure(item);
    if (value === value) sums.set(item.node, (sums.get(item.node) ?? 0) + value);
  }
  return sums.size === 0 ? Number.NaN : Math.max(...sums.values());
}

/** Takes the largest of what is known; NaN when nothing is. For what several clients, of one node too, read of one server. */
function largestKnown<T>(items: readonly T[], figure: (item: T) => number): number {
  let largest = Number.NaN;
  for (const item of items) {
    const value = figure(item);
    if (value === value && !(value <= largest)) largest = value;
  }
  return largest;
}

/** How the catalogue wants counters of several series put together. */
export function acrossNodes(metric: MetricDefinition | undefined): typeof largestNode {
  if (metric?.kind !== "counter" || metric.across !== "max") return sumKnown;
  return metric.attributes.includes("db.client") ? largestKnown : largestNode;
}

/** The absolute value of a counter; NaN where its node is gone. */
export function totalOf({ node, tracked }: Placed<TrackedCounter>, second: number): number {
  return node.presence.there(second) ? tracked.totalAt(second) : Number.NaN;
}

/** The reading of a gauge; NaN where its node is silent or gone, or it could not be read. */
export function readingOf({ node, tracked }: Placed<TrackedGauge>, second: number): number {
  return node.presence.known(second) ? tracked.at(second) : Number.NaN;
}

/** Readings put together in one of the ways of the catalogue; NaN when none is known. */
export function combine(set: SeriesSet<TrackedGauge>, how: "sum" | "max" | "mean", second: number): number {
  let sum = 0;
  let max = -Infinity;
  let known = 0;
  for (const placed of set.placed) {
    const value = readingOf(placed, second);
    if (value !== value) continue;
    known++;
    sum += value;
    if (value > max) max = value;
  }
  if (known === 0) return Number.NaN;
  if (how === "sum") return sum;
  return how === "max" ? max : sum / known;
}

/** True when any of the nodes that have such a distribution is known in `second`. */
export function anyKnown(set: SeriesSet<TrackedHistogram>, second: number): boolean {
  for (const { node, tracked } of set.placed) {
    if (tracked.first >= 0 && second >= tracked.first && second < tracked.retiredAt && node.presence.known(second)) {
      return true;
    }
  }
  return false;
}
