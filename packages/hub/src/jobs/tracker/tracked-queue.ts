import type { QueueReading } from "@wsight/protocol";
import type { JobSource } from "../jobs.ts";
import { CountRing, DistributionRing } from "./count-ring.ts";
import { FailedTries } from "./failed-tries.ts";
import { SortedList } from "./sorted-list.ts";

/** What a queue says of itself counts for this long, ms. */
const READING_MS = 30_000;
const MAX_PRIORITIES = 64;
const NOWHERE = { at: 0, priority: 0 } as const;
const MINUTE_MS = 60_000;

/** Where a job is held in the indexes: as it was when they were last told. */
export interface JobPlace {
  readonly state: "waiting" | "delayed" | "active" | "ended";
  readonly priority: number;
  /** Since when it waits or may begin, was begun, or ended. */
  readonly at: number;
}

/** What a queue needs to know of a job. */
interface Placed {
  readonly number: number;
  /** Set by the queue. */
  place: JobPlace | null;
}

/** A queue with its live jobs and what is counted of it. */
export class TrackedQueue<Job extends Placed> {
  readonly name: string;
  /** Who told of it last. */
  library: string;
  /** When anything was last heard of it, ms epoch. */
  seenAt = 0;
  /** All of them that are in memory, by id. */
  readonly jobs: Map<string, Job> = new Map();
  /** Those that wait, in the order in which they begin. */
  readonly line: SortedList<Job> = new SortedList<Job>(compareWaiting);
  readonly delayed: Set<Job> = new Set();
  readonly active: Set<Job> = new Set();
  readonly ended: Set<Job> = new Set();
  readonly added: CountRing = new CountRing(60, 1000);
  readonly done: CountRing = new CountRing(60, 1000);
  readonly failed: CountRing = new CountRing(60, 1000);
  readonly failedOfDay: CountRing = new CountRing(144, 10 * MINUTE_MS);
  readonly doneByMinute: CountRing = new CountRing(15, MINUTE_MS);
  readonly failedByMinute: CountRing = new CountRing(15, MINUTE_MS);
  readonly waits: DistributionRing = new DistributionRing(15, MINUTE_MS);
  readonly runs: DistributionRing = new DistributionRing(15, MINUTE_MS);
  readonly failedTries: FailedTries = new FailedTries();
  /** Most jobs that ran at once, by minute of the last 15. */
  readonly #peaks: { minute: number; peak: number }[] = [];
  /** Grows with whatever changes the outlook. */
  version = 0;
  #reading: QueueReading | null = null;

  constructor(name: string, { source }: JobSource) {
    this.name = name;
    this.library = source;
  }

  /** Jobs that have not ended. */
  get live(): number {
    return this.line.size + this.delayed.size + this.active.size;
  }

  /** Takes what the queue says of itself; of two, the newer. */
  read(reading: QueueReading): void {
    if (this.#reading !== null && reading.at < this.#reading.at) return;
    this.#reading = reading;
    this.library = reading.library;
    this.version++;
  }

  /** What it said of itself lately; `null` for nothing. */
  readingAt(now: number): QueueReading | null {
    return this.#reading !== null && now - this.#reading.at <= READING_MS ? this.#reading : null;
  }

  /** Puts a job where it belongs by now, and takes it from where it was. */
  place(job: Job, place: JobPlace | null): void {
    const before = job.place;
    // In the line it is found by its old place.
    if (before?.state === "waiting") this.line.delete(job);
    else if (before !== null) this[before.state].delete(job);
    job.place = place;
    this.version++;
    if (place === null) return;
    if (place.state === "waiting") this.line.add(job);
    else this[place.state].add(job);
    if (place.state === "active") this.#notePeak(place.at);
  }

  /** Since when the job waits that waits longest, ms epoch; looks at the first of each of 64 priorities. */
  oldestAt(): number | null {
    let oldest: number | null = null;
    let first = this.line.first;
    for (let looks = 0; first !== undefined && looks < MAX_PRIORITIES; looks++) {
      const { at, priority } = first.place ?? NOWHERE;
      oldest = oldest === null ? at : Math.min(oldest, at);
      first = this.line.seek(({ place }) => (place?.priority ?? 0) <= priority);
    }
    return oldest;
  }

  /** Most jobs that ran at once within the last 15 minutes. */
  peakAt(now: number): number {
    const from = Math.floor(now / MINUTE_MS) - 15;
    return this.#peaks.reduce((peak, one) => (one.minute > from ? Math.max(peak, one.peak) : peak), this.active.size);
  }

  #notePeak(at: number): void {
    const minute = Math.floor(at / MINUTE_MS);
    const last = this.#peaks.at(-1);
    if (last === undefined || last.minute < minute) this.#peaks.push({ minute, peak: this.active.size });
    else last.peak = Math.max(last.peak, this.active.size);
    if (this.#peaks.length > 16) this.#peaks.shift();
  }
}

function compareWaiting(a: Placed, b: Placed): number {
  const first = a.place;
  const second = b.place;
  if (first === null || second === null) return a.number - b.number;
  return first.priority - second.priority || first.at - second.at || a.number - b.number;
}
