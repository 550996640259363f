import type { RunEstimate } from "../estimate/estimator.ts";

/** Three ways through a wait: p10, p50, p90, ms. */
export type SaidWait = readonly [number, number, number];

/**
 * What was said of a job, as numbers in a row: a hundred thousand jobs that wait have little more than this.
 * First the run (p10, p50, p90, confidence, samples, samples wanted, prior), then how it was found, then the wait.
 */
export type Said = readonly number[];

const BASIS = 7;
const WAIT = 12;

/** Puts what was said in a row. */
export function packSaid(run: RunEstimate, wait: SaidWait | null): Said {
  const { p10, p50, p90, confidence, samples, samplesWanted, prior, basis } = run;
  const row = [p10, p50, p90, confidence, samples, samplesWanted, prior ? 1 : 0];
  if (basis === undefined) row.push(Number.NaN, Number.NaN, Number.NaN, Number.NaN, Number.NaN);
  else row.push(basis.asOf, basis.median, basis.below, basis.above, basis.near);
  if (wait !== null) row.push(...wait);
  // A copy has room for no more than it holds.
  return row.slice();
}

/** What was said of the run. */
export function runOf(said: Said): RunEstimate {
  const [p10 = 0, p50 = 0, p90 = 0, confidence = 0, samples = 0, samplesWanted = 0, prior = 0] = said;
  const [asOf = Number.NaN, median = 0, below = 0, above = 0, near = 0] = said.slice(BASIS, WAIT);
  const run = { p10, p50, p90, confidence, samples, samplesWanted, prior: prior === 1 };
  return Number.isNaN(asOf) ? run : { ...run, basis: { asOf, median, below, above, near } };
}

/** The median of the run, ms. */
export function medianOf(said: Said): number {
  return said[1] ?? 0;
}

/** What was said of the wait; `null` for nothing. */
export function waitOf(said: Said): SaidWait | null {
  const [p10, p50, p90] = said.slice(WAIT);
  return p10 === undefined || p50 === undefined || p90 === undefined ? null : [p10, p50, p90];
}
