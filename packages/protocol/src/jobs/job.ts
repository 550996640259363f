import type { EstimateExplanation, JobEstimate } from "./estimate.ts";
import type { JobPlan, SizeCategory } from "./job-classes.ts";

/** `waiting` and `delayed` have not begun, or begin again; the last three are ends. */
export const JOB_STATES = ["waiting", "delayed", "active", "completed", "failed", "removed"] as const;
export type JobState = (typeof JOB_STATES)[number];

/** A job as it stands. */
export interface JobRow {
  readonly queue: string;
  readonly id: string;
  readonly state: JobState;
  readonly name: string;
  readonly label: string | null;
  /** `null`: nobody's, or not told to whoever asks. */
  readonly userId: string | null;
  readonly plan: JobPlan | null;
  readonly priority: number | null;
  readonly sizeBytes: number | null;
  readonly sizeCategory: SizeCategory | null;
  /** Tries begun, and how many it has. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Times its worker lost it. */
  readonly stalls: number;
  readonly worker: string | null;
  /** 0 to 100, of the try that is under way; never runs backwards within one. */
  readonly percent: number | null;
  readonly stage: string | null;
  /** ms epoch, of the hub. */
  readonly queuedAt: number | null;
  /** No sooner than this. */
  readonly readyAt: number | null;
  /** Of the newest try. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Of the newest event. */
  readonly changedAt: number;
  /** From being ready to the first start, and of the newest try from start to end, ms. */
  readonly waitMs: number | null;
  readonly runMs: number | null;
  readonly error: string | null;
  /** `null` once it ended, or nothing is known. */
  readonly estimate: JobEstimate | null;
  /** Place among those that wait, from 1. */
  readonly position: number | null;
}

/** One step of a job's life. */
export interface JobStep {
  readonly at: number;
  readonly kind: string;
  readonly attempt: number;
  /** For people: `worker pdf-2`, `62 % analyzing`, the error. */
  readonly text: string;
}

/** A job, closer. */
export interface JobDetail extends JobRow {
  /** Oldest first, at most 64; progress is thinned out. */
  readonly steps: readonly JobStep[];
  /** JSON text, to its owner and to administrators. */
  readonly result: string | null;
  /** What was said when it was queued. */
  readonly firstEstimate: JobEstimate | null;
  readonly explanation: EstimateExplanation | null;
  /** Which of retry and remove its queue can do now. */
  readonly can: readonly JobAction[];
}

/** What an administrator may have done to a job of a queue that can do it. */
export const JOB_ACTIONS = ["retry", "remove", "promote"] as const;
export type JobAction = (typeof JOB_ACTIONS)[number];

/**
 * What lists of jobs are put in order by. `turn`: those that run, the one that began first first, then those that wait
 * by their place in line, then those that are delayed by when they may begin.
 */
export const JOB_SORTS = [
  "changedAt",
  "queuedAt",
  "startedAt",
  "turn",
  "percent",
  "remaining",
  "runMs",
  "waitMs",
] as const;
export type JobSort = (typeof JOB_SORTS)[number];

/** Which jobs. */
export interface JobQuery {
  readonly queue: string | null;
  /** Empty: all. */
  readonly states: readonly JobState[];
  readonly userId: string | null;
  /** Part of an id, name, label, worker or user; empty: all. */
  readonly search: string;
  /** Labels are not searched: who asks is not shown them. @default false */
  readonly withoutLabels?: boolean | undefined;
  /** Of jobs that ended: from when on they did, and until before when, ms epoch. @default any time */
  readonly endedFrom?: number | undefined;
  readonly endedBefore?: number | undefined;
  readonly sort: JobSort;
  readonly descending: boolean;
  readonly offset: number;
  /** 1 to 200. */
  readonly limit: number;
}

/** One window of jobs. */
export interface JobPage {
  /** ms epoch. */
  readonly at: number;
  /** Jobs that are known, in memory, and those that the query takes. */
  readonly known: number;
  readonly matched: number;
  readonly rows: readonly JobRow[];
}

/** One queue as it stands. */
export interface QueueRow {
  readonly queue: string;
  /** `bullmq`; `app` for one that is told by calls; `api` for one told over REST or WebSocket. */
  readonly library: string;
  readonly paused: boolean;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  /** Kept as failed by the queue where it says so, else that failed in the last 24 hours. */
  readonly failed: number;
  readonly workers: number | null;
  /** Of all its workers together: jobs at once. */
  readonly capacity: number | null;
  /** Ended within the last minute, and of them failed. */
  readonly donePerMinute: number;
  readonly failedPerMinute: number;
  /** Added within the last minute. */
  readonly addedPerMinute: number;
  readonly oldestWaitMs: number | null;
  /** Over the last 15 minutes, ms; `null` for none. */
  readonly waitP50: number | null;
  readonly waitP95: number | null;
  readonly runP50: number | null;
  readonly runP95: number | null;
  /** Until those that wait now have begun, ms; `null`: nobody takes them, or nothing is known. */
  readonly clearsInMs: number | null;
  readonly clearsLowMs: number | null;
  readonly clearsHighMs: number | null;
  /** Mean confidence of its estimates, 0–100. */
  readonly confidence: number | null;
  /** Ended in each of the last 15 minutes, oldest first. */
  readonly spark: readonly number[];
}

/**
 * `stalled`: has had a job for longer than nine in ten such take, threefold, without progress · `dead`: silent, with
 * jobs · `silent`: said that it is there and does so no more, without jobs; it does not count among the workers.
 */
export const WORKER_STATES = ["busy", "idle", "paused", "stalled", "silent", "dead"] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

/** One worker of one queue. */
export interface WorkerRow {
  readonly queue: string;
  readonly worker: string;
  /** `service/instance` of the process that told of it. */
  readonly node: string | null;
  readonly state: WorkerState;
  readonly concurrency: number | null;
  readonly active: number;
  /** Share of its places in use over the last minute, 0–1. */
  readonly utilization: number | null;
  readonly completed: number;
  readonly failed: number;
  readonly stalls: number;
  /** Mean run of the last minutes, ms. */
  readonly meanRunMs: number | null;
  readonly seenAt: number;
}

/** Live table `queues`. */
export interface QueuesTable {
  /** The fullest first, at most 64; further queues are counted in `leftOut`. */
  readonly rows: readonly QueueRow[];
  readonly leftOut: number;
  /** Jobs that are held in memory, jobs that found no room, and events that were dropped on their way or not allowed. */
  readonly known: number;
  readonly evicted: number;
  readonly dropped: number;
  /** Where jobs are kept. */
  readonly ledger: { readonly state: "ok" | "opening" | "failing" | "off"; readonly problem: string | null };
}

/** Live table `workers`. */
export interface WorkersTable {
  /** Those in trouble first, then the busiest, at most 200. */
  readonly rows: readonly WorkerRow[];
  readonly total: number;
  readonly stalled: number;
  readonly dead: number;
  /** Share of all places in use over the last minute; largest by mean of jobs done: 1 is even. `null` for none. */
  readonly utilization: number | null;
  readonly imbalance: number | null;
}
