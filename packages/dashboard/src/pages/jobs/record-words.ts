import type { EstimateRecord } from "@wsight/protocol";

/** Fewer than these say little of a share. */
const ENOUGH = 30;
/** Shares as far apart as this are not told apart by so few jobs. */
const NEAR = 0.08;

/** The record of a queue, or of all together; `null` while there is none. */
export function recordOf(records: readonly EstimateRecord[], queue: string | null): EstimateRecord | null {
  return records.find((record) => record.queue === queue) ?? null;
}

/** Whether as many ended within the interval as are meant to. */
export function judgeCoverage(coverage: number | null): string {
  if (coverage === null) return "not known yet";
  if (coverage < 0.8 - NEAR) return "too narrow";
  return coverage > 0.8 + NEAR ? "wider than need be" : "as it should be";
}

/** Whether the confidence that was given was kept. */
export function judgeConfidence({ within25, meanConfidence, samples }: EstimateRecord): string {
  if (within25 === null || meanConfidence === null || samples < ENOUGH) return "too few to judge";
  if (within25 < meanConfidence - NEAR) return "too sure of itself";
  return within25 > meanConfidence + NEAR ? "surer than it said" : "as honest as said";
}
