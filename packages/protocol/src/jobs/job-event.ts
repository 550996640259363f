import type { JobPlan, SizeCategory } from "./job-classes.ts";

/**
 * What can happen to a job. `failed` ends it only when it says `final`; `retried` puts one back that had ended,
 * or, with the `attempt` that is under way, one that its worker put off without an end;
 * `stalled` means that its worker lost it, and that it waits again; `removed` that it left its queue without an end.
 */
export const JOB_EVENT_KINDS = [
  "queued",
  "started",
  "progress",
  "completed",
  "failed",
  "retried",
  "stalled",
  "removed",
] as const;
export type JobEventKind = (typeof JOB_EVENT_KINDS)[number];

/** Most events of one link frame, one message or one request. */
export const MAX_JOB_EVENTS = 500;
/** Longest names: of a queue, of a job's id, of a user. */
export const MAX_QUEUE_NAME = 64;
export const MAX_JOB_ID = 128;
export const MAX_JOB_USER = 128;
/** Longest names: of a kind of job, of one job as people call it, of a worker. */
export const MAX_JOB_NAME = 128;
export const MAX_JOB_LABEL = 256;
export const MAX_WORKER_NAME = 128;
/** Longest texts: of a stage, of an error; characters of a result as JSON. */
export const MAX_JOB_STAGE = 64;
export const MAX_JOB_ERROR = 512;
export const MAX_JOB_RESULT = 4096;

/** What any event of a job says. `queue` and `job` together name it. */
interface AnyJobEvent {
  /** When it happened, ms epoch of whoever tells it. */
  readonly at: number;
  readonly queue: string;
  /** Id of the job within its queue. */
  readonly job: string;
  /**
   * When the job was made, ms epoch: tells two jobs apart that had one id after the other. An event of an older one is
   * ignored. Left out: the job of that id that is known.
   */
  readonly createdAt?: number;
  /** From 1: which try it is. Left out: the one that is under way. */
  readonly attempt?: number;
}

/** It waits, or is delayed. */
export interface JobQueued extends AnyJobEvent {
  readonly kind: "queued";
  /** What kind of job: a name of the code, not of a thing. @default "" */
  readonly name?: string;
  /** What people call it, a file's name for instance: shown to its owner and to administrators. */
  readonly label?: string;
  /** Whose it is: the `sub` of the owner's token. */
  readonly userId?: string;
  readonly sizeBytes?: number;
  /** @default by `sizeBytes` */
  readonly sizeCategory?: SizeCategory;
  /** The owner's plan; it decides the priority. */
  readonly plan?: JobPlan;
  /** As the queue has it: the lower, the sooner, 0 before all. @default by `plan` */
  readonly priority?: number;
  /** It may begin no sooner than this long after `at`. @default 0 */
  readonly delayMs?: number;
  /** Tries that it has. @default 1 */
  readonly maxAttempts?: number;
}

/** A worker has it. */
export interface JobStarted extends AnyJobEvent {
  readonly kind: "started";
  /** Name of the worker, or of its process. */
  readonly worker?: string;
}

/** It goes on. */
export interface JobProgressed extends AnyJobEvent {
  readonly kind: "progress";
  /** 0 to 100; left out: only the stage changed. */
  readonly percent?: number;
  readonly stage?: string;
  readonly worker?: string;
}

/** It is done. */
export interface JobCompleted extends AnyJobEvent {
  readonly kind: "completed";
  /** What came of it, as JSON text, for its owner alone. */
  readonly result?: string;
  readonly worker?: string;
  /** When the try began, ms epoch, where whoever tells it knows. */
  readonly startedAt?: number;
}

/** A try failed. */
export interface JobFailed extends AnyJobEvent {
  readonly kind: "failed";
  /** Redacted. */
  readonly error: string;
  /** False: it is tried again. */
  readonly final: boolean;
  /** The next try begins no sooner than this long after `at`. */
  readonly retryInMs?: number;
  readonly worker?: string;
  readonly startedAt?: number;
}

/** It was put back, it was lost, or it is gone. */
export interface JobMoved extends AnyJobEvent {
  readonly kind: "retried" | "stalled" | "removed";
  readonly delayMs?: number;
}

/** One thing that happened to a job. Duplicates, late ones and those out of order are harmless. */
export type JobEvent = JobQueued | JobStarted | JobProgressed | JobCompleted | JobFailed | JobMoved;

/** A worker says that it is there; those that do not say so for {@link WORKER_GONE_MS} are taken for dead. */
export interface WorkerBeat {
  readonly at: number;
  readonly queue: string;
  readonly worker: string;
  /** Jobs that it takes at once. */
  readonly concurrency: number;
  /** Jobs that it has. */
  readonly active: number;
  /** It ends in good order. @default false */
  readonly ended?: boolean;
  readonly paused?: boolean;
}

/** Between two beats of a worker, and without one until it is taken for dead, ms. */
export const WORKER_BEAT_MS = 5_000;
export const WORKER_GONE_MS = 20_000;

/** What a queue says of itself, where it can be asked: counts as the queue has them. */
export interface QueueReading {
  readonly at: number;
  readonly queue: string;
  /** Which library: `bullmq`. */
  readonly library: string;
  readonly paused: boolean;
  readonly counts: Readonly<Partial<Record<QueueState, number>>>;
  /** Workers that the queue knows of, in all processes; `null` when it can't say. */
  readonly workers: number | null;
  /** How long the job at its head has waited, ms; `null` for none or unknown. */
  readonly oldestWaitMs: number | null;
}

/** States of jobs as queues count them, in the words of BullMQ. */
export const QUEUE_STATES = [
  "waiting",
  "prioritized",
  "active",
  "delayed",
  "paused",
  "waiting-children",
  "completed",
  "failed",
] as const;
export type QueueState = (typeof QUEUE_STATES)[number];

/**
 * Frame of the link: what happened to jobs. It is acknowledged by `seq`, once what it says is kept, and told again over
 * the next link until it is.
 */
export interface JobsFrame {
  readonly type: "jobs";
  readonly epoch: number;
  /** From 1, one more with each frame of a process. */
  readonly seq: number;
  readonly events: readonly JobEvent[];
  readonly beats: readonly WorkerBeat[];
  readonly queues: readonly QueueReading[];
  /** Events that found no room while nobody took any, since the process began. */
  readonly dropped: number;
  /** Entries that the receiving side could not read, and why one of them; absent for none, and never sent. */
  readonly unread?: { readonly entries: number; readonly reason: string };
}

/**
 * The hub keeps all `jobs` frames up to `seq`: they need not be told again. Those up to `taken` it knows, so that more
 * may come: nobody waits for a disk.
 */
export interface JobsAckFrame {
  readonly type: "jobs-ack";
  readonly seq: number;
  readonly taken: number;
}
