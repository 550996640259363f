import type { JobPlan, SizeCategory } from "@wsight/protocol";

/** One run that was learned from; shared by the nodes of all its contexts. */
export interface PastRun {
  /** Natural logarithm of ms, without the share of the load. */
  readonly log: number;
  /** `null` when not known. */
  readonly sizeBytes: number | null;
  readonly sizeCategory: SizeCategory | null;
  readonly plan: JobPlan | null;
  /** By `logOfSize` and `logOfClass`; NaN when nothing is known of the size. */
  readonly logSize: number;
  readonly logClass: number;
  /** Its place among all runs of the queue, from 1. */
  readonly place: number;
  /** ms epoch. */
  readonly endedAt: number;
  readonly job: string;
  /** It was cut off; `log` is what it would have taken, by what was known. */
  readonly cut: boolean;
}

/** Runs that an estimate uses of a context. */
export const USED_RUNS = 16;
/** Some more are held, for estimates that were made before the newest ended. */
const HELD_RUNS = 24;

/** What is known of one context: its newest runs, and how their progress did. */
export class RunNode {
  /** Oldest first. */
  readonly runs: PastRun[] = [];
  /** Runs ever learned from, without those that were cut off. */
  count = 0;
  /** See `progress-blend.ts`; `null` while no run told of its progress. */
  progress: Float32Array | null = null;

  add(run: PastRun): void {
    if (!run.cut) this.count += 1;
    this.runs.push(run);
    if (this.runs.length > HELD_RUNS) this.runs.shift();
  }
}
