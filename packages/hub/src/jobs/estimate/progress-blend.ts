import type { DurationEstimate } from "@wsight/protocol";
import type { RunProgress } from "./estimator.ts";
import type { RunNode } from "./run-node.ts";

// What progress says of the rest of a run is the time it took so far, by the
// share that is left. How far that was off, by how far the run had come, is
// learned for each queue and each name in it; the two guesses, by time and by
// progress, are then weighted by how sure each is.

/** Progress classes, and for each: runs, sum and sum of squares of how much longer the rest was (logarithms). */
const BOUNDS = [10, 30, 60, 90] as const;
const CLASSES = BOUNDS.length + 1;
const FIELDS = 3;
/** Numbers a node holds of progress. */
export const PROGRESS_FIELDS: number = CLASSES * FIELDS;

const KEEP = 1 - 1 / 60;
const PSEUDO_RUNS = 4;
const FIRST_VARIANCE = 0.36;
const LEAST_VARIANCE = 0.0025;
const FURTHEST = 3;
const LEAST_LEFT = 0.005;
/** Of the rest that it promised: silent for so long, progress counts for half. */
const PATIENCE = 0.25;
const LEAST_PATIENCE_MS = 2_000;
/** How late or early events may be told, ms: progress that was told this soon says next to nothing of the rest. */
const JITTER_MS = 50;
/** Of its spread and of how long nothing was told: what is left, roughly, of what has not come although it was due. */
const OVERDUE = 0.5;
const NORMAL_P90 = 1.2816;

/** Learns how far progress was off on the way of a run. */
export function learnProgress(node: RunNode, runMs: number, told: readonly (readonly [number, number])[]): void {
  for (const [elapsedMs, percent] of told) {
    if (!(elapsedMs > 0 && percent > 0 && percent < 100 && elapsedMs < runMs)) continue;
    const off = Math.log((runMs - elapsedMs) / promised(elapsedMs, percent));
    node.progress ??= new Float32Array(PROGRESS_FIELDS);
    count(node.progress, classOf(percent) * FIELDS, Math.min(FURTHEST, Math.max(-FURTHEST, off)));
  }
}

/** What is left, by time and by progress together. `nodes`: broadest first. */
export function blendProgress(
  byTime: DurationEstimate,
  progress: RunProgress,
  nodes: readonly (RunNode | null)[],
): DurationEstimate {
  const { percent, elapsedMs } = progress;
  if (percent === null || !(percent > 0) || !(elapsedMs > 0)) return byTime;
  const stuckMs = Math.min(elapsedMs, progress.stuckForMs ?? 0);
  const toldAtMs = Math.max(1, elapsedMs - stuckMs);
  const { bias, variance } = offBy(percent, nodes);
  const promisedMs = promised(toldAtMs, percent) * Math.exp(bias);
  const overdueMs = OVERDUE * Math.sqrt(variance) * stuckMs;
  const leftMs = Math.max(promisedMs - stuckMs, overdueMs, LEAST_LEFT * toldAtMs);
  const silence = stuckMs / Math.max(LEAST_PATIENCE_MS, PATIENCE * promisedMs);
  const timeVariance = spreadOf(byTime) ** 2;
  const progressVariance = (variance + (JITTER_MS / toldAtMs) ** 2) * (1 + silence ** 2) ** 2;
  const sure = 1 / timeVariance + 1 / progressVariance;
  const middle =
    (Math.log(Math.max(1, byTime.p50)) / timeVariance + Math.log(Math.max(1, leftMs)) / progressVariance) / sure;
  const reach = NORMAL_P90 / Math.sqrt(sure);
  return { p10: Math.exp(middle - reach), p50: Math.exp(middle), p90: Math.exp(middle + reach) };
}

function promised(elapsedMs: number, percent: number): number {
  return elapsedMs * Math.max(LEAST_LEFT, 100 / percent - 1);
}

function classOf(percent: number): number {
  const place = BOUNDS.findIndex((bound) => percent < bound);
  return place === -1 ? CLASSES - 1 : place;
}

function count(fields: Float32Array, at: number, off: number): void {
  fields[at] = KEEP * (fields[at] ?? 0) + 1;
  fields[at + 1] = KEEP * (fields[at + 1] ?? 0) + off;
  fields[at + 2] = KEEP * (fields[at + 2] ?? 0) + off * off;
}

/** Each node shrinks to the broader one before it. */
function offBy(percent: number, nodes: readonly (RunNode | null)[]): { bias: number; variance: number } {
  const at = classOf(percent) * FIELDS;
  let bias = 0;
  let variance = FIRST_VARIANCE;
  for (const node of nodes) {
    const fields = node?.progress;
    if (fields === null || fields === undefined) continue;
    const runs = (fields[at] ?? 0) + PSEUDO_RUNS;
    const mean = ((fields[at + 1] ?? 0) + PSEUDO_RUNS * bias) / runs;
    const square = ((fields[at + 2] ?? 0) + PSEUDO_RUNS * (variance + bias * bias)) / runs;
    bias = mean;
    variance = Math.max(LEAST_VARIANCE, square - mean * mean);
  }
  return { bias, variance };
}

function spreadOf(left: DurationEstimate): number {
  const spread = Math.log(Math.max(1, left.p90)) - Math.log(Math.max(1, left.p10));
  return Math.max(Math.sqrt(LEAST_VARIANCE), spread / (2 * NORMAL_P90));
}
