import type { DurationEstimate } from "@wsight/protocol";
import type { LogGrid } from "./log-grid.ts";
import { tailOf } from "./tail.ts";

/** Share of the mixture; the rest are the tails, for runs longer than any that was seen. */
const OF_MIXTURE = 0.7;
const OF_TAIL = 0.29;
const OF_FAR_TAIL = 0.01;
/** Falls slower than any that was learned: who took ten times as long as expected is not just about to end. */
const FAR_POWER = 1.5;
const STEPS = 30;
const FURTHEST = 40;
const LEAST_STRETCH = 0.5;
const MOST_STRETCH = 3;

/**
 * What is left of a run that has taken a time already: of all runs that take longer than that, a tenth, half and nine
 * tenths. `grid`: how long such runs take, `null` when nothing was learned.
 */
export function restOfRun(grid: LogGrid | null, said: DurationEstimate, elapsedMs: number): DurationEstimate {
  const elapsed = Math.log(Math.max(1, elapsedMs));
  const longer = survival(grid, said);
  const now = longer(elapsed);
  const at = (share: number): number => solve(longer, share * now, elapsed);
  const median = at(0.5);
  const [below, above] = stretch(grid, said);
  const low = Math.max(elapsed, median - below * (median - at(0.9)));
  const high = median + above * (at(0.1) - median);
  const left = (log: number): number => Math.max(0, Math.exp(log) - elapsedMs);
  return { p10: left(low), p50: left(median), p90: left(high) };
}

function survival(grid: LogGrid | null, said: DurationEstimate): (log: number) => number {
  const tail = tailOf(said);
  const middle = Math.log(Math.max(1, said.p50));
  const far = (log: number): number => Math.exp(-FAR_POWER * Math.max(0, log - middle));
  if (grid === null) return (log) => (1 - OF_FAR_TAIL) * tail.above(log) + OF_FAR_TAIL * far(log);
  return (log) => OF_MIXTURE * grid.above(log) + OF_TAIL * tail.above(log) + OF_FAR_TAIL * far(log);
}

/** Where as many are left as wanted; `longer` falls. */
function solve(longer: (log: number) => number, wanted: number, from: number): number {
  let low = from;
  let high = from + FURTHEST;
  for (let step = 0; step < STEPS; step++) {
    const middle = (low + high) / 2;
    if (longer(middle) > wanted) low = middle;
    else high = middle;
  }
  return high;
}

/** How much wider what was said is than the mixture by itself: what was said had been corrected by past runs. */
function stretch(grid: LogGrid | null, said: DurationEstimate): readonly [below: number, above: number] {
  if (grid === null) return [1, 1];
  const median = grid.quantile(0.5);
  const of = (wide: number, own: number): number => Math.min(MOST_STRETCH, Math.max(LEAST_STRETCH, wide / own));
  return [
    of(Math.log(said.p50 / Math.max(1, said.p10)), Math.max(0.02, median - grid.quantile(0.1))),
    of(Math.log(said.p90 / Math.max(1, said.p50)), Math.max(0.02, grid.quantile(0.9) - median)),
  ];
}
