import type { JobEvent, JobProgressed } from "@wsight/protocol";

/** An event that waits; none once it has left. */
interface Slot {
  event: JobEvent | null;
  readonly job: string;
}

/** How much room is wasted on what has left before the list is made anew. */
const SLACK = 1024;

/**
 * Events that wait for their way out, oldest first. Progress of one job is one event, the newest, as long as nothing
 * else happens to that job; so a job that reports a thousand times while nobody listens costs one place.
 */
export class WaitingEvents {
  #slots: Slot[] = [];
  #head = 0;
  /** Progress in the order it came, to be let go of first. */
  #progress: Slot[] = [];
  #progressHead = 0;
  /** By job: progress that the next one of it is merged into. */
  readonly #open = new Map<string, Slot>();
  #size = 0;
  #weight = 0;

  get size(): number {
    return this.#size;
  }

  /** Characters, roughly, that they take in frames. */
  get weight(): number {
    return this.#weight;
  }

  add(event: JobEvent): void {
    const job = `${event.queue}\0${event.job}`;
    const open = this.#open.get(job);
    if (event.kind !== "progress") {
      if (open !== undefined) this.#open.delete(job);
    } else if (open?.event?.kind === "progress" && sameTry(open.event, event)) {
      const merged = mergeProgress(open.event, event);
      this.#weight += weightOf(merged) - weightOf(open.event);
      open.event = merged;
      return;
    }
    const slot: Slot = { event, job };
    this.#slots.push(slot);
    this.#size++;
    this.#weight += weightOf(event);
    if (event.kind !== "progress") return;
    this.#open.set(job, slot);
    this.#progress.push(slot);
  }

  /** Takes the oldest out, at most so many and so heavy; at least one where there is one. */
  take(most: number, heaviest: number): JobEvent[] {
    const taken: JobEvent[] = [];
    let weight = 0;
    while (this.#head < this.#slots.length && taken.length < most) {
      const slot = this.#slots[this.#head];
      if (slot?.event != null) {
        const heavy = weightOf(slot.event);
        if (taken.length > 0 && weight + heavy > heaviest) break;
        weight += heavy;
        taken.push(slot.event);
        this.#leave(slot);
      }
      this.#head++;
    }
    this.#tidy();
    return taken;
  }

  /** Lets go of the oldest progress, or of the oldest event where there is none. */
  drop(): void {
    const slot = this.#oldestProgress() ?? this.#oldest();
    if (slot === undefined) return;
    this.#leave(slot);
    this.#tidy();
  }

  #oldestProgress(): Slot | undefined {
    while (this.#progressHead < this.#progress.length) {
      const slot = this.#progress[this.#progressHead];
      if (slot?.event != null) return slot;
      this.#progressHead++;
    }
    return undefined;
  }

  #oldest(): Slot | undefined {
    while (this.#head < this.#slots.length) {
      const slot = this.#slots[this.#head];
      if (slot?.event != null) return slot;
      this.#head++;
    }
    return undefined;
  }

  #leave(slot: Slot): void {
    if (slot.event === null) return;
    this.#size--;
    this.#weight -= weightOf(slot.event);
    slot.event = null;
    if (this.#open.get(slot.job) === slot) this.#open.delete(slot.job);
  }

  #tidy(): void {
    if (this.#slots.length > 2 * this.#size + SLACK || this.#size === 0) {
      this.#slots = this.#slots.filter(isThere);
      this.#head = 0;
    }
    if (this.#progress.length > 2 * this.#size + SLACK) {
      this.#progress = this.#progress.filter(isThere);
      this.#progressHead = 0;
    }
  }
}

function isThere(slot: Slot): boolean {
  return slot.event !== null;
}

function sameTry(a: JobProgressed, b: JobProgressed): boolean {
  return a.attempt === b.attempt && a.createdAt === b.createdAt;
}

/** Within one try progress is a maximum. */
function mergeProgress(before: JobProgressed, after: JobProgressed): JobProgressed {
  const percent =
    before.percent === undefined || after.percent === undefined
      ? (after.percent ?? before.percent)
      : Math.max(before.percent, after.percent);
  return { ...before, ...after, ...(percent === undefined ? {} : { percent }) };
}

/** What an event takes besides its texts. */
const BARE = 160;

/** Characters, roughly, that an event takes in a frame; JSON within JSON may double. */
export function weightOf(event: JobEvent): number {
  const common = BARE + event.queue.length + event.job.length;
  switch (event.kind) {
    case "queued":
      return common + 100 + (event.name?.length ?? 0) + (event.label?.length ?? 0) + (event.userId?.length ?? 0);
    case "completed":
      return common + 2 * (event.result?.length ?? 0);
    case "failed":
      return common + 2 * event.error.length;
    default:
      return common;
  }
}
