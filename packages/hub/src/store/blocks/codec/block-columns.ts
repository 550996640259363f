import type { MetricKind } from "@wsight/protocol";

/**
 * Intervals of one series at one tier, oldest first, as a block holds them.
 * The numeric columns have one number for each interval; `histogram` is empty
 * for counters and gauges, and holds an empty array where an interval has none.
 */
export interface BlockColumns {
  readonly kind: MetricKind;
  /** Length of an interval, ms. */
  readonly stepMs: number;
  readonly length: number;
  /** Start of each interval, ms epoch: ascending multiples of `stepMs`, each at most once. */
  readonly at: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly count: Float64Array;
  readonly last: Float64Array;
  /** Sparse form of `Histogram.encode`; any other bytes come back as they were, too, only less compressed. */
  readonly histogram: readonly Uint8Array[];
}

/** The bytes are not a whole, unharmed block: nothing of it can be trusted. */
export class DamagedBlockError extends Error {
  override readonly name = "DamagedBlockError";
}
