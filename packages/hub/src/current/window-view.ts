import type { HistoryAggregate, Labels } from "@wsight/protocol";

/** Which series are looked at, and how they are put into groups. */
export interface WindowChoice {
  readonly metric: string;
  /** Only series with these attribute values. */
  readonly where?: Labels;
  /** Only these nodes, as `service/instance`. */
  readonly nodes?: readonly string[];
  /** One group for each set of values of these: attributes, `node`, `service`; empty for one group in all. */
  readonly by: readonly string[];
  /** What will be made of it: a source that has to read need not read what else there is. */
  readonly agg: HistoryAggregate;
}

/** What one counter or gauge, or the number of values of one distribution, came to in a window. */
export interface WindowReading {
  /** Seconds with a reading: what history has samples of. 0: nothing is known, and the rest means nothing. */
  count: number;
  /** Of counters and distributions the growth, of gauges the sum of the readings. */
  sum: number;
  min: number;
  max: number;
  /** Newest reading; of a counter its value since its process began. */
  last: number;
}

/** When one node was known. Windows are the `seconds` up to and with `second`. */
export interface WindowNode {
  /** `service/instance`. */
  readonly key: string;
  /** Seconds in which it was known. */
  knownSeconds(second: number, seconds: number): number;
  /** True when it was known in that one second. */
  knownIn(second: number): boolean;
  /** The newest second within the window in which it was known; −Infinity for none. */
  lastKnown(second: number, seconds: number): number;
}

/** One series of a group. */
export interface WindowSeries {
  readonly node: WindowNode;
  /** Writes what it came to in the window into `reading`. */
  read(second: number, seconds: number, reading: WindowReading): void;
}

/** What the distributions of a group recorded in a window, bucket by bucket. */
export interface WindowDistribution {
  readonly count: number;
  readonly sum: number;
  /** NaN while empty, as are the others. */
  min(): number;
  max(): number;
  /** Nearest rank, within 1.1 %. */
  quantile(q: number): number;
}

/** Series that are put together. */
export interface WindowGroup {
  readonly key: string;
  /** Values of what `by` named; empty text where a series has none. */
  readonly labels: Labels;
  /** Those of one node one after the other. */
  readonly series: readonly WindowSeries[];
  /** Each once. */
  readonly nodes: readonly WindowNode[];
  /** Seconds in which any of its nodes was known. */
  knownSeconds(second: number, seconds: number): number;
  /** Of distributions; `null` while the window is still being read in: ask again in the next second. */
  distribution(second: number, seconds: number): WindowDistribution | null;
  /** True when it has series, and all of them ended as they should: their process said goodbye, or has them no more. */
  ended(second: number, seconds: number): boolean;
}

/** Groups of series, kept up as series come and go. */
export interface SeriesWindows {
  /** As they stand. A group without changes stays the same object. */
  groups(): readonly WindowGroup[];
}
