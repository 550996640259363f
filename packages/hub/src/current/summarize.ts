import { composeSummary, Histogram, type Labels, labelsMatch, type Summary } from "@wsight/protocol";
import { meanRateOf, sumKnown } from "./figures.ts";
import type { NodeState } from "./node-state.ts";
import type { Placed, SeriesIndex } from "./series-index.ts";
import { mergeCounts, recentErrors } from "./tables.ts";
import type { Timeline } from "./timeline.ts";
import type { Tracked, TrackedCounter, TrackedGauge, TrackedHistogram } from "./tracked.ts";

const LATENCY = "websocket.server.message.latency";

/**
 * The contract's summary over some nodes: figures since each of the processes
 * began, from the newest values that arrived. A node that is silent counts
 * with the last it said, as its connections have most likely not left; one
 * that is gone does not count. Rates divide by as much of the 1, 5 or 15
 * minutes as the hub has watched.
 */
export function summarize(
  index: SeriesIndex,
  timeline: Timeline,
  nodes: readonly NodeState[],
  times: { readonly now: number; readonly startedAt: number },
): Summary {
  const counted = new Set(nodes);
  const of = <T extends Tracked>(metric: string): readonly Placed<T>[] =>
    index.of<T>(metric).filter(({ node, tracked }) => counted.has(node) && tracked.retiredAt === Infinity);
  const total = (metric: string) =>
    sum(of<TrackedCounter | TrackedGauge>(metric).map(({ tracked: { value } }) => value));
  const rate = (metric: string, seconds: number) => rateOver(of<TrackedCounter>(metric), timeline, seconds);
  return composeSummary({
    at: times.now,
    startedAt: nodes.reduce((earliest, { hello }) => Math.min(earliest, hello.startedAt), times.startedAt),
    open: total("websocket.server.active_connections"),
    created: total("websocket.server.connections"),
    closed: total("websocket.server.closes"),
    users: mergeCounts(nodes, "users").rows,
    channels: mergeCounts(nodes, "channels").rows,
    messageRates: [
      rate("websocket.server.messages", 60),
      rate("websocket.server.messages", 300),
      rate("websocket.server.messages", 900),
    ],
    latency: headlineLatency(of<TrackedHistogram>(LATENCY)),
    errorsByType: errorsByType(of<TrackedCounter>("websocket.server.errors")),
    errorsPerMinute: rate("websocket.server.errors", 60) * 60,
    recentErrors: recentErrors(nodes).toReversed(),
    duration: mergeAll(of<TrackedHistogram>("websocket.server.connection.duration"), {}),
  });
}

/** What the application reported itself, if it did; else everything that was measured. */
function headlineLatency(placed: readonly Placed<TrackedHistogram>[]): Histogram {
  const reported = mergeAll(placed, { source: "app" });
  return reported.count > 0 ? reported : mergeAll(placed, {});
}

function mergeAll(placed: readonly Placed<TrackedHistogram>[], where: Labels): Histogram {
  const merged = new Histogram();
  for (const { tracked } of placed) if (labelsMatch(tracked.series.labels, where)) merged.merge(tracked.value);
  return merged;
}

function errorsByType(placed: readonly Placed<TrackedCounter>[]): ReadonlyMap<string, number> {
  const byType = new Map<string, number>();
  for (const { tracked } of placed) {
    const type = tracked.series.labels["error.type"] ?? "";
    byType.set(type, (byType.get(type) ?? 0) + tracked.value);
  }
  return byType;
}

function rateOver(placed: readonly Placed<TrackedCounter>[], { last }: Timeline, seconds: number): number {
  if (last === null) return 0;
  const rate = sumKnown(placed, (one) => meanRateOf(one, last, seconds));
  return rate === rate ? rate : 0;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, value) => (value === value ? all + value : all), 0);
}
