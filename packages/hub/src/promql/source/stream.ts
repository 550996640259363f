import type { Labels } from "@wsight/protocol";
import type { Distribution } from "../values/distribution.ts";

/** Values of one line as they are stored, oldest first. */
export type Stream = NumberStream | DistributionStream;

interface StreamBase {
  readonly labels: Labels;
  /** When each value was read, ms epoch: the end of its interval. */
  readonly times: Float64Array;
  /** Length of the intervals, ms. */
  readonly stepMs: number;
}

/** A gauge, a counter, or one count of a distribution. */
export interface NumberStream extends StreamBase {
  readonly type: "number";
  readonly values: Float64Array;
  /** Growth up to each value since the first one, whatever began anew in between; `null` when `values` tell. */
  readonly grown: Float64Array | null;
  /** What a gauge did within each interval; `null` where that is one value. */
  readonly within: Within | null;
}

/** Columns of a coarse tier. */
interface Within {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly count: Float64Array;
}

/** A native histogram that counts since its process began. */
export interface DistributionStream extends StreamBase {
  readonly type: "distribution";
  /** What was recorded in each interval, encoded; `null` for nothing. */
  readonly growths: readonly (Uint8Array | null)[];
  /** What was recorded before the first interval. */
  readonly base: Distribution;
  /** Places in `times` where counting began anew. */
  readonly restarts: ReadonlySet<number>;
}
