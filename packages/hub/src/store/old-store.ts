import type { Series } from "@wsight/protocol";

/**
 * One series over one interval `[at, at + intervalMs)`. Counters: `sum` is the
 * growth, `last` the value since the process began. Gauges: min, max, sum and
 * count of the readings. Histograms: `histogram` is the sparse varint form of
 * what was recorded within the interval; min, max, sum, count repeat it.
 *
 * Every number is finite: an interval in which nothing could be read has no
 * sample. Negative zero may come back as zero.
 */
export interface Sample {
  /** `service/instance` that measured it. */
  readonly node: string;
  readonly series: Series;
  /** Start of the interval, ms epoch. */
  readonly at: number;
  readonly intervalMs: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
  readonly last: number;
  readonly histogram?: Uint8Array;
}

/** What to read: samples of the named metrics whose interval starts in `[fromAt, toAt)`. */
export interface StoreQuery {
  readonly metrics: readonly string[];
  readonly fromAt: number;
  readonly toAt: number;
  /** Only this node. */
  readonly node?: string;
}

/** How a store fares. */
export interface StoreStats {
  /** Samples it holds. */
  readonly samples: number;
  /** Bytes on disk, `null` when it can't say. */
  readonly bytes: number | null;
  /** Start of the oldest interval held, ms epoch; `null` while empty. */
  readonly oldestAt: number | null;
  /** Names of damaged files that were moved aside since the store was opened, oldest first. */
  readonly setAside: readonly string[];
}

/**
 * Where history is kept. Every store runs the same contract
 * (`@wsight/testkit`). Nothing here is called on the push path: a caller that
 * cannot wait goes through {@link createStoreWriter}.
 */
export interface Store {
  /** For people: `libsql`. */
  readonly name: string;
  /**
   * Keeps samples. Resolves once they survive a crash of the process. The same
   * (node, series, at) again replaces what was there, so a retry is harmless.
   * All of them or none. Rejects with `BAD_REQUEST` for samples that can't be
   * kept (see {@link Sample}), with `STORE_UNAVAILABLE` when a retry may help.
   */
  append(samples: readonly Sample[]): Promise<void>;
  /** Samples in order of `at`. `signal` gives up early with its reason, an `AbortError` unless the caller chose another. */
  read(query: StoreQuery, options?: { readonly signal?: AbortSignal }): Promise<readonly Sample[]>;
  /** Deletes intervals that started before `beforeAt`, in small slices; says how many samples went. */
  prune(beforeAt: number): Promise<number>;
  stats(): Promise<StoreStats>;
  /** Finishes what was accepted and closes; safe to call twice. */
  close(): Promise<void>;
}
