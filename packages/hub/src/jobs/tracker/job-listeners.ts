import type { JobRow } from "@wsight/protocol";
import type { JobChange } from "../jobs.ts";
import type { TrackedJob } from "./tracked-job.ts";

/** Between two reports of one job's progress, ms. */
const PROGRESS_MS = 100;

/** What listeners are told with. */
export interface ListenerParts {
  readonly now: () => number;
  readonly toRow: (job: TrackedJob) => JobRow;
  /** Told of a listener that throws. */
  readonly onError: (error: unknown) => void;
}

/** Tells listeners what came to jobs, and of progress no more often than ten times a second and job. */
export class JobListeners {
  readonly #parts: ListenerParts;
  readonly #listeners = new Set<(change: JobChange) => void>();
  /** Their newest progress is not told yet. */
  readonly #untold = new Set<TrackedJob>();
  #timer: NodeJS.Timeout | null = null;

  constructor(parts: ListenerParts) {
    this.#parts = parts;
  }

  /** Returns how to end it. */
  add(hear: (change: JobChange) => void): () => void {
    const listener = (change: JobChange): void => hear(change);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Something came to a job. */
  tell(job: TrackedJob, kind: JobChange["kind"]): void {
    if (this.#listeners.size === 0) return;
    const now = this.#parts.now();
    if (kind === "progress" && Math.abs(now - job.toldAt) < PROGRESS_MS) {
      this.#untold.add(job);
      this.#timer ??= setTimeout(() => this.#tellLate(), PROGRESS_MS).unref();
      return;
    }
    this.#untold.delete(job);
    if (kind === "progress") job.toldAt = now;
    this.#say(new Change(job, kind, this.#parts.toRow));
  }

  /** Says what waits, and nothing more. */
  close(): void {
    this.#tellLate();
    this.#listeners.clear();
  }

  #tellLate(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const untold = [...this.#untold];
    this.#untold.clear();
    for (const job of untold) {
      if (job.life.phase !== "active") continue;
      job.toldAt = this.#parts.now();
      this.#say(new Change(job, "progress", this.#parts.toRow));
    }
  }

  #say(change: JobChange): void {
    for (const hear of this.#listeners) {
      try {
        hear(change);
      } catch (error) {
        this.#parts.onError(error);
      }
    }
  }
}

/** A change whose job is put into words when somebody looks: most changes have an owner who is not there. */
class Change implements JobChange {
  readonly kind: JobChange["kind"];
  readonly userId: string | null;
  readonly final: boolean;
  readonly result: string | null;
  readonly retryInMs: number | null;
  readonly #job: TrackedJob;
  readonly #toRow: (job: TrackedJob) => JobRow;
  #row: JobRow | null = null;

  constructor(job: TrackedJob, kind: JobChange["kind"], toRow: (job: TrackedJob) => JobRow) {
    const { userId, phase, result, retryInMs } = job.life;
    this.kind = kind;
    this.userId = userId;
    this.final = phase === "failed";
    this.result = kind === "completed" ? result : null;
    this.retryInMs = retryInMs;
    this.#job = job;
    this.#toRow = toRow;
  }

  get job(): JobRow {
    this.#row ??= this.#toRow(this.#job);
    return this.#row;
  }
}
