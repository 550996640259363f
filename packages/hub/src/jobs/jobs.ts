import type {
  EstimateRecord,
  EstimationAnswer,
  EstimationTest,
  JobDetail,
  JobEvent,
  JobPage,
  JobQuery,
  JobRow,
  QueueReading,
  QueuesTable,
  WorkerBeat,
  WorkersTable,
} from "@wsight/protocol";

/** Who tells of jobs. */
export interface JobSource {
  readonly source: "bullmq" | "app" | "api";
  /** `service/instance`; `null` for a program that is no process wsight knows. */
  readonly node: string | null;
}

/** What became of events. */
export interface TakenJobs {
  /** They changed something. */
  readonly taken: number;
  /** Told before, or overtaken by what came after them. */
  readonly ignored: number;
  /** Found no room. */
  readonly refused: number;
  /** Resolves once what they changed is kept, or at once when nothing is kept; never rejects. */
  readonly kept: Promise<void>;
}

/** Something came to a job, told once for each change that counts; progress is told at most ten times a second and job. */
export interface JobChange {
  readonly kind: "queued" | "started" | "progress" | "completed" | "failed" | "retried" | "stalled" | "removed";
  /** Put into words, with its estimate, when it is first read. */
  readonly job: JobRow;
  /** Whose it is: the same as `job.userId`, but free of cost. */
  readonly userId: string | null;
  /** With `failed`: it is not tried again. */
  readonly final: boolean;
  /** With `completed`, JSON text; and until the next try, with `failed`. */
  readonly result: string | null;
  readonly retryInMs: number | null;
}

/** A job that is there again, as it was kept. */
export interface RestoredJob {
  readonly queue: string;
  readonly id: string;
  readonly userId: string | null;
}

/** Figures of all queues together, since the hub began or as they are now. */
export interface JobTotals {
  readonly queues: number;
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly stalled: number;
  readonly donePerMinute: number;
  readonly failedPerMinute: number;
  readonly workers: number | null;
  /** Mean run and wait over the last 15 minutes, ms. */
  readonly meanRunMs: number | null;
  readonly meanWaitMs: number | null;
  /** Share of those that ended in the last 15 minutes, 0–1. */
  readonly errorRate: number | null;
}

/** Jobs, queues and workers as the hub knows them. Nothing here waits for a disk but what is a promise. */
export interface Jobs {
  /** Takes in what happened, times in the hub's clock already. Never throws. */
  take(events: readonly JobEvent[], source: JobSource): TakenJobs;
  beat(beats: readonly WorkerBeat[], source: JobSource): void;
  read(readings: readonly QueueReading[], source: JobSource): void;
  /** Adds to what was dropped before it came. */
  lost(count: number): void;
  /** A window of those in memory: live ones, and the newest 1000 that ended. */
  list(query: JobQuery): JobPage;
  /** The same in slices, so that nobody else waits while a hundred thousand jobs are searched and put in order. */
  listInTurns(query: JobQuery): Promise<JobPage>;
  /** Those that ended, also those of long ago; newest first. */
  ended(query: JobQuery): Promise<JobPage>;
  find(queue: string, id: string): Promise<JobDetail | null>;
  /** Live jobs of a user, newest first, at most 100, then those that ended within the last `endedMs`. */
  ofUser(userId: string, endedMs: number): readonly JobRow[];
  /** How many jobs of a queue are known that have not ended. */
  liveIn(queue: string): number;
  /** What came of a job that is in memory, JSON text. */
  resultOf(queue: string, id: string): string | null;
  queues(): QueuesTable;
  workers(): WorkersTable;
  totals(): JobTotals;
  /** @throws WsightError `NOT_FOUND` for a queue that is not known */
  estimate(test: EstimationTest): EstimationAnswer;
  /** How good estimates were: all queues together first, then each. */
  records(): readonly EstimateRecord[];
  /** Returns how to end it. */
  listen(hear: (change: JobChange) => void): () => void;
  /** Told once what was kept is there again, `null`, and of single jobs of it that were looked up. Returns how to end it. */
  onRestored(hear: (job: RestoredJob | null) => void): () => void;
  /** True once anybody told of a job, a queue or a worker. */
  readonly used: boolean;
  /** Once a second: what time does to jobs. `at` is the hub's, ms epoch. */
  observe(at: number): void;
  /** Keeps what is left. */
  close(): Promise<void>;
}
