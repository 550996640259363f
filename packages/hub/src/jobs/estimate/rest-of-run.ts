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

/**
 * What is left of a run that has taken a time already: of all runs that take longer than that, a tenth, half and nine
 * tenths. `grid`: how long such runs take, `null` when nothing was learned.
 */
export function restOfRun(grid: LogGrid | null, said: DurationEstimate, elapsedMs: number): DurationEstimate {
  if (!(elapsedMs > 0)) return { p10: said.p10, p50: said.p50, p90: said.p90 };
  const elapsed = Math.log(Math.max(1, elapsedMs));
  const longer = survival(grid, said);
  const now = longer(elapsed);
  const at = (share: number): number => solve(longer, share * now, elapsed);
  const left = (log: number): number => Math.max(0, Math.exp(log) - elapsedMs);
  return { p10: left(at(0.9)), p50: left(at(0.5)), p90: left(at(0.1)) };
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
