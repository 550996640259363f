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

/** How long a row holds while others change, ms, and how many are held. */
const HOLDS_MS = 1000;
const MAX_ROWS = 5000;

/** Rows of jobs, shared between those who look at the same. */
export class RowCache {
  readonly #make: (job: TrackedJob) => JobRow;
  readonly #rows = new Map<
    TrackedJob,
    { readonly row: JobRow; readonly at: number; readonly revision: number; readonly version: number | null }
  >();

  constructor(make: (job: TrackedJob) => JobRow) {
    this.#make = make;
  }

  /** @param version what all jobs are like; the row is as new as that. `null`: it may be a second old */
  of(job: TrackedJob, version: number | null, now: number): JobRow {
    const known = this.#rows.get(job);
    const isFresh = known !== undefined && known.revision === job.revision && Math.abs(now - known.at) < HOLDS_MS;
    if (isFresh && (version === null || (version === known.version && now === known.at))) return known.row;
    if (this.#rows.size >= MAX_ROWS) this.#rows.clear();
    const row = this.#make(job);
    this.#rows.set(job, { row, at: now, revision: job.revision, version });
    return row;
  }
}
