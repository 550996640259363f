import type { Series, TierStep } from "@wsight/protocol";

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
  /** Start of the interval, ms epoch, a multiple of `intervalMs`. */
  readonly at: number;
  /** Length of the interval, ms: a {@link TierStep}. It is kept at that tier and put together for the coarser ones. */
  readonly intervalMs: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
  readonly last: number;
  readonly histogram?: Uint8Array;
}
