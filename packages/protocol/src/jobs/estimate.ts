import type { JobPlan, SizeCategory } from "./job-classes.ts";

/** A duration that is not known yet: half of all such end before `p50`, a tenth before `p10`, nine tenths before `p90`. ms. */
export interface DurationEstimate {
  readonly p10: number;
  readonly p50: number;
  readonly p90: number;
}

/** What is expected of a job. */
export interface JobEstimate {
  /** Until it begins; zero for one that runs. */
  readonly wait: DurationEstimate;
  /** From its start to its end, of the try that is under way or next. */
  readonly run: DurationEstimate;
  /** From now to its end. */
  readonly remaining: DurationEstimate;
  /** When it ends, ms epoch, by `remaining.p50`. */
  readonly finishAt: number;
  /**
   * 0 to 100: how many of 100 such runs end within 25 % of `run.p50`, as past ones did. Calibrated, never a wish.
   */
  readonly confidence: number;
  /** Finished jobs it was learned from, and how many make a usual estimate; below, the page says "learning". */
  readonly samples: number;
  readonly samplesWanted: number;
  /** True while no finished job speaks: size class and plan alone. */
  readonly prior: boolean;
}

/** One reason of an estimate. */
export interface EstimateFactor {
  /** `size`, `priority`, `name`, `user`, `load`, `queue`, `progress`. */
  readonly factor: string;
  /** What it multiplies the broader figure with: 1 changes nothing. */
  readonly multiplier: number;
  /** Finished jobs behind it; 0 for a prior. */
  readonly samples: number;
  /** For people. */
  readonly text: string;
}

/** Why an estimate is as it is. */
export interface EstimateExplanation {
  /** Most telling first. */
  readonly factors: readonly EstimateFactor[];
  /** The level that decided, e.g. `queue documents, name ocr, 8–16 MB`. */
  readonly level: string;
  /** Finished jobs most like it, newest first, at most 10. */
  readonly similar: readonly SimilarJob[];
}

/** A finished job that an estimate was made from. No person is named. */
export interface SimilarJob {
  readonly job: string;
  readonly endedAt: number;
  readonly runMs: number;
  readonly sizeBytes: number | null;
}

/** Body of `POST /api/dashboard/estimation/test`: what if such a job were queued now. */
export interface EstimationTest {
  /** @default the busiest queue */
  readonly queue?: string;
  readonly name?: string;
  readonly fileSize?: number;
  readonly sizeCategory?: SizeCategory;
  readonly userPlan?: JobPlan;
  readonly userId?: string;
  /** Jobs that are before it. @default those that wait now with its priority or a better one */
  readonly queuePosition?: number;
  /** Workers that take jobs. @default those that are there */
  readonly workers?: number;
  /** How loaded the machines are, 0–1: CPUs that are busy, or memory that is short. @default as it is now */
  readonly load?: number;
}

/** Answer of `POST /api/dashboard/estimation/test`. */
export interface EstimationAnswer {
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  readonly queue: string;
  readonly sizeCategory: SizeCategory | null;
  readonly estimatedSeconds: number;
  readonly estimate: JobEstimate;
  readonly explanation: EstimateExplanation;
  /** What was taken for what the question left open. */
  readonly assumed: {
    readonly queuePosition: number;
    readonly workers: number;
    readonly active: number;
    readonly load: number | null;
  };
}

/** One job that ended, and what had been said of it when it was queued. */
export interface EstimateOutcome {
  readonly job: string;
  readonly queue: string;
  /** ms epoch. */
  readonly endedAt: number;
  readonly predictedRunMs: number;
  readonly p10: number;
  readonly p90: number;
  readonly runMs: number;
  readonly confidence: number;
  /** `null`: it did not wait, or nothing was said. */
  readonly predictedWaitMs: number | null;
  readonly waitMs: number | null;
}

/** How good estimates were: of one queue, or of all. */
export interface EstimateRecord {
  readonly queue: string | null;
  /** Jobs that ended and had been estimated. */
  readonly samples: number;
  /** Over the newest of them, at most 500; `null` for none. */
  readonly meanErrorMs: number | null;
  readonly medianErrorMs: number | null;
  /** max(p/a, a/p): 1 is perfect. */
  readonly medianRatio: number | null;
  /** Share of runs within the 80 % interval, 0–1. */
  readonly coverage: number | null;
  /** Share of runs within 25 % of what was said, and the mean confidence that was given, both 0–1: equal when honest. */
  readonly within25: number | null;
  readonly meanConfidence: number | null;
  readonly medianWaitErrorMs: number | null;
  /** Newest first, at most 200. */
  readonly outcomes: readonly EstimateOutcome[];
}
