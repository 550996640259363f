/**
 * Told what is counted and timed of jobs, as it happens; gauges are read from `Jobs.queues()` and `Jobs.workers()`.
 * Names of queues are at most 64 different ones. Must not throw.
 */
export interface JobMeter {
  /** A job was added: once for each life of a job. */
  added(queue: string): void;
  /** A job ended. `runSeconds`: from the start of its last try, or `null` when nobody told of its start. */
  ended(queue: string, outcome: JobOutcome, runSeconds: number | null): void;
  /** A job began for the first time, this long after it was ready. */
  waited(queue: string, seconds: number): void;
  /** A try failed that is not the last one. */
  retried(queue: string): void;
  /** A worker lost a job. */
  stalled(queue: string): void;
}

/** How a job ended, as it is counted. */
export type JobOutcome = "completed" | "failed";
