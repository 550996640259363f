import { HISTORY_AGGREGATES, type HistoryAggregate, type MetricDefinition } from "@wsight/protocol";
import type { WindowGroup, WindowNode, WindowReading } from "../../current/window-view.ts";

/** A node still belongs to the end of a window when it was last known up to so many seconds before others. */
const STAYS_SECONDS = 15;

const QUANTILES: Readonly<Partial<Record<HistoryAggregate, number>>> = {
  p50: 0.5,
  p75: 0.75,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  p999: 0.999,
};

/** What a group came to in a window. */
export interface Folded {
  /** NaN when it is not known. */
  value: number;
  /** Values recorded by a distribution; seconds with readings of a counter or gauge. */
  samples: number;
}

/** Puts the series of a group together over the `seconds` up to and with `second`, as a query of history does. */
export type Fold = (group: WindowGroup, second: number, seconds: number, into: Folded) => void;

/** True when a metric can be asked for that. */
export function canFold({ kind }: MetricDefinition, agg: string): agg is HistoryAggregate {
  return agg !== "octave" && (HISTORY_AGGREGATES[kind] as readonly string[]).includes(agg);
}

/** How a figure of a metric is made. Keeps room to work in: not to be shared by what runs at the same time. */
export function foldOf(metric: MetricDefinition, agg: HistoryAggregate): Fold {
  switch (metric.kind) {
    case "counter":
      return counterFold(metric, agg);
    case "gauge":
      return gaugeFold(metric, agg);
    case "histogram":
      return histogramFold(agg);
  }
}

function emptyReading(): WindowReading {
  return { count: 0, sum: 0, min: 0, max: 0, last: 0 };
}

/**
 * Counters: series add up. Where several processes count one thing (`across: max`) those of
 * a node add up and the node with the largest figure counts; those of `db.client` never add up.
 */
function counterFold({ across, attributes }: MetricDefinition, agg: HistoryAggregate): Fold {
  const reading = emptyReading();
  const apart = across !== "max" ? "never" : attributes.includes("db.client") ? "series" : "node";
  return (group, second, seconds, into) => {
    const { series } = group;
    let value = Number.NaN;
    let watched = 0;
    for (let i = 0; i < series.length; ) {
      let growth = Number.NaN;
      let total = Number.NaN;
      let own = 0;
      const { node } = series[i] as (typeof series)[number];
      do {
        const one = series[i] as (typeof series)[number];
        one.read(second, seconds, reading);
        i++;
        if (reading.count === 0) continue;
        own = Math.max(own, reading.count);
        growth = growth === growth ? growth + reading.sum : reading.sum;
        if (agg === "total" && stays(one.node, group, second, seconds)) {
          total = total === total ? total + reading.last : reading.last;
        }
      } while (i < series.length && (apart === "never" || (apart === "node" && series[i]?.node === node)));
      if (growth !== growth) continue;
      const known = apart === "never" ? group.knownSeconds(second, seconds) : node.knownSeconds(second, seconds);
      own = Math.max(own, known);
      watched = Math.max(watched, own);
      const figure = agg === "increase" ? growth : agg === "rate" ? growth / own : total;
      if (!(figure <= value)) value = figure;
    }
    into.value = value;
    into.samples = watched;
  };
}

/** Gauges: `across` says how series are put together; `min` and `max` are the least and largest reading of any. */
function gaugeFold(metric: MetricDefinition, agg: HistoryAggregate): Fold {
  const reading = emptyReading();
  const across = agg === "sum" ? "sum" : metric.across;
  return (group, second, seconds, into) => {
    let sum = 0;
    let count = 0;
    let most = 0;
    let share = 0;
    let min = Infinity;
    let max = -Infinity;
    let largestMean = -Infinity;
    let lastSum = 0;
    let lastMax = -Infinity;
    let lastCount = 0;
    for (const one of group.series) {
      one.read(second, seconds, reading);
      if (reading.count === 0) continue;
      sum += reading.sum;
      count += reading.count;
      most = Math.max(most, reading.count);
      min = Math.min(min, reading.min);
      max = Math.max(max, reading.max);
      largestMean = Math.max(largestMean, reading.sum / reading.count);
      const known = one.node.knownSeconds(second, seconds);
      if (known > 0) share = Math.max(share, Math.min(1, reading.count / known));
      if (agg !== "last" || !stays(one.node, group, second, seconds)) continue;
      lastSum += reading.last;
      lastMax = Math.max(lastMax, reading.last);
      lastCount++;
    }
    into.samples = most;
    into.value = Number.NaN;
    if (count === 0) return;
    if (agg === "min") into.value = min;
    else if (agg === "max") into.value = max;
    else if (agg === "last") into.value = together(across, lastSum, lastMax, lastCount);
    else if (across === "max") into.value = largestMean;
    else if (across === "mean") into.value = sum / count;
    // By the seconds in which any was read, so that a process that took over from another is not counted twice.
    else into.value = sum / Math.max(most, group.knownSeconds(second, seconds) * share);
  };
}

function together(across: MetricDefinition["across"], sum: number, max: number, count: number): number {
  if (count === 0) return Number.NaN;
  if (across === "max") return max;
  return across === "mean" ? sum / count : sum;
}

/** Distributions are put together bucket by bucket, whatever the catalogue says. */
function histogramFold(agg: HistoryAggregate): Fold {
  const reading = emptyReading();
  if (agg === "count" || agg === "rate") {
    return (group, second, seconds, into) => {
      let count = 0;
      for (const one of group.series) {
        one.read(second, seconds, reading);
        if (reading.count > 0) count += reading.sum;
      }
      const watched = group.knownSeconds(second, seconds);
      into.samples = count;
      into.value = watched === 0 ? Number.NaN : agg === "rate" ? count / watched : count;
    };
  }
  const quantile = QUANTILES[agg];
  return (group, second, seconds, into) => {
    const window = group.distribution(second, seconds);
    into.samples = window?.count ?? 0;
    into.value = Number.NaN;
    if (window === null || window.count === 0) return;
    if (quantile !== undefined) into.value = window.quantile(quantile);
    else if (agg === "min") into.value = window.min();
    else if (agg === "max") into.value = window.max();
    else into.value = window.sum / window.count;
  };
}

/** True when a node was still there at the end of what is known of the window, by whoever was there longest. */
function stays(node: WindowNode, group: WindowGroup, second: number, seconds: number): boolean {
  const last = node.lastKnown(second, seconds);
  if (last === -Infinity || last >= second - STAYS_SECONDS) return true;
  return group.nodes.every((other) => last >= other.lastKnown(second, seconds) - STAYS_SECONDS);
}
