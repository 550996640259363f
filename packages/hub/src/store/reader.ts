import type { HistoryEvent, HistoryEventKind, Labels, Series, TierStep } from "@wsight/protocol";

/** A series of one node that a store knows. */
export interface StoredSeries {
  /** The store's number for it. */
  readonly id: number;
  /** `service/instance`. */
  readonly node: string;
  readonly series: Series;
}

/** Which series are meant; what is left out does not narrow. */
export interface SeriesFilter {
  readonly metrics?: readonly string[];
  /** `service/instance`. */
  readonly nodes?: readonly string[];
  /** Only series with these label values. */
  readonly where?: Labels;
}

/** What a reader can be asked for beside the times; the rest is not decoded. */
export type ColumnName = "min" | "max" | "sum" | "count" | "last" | "histogram";

/**
 * Intervals of one series at one tier, oldest first, each time at most once.
 * A column that was not asked for is empty. Columns may share memory with each
 * other and with what is read later: do not write to them.
 */
export interface SeriesColumns {
  readonly series: StoredSeries;
  readonly stepMs: TierStep;
  readonly length: number;
  /** Start of each interval, ms epoch, a multiple of `stepMs`. */
  readonly at: Float64Array;
  /** Of a counter: least growth of any second within. Of gauges and distributions: least value. */
  readonly min: Float64Array;
  readonly max: Float64Array;
  /** Of a counter: its growth. */
  readonly sum: Float64Array;
  /** Readings within: of counters and gauges one for each second with data, of distributions the values recorded. */
  readonly count: Float64Array;
  /** Newest reading; of a counter the value since its process began. */
  readonly last: Float64Array;
  /** Sparse form of `Histogram.encode` for each interval; empty for counters and gauges. */
  readonly histogram: readonly Uint8Array[];
}

/** Which columns of which series. */
export interface ColumnQuery {
  readonly series: readonly StoredSeries[];
  readonly stepMs: TierStep;
  /** Intervals that start in `[fromAt, toAt)`. */
  readonly fromAt: number;
  readonly toAt: number;
  readonly columns: readonly ColumnName[];
}

/** What one tier holds. */
export interface TierExtent {
  readonly stepMs: TierStep;
  /** Start of its oldest interval, ms epoch; `null` while empty. */
  readonly oldestAt: number | null;
  /** Start of its newest one. */
  readonly newestAt: number | null;
}

/** Which events. */
export interface EventQuery {
  /** Events with `at` in `[fromAt, toAt)`. */
  readonly fromAt: number;
  readonly toAt: number;
  readonly kinds?: readonly HistoryEventKind[];
  readonly node?: string;
  readonly subject?: string;
  /** Most events of the answer. */
  readonly limit: number;
  /** Newest first instead of oldest first. @default false */
  readonly newestFirst?: boolean;
}

/**
 * The open store as analyses see it, in the store's own process: they may take
 * long there without anybody's event loop waiting. Every tier is complete up
 * to the newest sample, the running interval included.
 */
export interface HistoryReader {
  series(filter: SeriesFilter): Promise<readonly StoredSeries[]>;
  /**
   * One entry for each series that has any interval there, in the order asked.
   * Comes in turns, so that calls behind it are not held up; gives up with the signal's reason.
   */
  columns(query: ColumnQuery, signal: AbortSignal): AsyncIterable<SeriesColumns>;
  events(query: EventQuery): Promise<readonly HistoryEvent[]>;
  /** All tiers, finest first. */
  extents(): Promise<readonly TierExtent[]>;
}
