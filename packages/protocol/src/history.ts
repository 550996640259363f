import type { MetricKind, MetricUnit } from "./catalogue.ts";
import type { Labels } from "./series.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * How finely history is kept, and how long unless told otherwise: each tier
 * holds least, largest, sum, count and last of its intervals, and the
 * distribution itself where there is one, so that a percentile over any time
 * and any set of nodes is merged, never averaged. Each step divides the next.
 */
export const HISTORY_TIERS: readonly HistoryTier[] = [
  { name: "1s", stepMs: 1_000, keepMs: DAY_MS },
  { name: "10s", stepMs: 10_000, keepMs: 2 * DAY_MS },
  { name: "1m", stepMs: 60_000, keepMs: 7 * DAY_MS },
  { name: "5m", stepMs: 300_000, keepMs: 30 * DAY_MS },
  { name: "1h", stepMs: HOUR_MS, keepMs: 400 * DAY_MS },
];

/** Name of a tier. */
export type TierName = "1s" | "10s" | "1m" | "5m" | "1h";
/** Length of a tier's intervals, ms. */
export type TierStep = 1_000 | 10_000 | 60_000 | 300_000 | 3_600_000;

/** One tier of history. */
export interface HistoryTier {
  readonly name: TierName;
  readonly stepMs: TierStep;
  /** How long it is kept unless told otherwise, ms. */
  readonly keepMs: number;
}

/** What can be asked of the past of a metric. */
export type HistoryAggregate =
  | "rate"
  | "increase"
  | "total"
  | "mean"
  | "min"
  | "max"
  | "sum"
  | "last"
  | "count"
  | "p50"
  | "p75"
  | "p90"
  | "p95"
  | "p99"
  | "p999"
  | "octave";

/** What can be asked of the past of each kind of metric. `octave` is one row of a heatmap, as in a live selector. */
export const HISTORY_AGGREGATES: Readonly<Record<MetricKind, readonly HistoryAggregate[]>> = {
  counter: ["rate", "increase", "total"],
  gauge: ["mean", "min", "max", "sum", "last"],
  histogram: ["rate", "count", "mean", "min", "max", "p50", "p75", "p90", "p95", "p99", "p999", "octave"],
};

/** One figure of the past, as one line or as several. */
export interface HistorySelector {
  readonly metric: string;
  readonly agg: HistoryAggregate;
  /** Only series with these attribute values. */
  readonly where?: Labels;
  /** Only these nodes, as `service/instance`. @default all */
  readonly nodes?: readonly string[];
  /** One line for each value of these: attributes of the metric, `node`, `service`. @default one line in all */
  readonly by?: readonly string[];
  /** Only this many lines, 1 to 500: those whose figure over the whole time is largest; how many are left out is told. @default 20 */
  readonly top?: number;
  /** Which octave, for `agg: "octave"`: −20 to 32. */
  readonly octave?: number;
}

/** Which time, and how finely. */
export interface HistoryRange {
  /** ms epoch; rounded down to the step. */
  readonly fromAt: number;
  /** ms epoch, exclusive; rounded up to the step. */
  readonly toAt: number;
  /**
   * Length of an answered interval, ms: a whole number of seconds. Widened where nothing as fine is kept any more;
   * the answer tells. @default chosen so that there are at most `points`
   */
  readonly stepMs?: number;
  /** Most intervals of an answer, 1 to 11,000. @default 600 */
  readonly points?: number;
}

/** Most selectors of a {@link HistoryQuery}. */
export const MAX_HISTORY_SELECTORS = 64;
/** Most intervals of an answer. */
export const MAX_HISTORY_POINTS = 11_000;
/** Most lines of one selector. */
export const MAX_HISTORY_LINES = 500;

/** Several figures over one time, on one grid. */
export interface HistoryQuery extends HistoryRange {
  readonly selectors: readonly HistorySelector[];
}

/** One line of an answer. */
export interface HistoryLine {
  /** Values of what `by` named; empty for the one line in all. */
  readonly labels: Labels;
  /** One for each interval from `fromAt` on, in base units; `null` where nothing is known. */
  readonly values: readonly (number | null)[];
  /** The same figure of the whole time as one interval; `null` where nothing is known. */
  readonly whole: number | null;
  /**
   * The envelope of gauges and rates of counters, where an interval holds more than one second: no second was below
   * `low` or above `high`. Of one series they were reached; of sums over several they are bounds.
   */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  /** How much of the time asked for has data, 0 to 1. */
  readonly coverage: number;
}

/** What came of one selector. */
export interface HistoryResult {
  readonly selector: HistorySelector;
  /** Unit of the values; `/s` behind it for rates. */
  readonly unit: MetricUnit | `${MetricUnit}/s`;
  readonly lines: readonly HistoryLine[];
  /** Lines left out because of `top`. */
  readonly leftOut: number;
}

/** Answer to a {@link HistoryQuery}. */
export interface HistoryAnswer {
  /** Start of the first interval, ms epoch. */
  readonly fromAt: number;
  /** End of the last one, ms epoch. */
  readonly toAt: number;
  readonly stepMs: number;
  /** Step of the tier that was read, ms. */
  readonly resolutionMs: TierStep;
  /** How much of the time asked for has data in any line, 0 to 1. */
  readonly coverage: number;
  readonly results: readonly HistoryResult[];
}

/** What can happen, as opposed to what is measured. `left-out` says how much else happened, unrecorded. */
export const HISTORY_EVENT_KINDS: readonly HistoryEventKind[] = [
  "connection.opened",
  "connection.closed",
  "error",
  "node.started",
  "node.gone",
  "test.started",
  "test.finished",
  "alert.fired",
  "alert.resolved",
  "health.changed",
  "job.queued",
  "job.started",
  "job.completed",
  "job.failed",
  "left-out",
];

export type HistoryEventKind =
  | "connection.opened"
  | "connection.closed"
  | "error"
  | "node.started"
  | "node.gone"
  | "test.started"
  | "test.finished"
  | "alert.fired"
  | "alert.resolved"
  | "health.changed"
  | "job.queued"
  | "job.started"
  | "job.completed"
  | "job.failed"
  | "left-out";

/** One thing that happened. Nothing in it names a person, and payloads are never part of it. */
export interface HistoryEvent {
  /** ms epoch. */
  readonly at: number;
  readonly kind: HistoryEventKind;
  /** `service/instance`; `null` for the hub's own. */
  readonly node: string | null;
  /** What it is about: id of a connection, alert, job or test; empty for none. */
  readonly subject: string;
  /** One short sentence or word for people: a reason of a close, the message of an error. */
  readonly text: string;
  /** Further facts, at most 16, all short. */
  readonly attributes: Readonly<Record<string, string | number>>;
}
