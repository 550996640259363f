import type { JobRow } from "@wsight/protocol";
import { type EtaMoment, type EtaShift, etaShift, type QueueThen } from "./eta-shift.ts";

/** Jobs remembered; those seen longest ago are forgotten. */
const MOST = 2000;
/** Moves of the end of one job that are remembered. */
const MOST_SHIFTS = 5;

/** A move of the expected end, and when it was seen, ms epoch of the hub. */
interface SeenShift extends EtaShift {
  readonly at: number;
}

/** A job as it is shown: its progress never runs backwards, and it is known how its end moved. */
export interface ShownJob extends JobRow {
  /** Newest first. */
  readonly shifts: readonly SeenShift[];
}

interface Memory {
  readonly life: string;
  readonly attempt: number;
  readonly percent: number | null;
  /** The moment that the next move is told from. */
  readonly base: EtaMoment;
  readonly shifts: readonly SeenShift[];
}

/** What the page has shown of jobs, so that lists and the closer look never contradict what was said before. */
export class JobMemory {
  readonly #seen = new Map<string, Memory>();
  readonly #queueOf: (name: string) => QueueThen | null;

  constructor(queueOf: (name: string) => QueueThen | null) {
    this.#queueOf = queueOf;
  }

  /** Jobs remembered. */
  get size(): number {
    return this.#seen.size;
  }

  /** The job as it is to be shown. @param at ms epoch of the hub */
  show<Job extends JobRow>(job: Job, at: number): Job & ShownJob {
    const key = keyOf(job);
    const known = this.#seen.get(key);
    const same = known?.life === lifeOf(job) ? known : undefined;
    const percent = same === undefined || same.attempt !== job.attempt ? job.percent : most(same.percent, job.percent);
    const now = { job, queue: this.#queueOf(job.queue) };
    const shift = same === undefined ? null : etaShift(same.base, now);
    const shifts =
      shift === null ? (same?.shifts ?? []) : [{ ...shift, at }, ...(same?.shifts ?? [])].slice(0, MOST_SHIFTS);
    const base = same === undefined || shift !== null || same.base.job.estimate === null ? now : same.base;
    this.#seen.delete(key);
    this.#seen.set(key, { life: lifeOf(job), attempt: job.attempt, percent, base, shifts });
    this.#trim();
    return { ...job, percent, shifts };
  }

  #trim(): void {
    for (const key of this.#seen.keys()) {
      if (this.#seen.size <= MOST) return;
      this.#seen.delete(key);
    }
  }
}

/** What names a job among all, also in the address. */
export function keyOf({ queue, id }: Pick<JobRow, "queue" | "id">): string {
  return `${encodeURIComponent(queue)}/${id}`;
}

/** The job that {@link keyOf} named; `null` for what names none. */
export function readKey(text: string | undefined): Pick<JobRow, "queue" | "id"> | null {
  const [, queue, id] = /^([^/]+)\/(.+)$/s.exec(text ?? "") ?? [];
  if (queue === undefined || id === undefined) return null;
  try {
    return { queue: decodeURIComponent(queue), id };
  } catch {
    return null;
  }
}

/** Tells two jobs apart that had one id after the other. */
function lifeOf({ queuedAt }: JobRow): string {
  return String(queuedAt);
}

function most(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}
