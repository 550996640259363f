import type { JobEstimate, JobRow, JobState } from "@wsight/protocol";
import type { Life } from "./life.ts";
import type { TrackedJob } from "./tracked-job.ts";

/** A job as it stands. */
export function toRow(job: TrackedJob, now: number, estimate: JobEstimate | null): JobRow {
  const { id, queue, place, life } = job;
  const state = place?.state === "waiting" || place?.state === "delayed" ? place.state : life.stateAt(now);
  const position = place?.state === "waiting" ? queue.line.rank(job) + 1 : null;
  return { ...rowOfLife(queue.name, id, state, life), estimate, position };
}

/** What a life says of itself. */
export function rowOfLife(queue: string, id: string, state: JobState, life: Life): JobRow {
  return {
    queue,
    id,
    state,
    name: life.name,
    label: life.label,
    userId: life.userId,
    plan: life.plan,
    priority: life.priority,
    sizeBytes: life.sizeBytes,
    sizeCategory: life.sizeCategory,
    attempt: life.attempt,
    maxAttempts: life.maxAttempts ?? 1,
    stalls: life.stalls,
    worker: life.worker,
    percent: life.percent,
    stage: life.stage,
    queuedAt: life.queuedAt,
    readyAt: life.readyAt,
    startedAt: life.startedAt,
    endedAt: life.endedAt,
    changedAt: life.changedAt,
    waitMs: life.waitMs,
    runMs: life.runMs,
    error: life.error,
    estimate: null,
    position: null,
  };
}
