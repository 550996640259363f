import type { ProbeContext } from "../../integration.ts";
import type { BullJob, BullQueue } from "./bullmq-like.ts";
import { queuedEvent } from "./job-facts.ts";

/** Adds that are looked into at once, and that wait for it; further ones are told as they are. */
const MAX_AT_ONCE = 4;
const MAX_WAITING = 1000;

interface AddedParts {
  readonly target: BullQueue;
  /** As it is told. */
  readonly queue: string;
  readonly context: ProbeContext;
}

/**
 * Jobs that were added, told as such.
 *
 * With an id of its own, or with deduplication, an add may have changed nothing: the queue has such a job already, and
 * the library does not say so. Those alone are looked into, by a question for the state of the job: one that waits or
 * runs is told without its time, so that the hub takes it for the one it knows; one that has ended is told only if it
 * is the one that was added.
 */
export class AddedJobs {
  readonly #parts: AddedParts;
  readonly #waiting: BullJob[] = [];
  #underWay = 0;
  #ended = false;

  constructor(parts: AddedParts) {
    this.#parts = parts;
  }

  /** A job that `add` or `addBulk` gave back. */
  take(job: BullJob): void {
    const { opts } = job;
    const mayBeAnother = opts.jobId !== undefined || opts.deduplication !== undefined;
    if (!mayBeAnother || this.#waiting.length >= MAX_WAITING) this.#tell(job, !mayBeAnother);
    else {
      this.#waiting.push(job);
      this.#next();
    }
  }

  /** Looks into nothing any more. */
  end(): void {
    this.#ended = true;
    this.#waiting.length = 0;
  }

  #tell(job: BullJob, sure: boolean): void {
    const { queue, context } = this.#parts;
    const event = queuedEvent(queue, job, context, sure);
    if (event === null) return;
    if (event.createdAt !== undefined) context.recentJobs.add(queue, event.job, event.createdAt);
    context.jobs.event(event);
  }

  #next(): void {
    if (this.#underWay >= MAX_AT_ONCE || this.#ended) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#underWay++;
    const { guard } = this.#parts.context;
    void this.#lookInto(job)
      // A queue that can't be asked just now: better told twice than not at all.
      .catch(() => false)
      .then((sure) => {
        this.#underWay--;
        if (!this.#ended && sure !== null) guard.run("hook", () => this.#tell(job, sure), undefined, "bullmq added");
        this.#next();
      });
  }

  /** True: it is the one that was added. False: maybe. `null`: it is another, which has ended. */
  async #lookInto(job: BullJob): Promise<boolean | null> {
    const { target } = this.#parts;
    const id = String(job.id);
    const state = await target.getJobState(id);
    if (state === "unknown") return true;
    if (state !== "completed" && state !== "failed") return false;
    const kept = await target.getJob(id);
    return kept === undefined || kept.timestamp === job.timestamp ? true : null;
  }
}
