import type { DurationEstimate, EstimateExplanation, JobPlan, SizeCategory } from "@wsight/protocol";

/** What is known of a job before it runs. */
export interface JobFeatures {
  readonly queue: string;
  /** Kind of job; "" for none. */
  readonly name: string;
  readonly sizeBytes: number | null;
  readonly sizeCategory: SizeCategory | null;
  readonly plan: JobPlan | null;
  readonly userId: string | null;
  /** How loaded the machines of its workers were, 0–1; `null` when not known. */
  readonly load: number | null;
}

/** What is expected of a run, ms. */
export interface RunEstimate extends DurationEstimate {
  /** 0 to 100: share of past runs like it within 25 % of `p50`. */
  readonly confidence: number;
  readonly samples: number;
  readonly samplesWanted: number;
  readonly prior: boolean;
  /** Hand it back with the outcome; neither kept nor sent, and harmless to lose. */
  readonly basis?: RunBasis | undefined;
}

/** How an estimate was made, in natural logarithms of ms, before it was corrected by how past ones did. */
export interface RunBasis {
  /** Runs of its queue that had been learned from. */
  readonly asOf: number;
  readonly median: number;
  /** From the median down to a tenth and up to nine tenths. */
  readonly below: number;
  readonly above: number;
  /** Share of runs within 25 % of the median, 0–1. */
  readonly near: number;
}

/** How a run goes on. */
export interface RunProgress {
  readonly elapsedMs: number;
  /** 0 to 100, `null` when nothing was told; and how long ago it last grew, ms. */
  readonly percent: number | null;
  readonly stuckForMs: number | null;
}

/** A run that ended well. Failed tries are counted, never learned from. */
export interface RunOutcome {
  readonly job: string;
  readonly runMs: number;
  /** ms epoch. */
  readonly endedAt: number;
  /** What was said before it ran; learned from, too. */
  readonly said: RunEstimate | null;
  /** Progress on its way: elapsed ms and percent, at most 8, evenly thinned. */
  readonly progress: readonly (readonly [elapsedMs: number, percent: number])[];
}

/**
 * Learns how long jobs run. Bounded: at most 20,000 nodes, each of at most 2 KB, the one used longest ago is forgotten.
 * Deterministic: the same calls give the same answers. `predict` and `learn` take at most 50 µs together.
 */
export interface Estimator {
  predict(features: JobFeatures): RunEstimate;
  /** What is left of a run, conditional on the time that it already takes, blended with its progress. */
  remaining(features: JobFeatures, said: RunEstimate, progress: RunProgress): DurationEstimate;
  learn(features: JobFeatures, outcome: RunOutcome): void;
  /** A run that was cut off, or still goes on: it takes longer than this. At most once a run; harmless to leave out. */
  censored(features: JobFeatures, elapsedMs: number): void;
  explain(features: JobFeatures): EstimateExplanation;
  /** What changed since the last call, to be kept: a node each. */
  takeChanged(limit: number): readonly KeptNode[];
  restore(nodes: Iterable<KeptNode>): void;
  /** Nodes that are held. */
  readonly size: number;
  /** Nodes that `restore` could not read, and left out. */
  readonly damaged: number;
}

/** A part of what was learned, as it is kept. */
export interface KeptNode {
  readonly key: string;
  /** `null`: forgotten. */
  readonly bytes: Uint8Array | null;
}

/** A queue as it stands, for the wait of a job. */
export interface QueueOutlook {
  readonly workers: number;
  /** Runs under way: what is left of each. */
  readonly running: readonly DurationEstimate[];
  /** Runs of those that begin before, in order; with more than are listed, `more` of about the same. */
  readonly ahead: readonly DurationEstimate[];
  readonly more: number;
  /** So many others after them, whose runs are none of those. */
  readonly usual?: { readonly run: DurationEstimate; readonly jobs: number } | undefined;
  /** Until it may begin at the soonest, ms. */
  readonly notBeforeMs: number;
}
