import type { DurationEstimate } from "@wsight/protocol";

const NARROWEST = 0.02;
const TAIL = Math.log(5);

/** Logarithms of a duration that follow its three points: between them and beyond, shares fall as powers of time. */
export interface Tail {
  /** Share of runs that take longer than this. */
  above(log: number): number;
  /** Where that share is left. */
  at(share: number): number;
}

/** The tail of an estimate. */
export function tailOf(said: DurationEstimate): Tail {
  const median = Math.log(Math.max(1, said.p50));
  const upper = TAIL / Math.max(NARROWEST, Math.log(Math.max(1, said.p90)) - median);
  const lower = TAIL / Math.max(NARROWEST, median - Math.log(Math.max(1, said.p10)));
  return {
    above: (log) =>
      log >= median ? 0.5 * Math.exp(-upper * (log - median)) : 1 - 0.5 * Math.exp(-lower * (median - log)),
    at: (share) =>
      share <= 0.5 ? median + Math.log(0.5 / share) / upper : median - Math.log(0.5 / (1 - share)) / lower,
  };
}
