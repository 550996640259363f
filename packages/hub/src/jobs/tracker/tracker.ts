import type { JobEvent, QueueReading } from "@wsight/protocol";
import { Turn } from "../../live/turns.ts";
import type { Estimator } from "../estimate/estimator.ts";
import type { JobMeter } from "../job-meter.ts";
import type { JobChange, JobSource } from "../jobs.ts";
import type { JobRecord } from "../ledger/ledger.ts";
import { Forecast } from "./forecast.ts";
import { beforeOf, type JobBefore, kindOf } from "./job-before.ts";
import { toLife } from "./job-records.ts";
import { JobTally } from "./job-tally.ts";
import { packSaid } from "./said.ts";
import { SortedList } from "./sorted-list.ts";
import { Tombs } from "./tombs.ts";
import { type JobQueue, TrackedJob } from "./tracked-job.ts";
import { type JobPlace, TrackedQueue } from "./tracked-queue.ts";
import { WorkerRoster } from "./worker-roster.ts";

/** Most jobs that have not ended; beyond, the one that waits longest gives way. */
const MAX_LIVE = 100_000;
/** Jobs that ended and are remembered. */
const MAX_ENDED = 1000;
/** Queues; beyond, one without jobs gives way, if nothing was heard of it for a while, ms. */
const MAX_QUEUES = 64;
const IDLE_MS = 600_000;
/** Names of queues without room that are counted. */
const MAX_LEFT_OUT = 1000;
/** What is told of a job that ended and is forgotten counts as news from this long after its end, ms. */
const LATE_MS = 1000;

/** What the past of all jobs may take, in characters, roughly; beyond, of a job that is told of only the least is kept. */
const MAX_PAST = 60_000_000;
/** A past that takes no more than this is not worth shortening. */
const MIN_PAST = 1500;

/** What a tracker works with. */
export interface TrackerParts {
  readonly estimator: Estimator;
  readonly meter: JobMeter | null;
  /** Most characters, roughly, that the past of all jobs may take. @default 60,000,000 */
  readonly maxPast?: number | undefined;
  /** ms epoch. */
  readonly now: () => number;
  readonly isGone: (node: string) => boolean;
  readonly loadOf: (node: string) => number | null;
  /** Told of each job that changed; `kind` is `null` for what only fills holes. */
  readonly onChange: (job: TrackedJob, kind: JobChange["kind"] | null) => void;
  /** A job that ended is about to begin a new life. */
  readonly onReuse: (job: TrackedJob) => void;
}

/** What became of an event. */
export type Taken = "taken" | "ignored" | "refused";

/**
 * Holds jobs, queues and workers in memory, all bounded, with indexes by state, place, user and queue. What an event
 * changed is found by what a job was before and is after, so that it counts once, however late it came.
 */
export class Tracker {
  readonly queues: Map<string, JobQueue> = new Map();
  readonly roster: WorkerRoster;
  readonly forecast: Forecast;
  readonly tally: JobTally;
  /** Live jobs that gave way to others. */
  evicted = 0;
  /** Grows with whatever changes a job. */
  version = 0;
  readonly #parts: TrackerParts;
  readonly #users = new Map<string, Set<TrackedJob>>();
  /** The one that ended first is the first. */
  readonly #ended = new Set<TrackedJob>();
  readonly #delays = new SortedList<TrackedJob>(
    (a, b) => (a.place?.at ?? 0) - (b.place?.at ?? 0) || a.number - b.number,
  );
  readonly #tombs = new Tombs();
  readonly #leftOut = new Set<string>();
  /** What is expected of them was not found yet. */
  readonly #unsaid = new Set<TrackedJob>();
  #number = 0;
  #past = 0;
  #known = 0;

  constructor(parts: TrackerParts) {
    this.#parts = parts;
    this.roster = new WorkerRoster({ isGone: parts.isGone });
    this.forecast = new Forecast({ estimator: parts.estimator, roster: this.roster, loadOf: parts.loadOf });
    const { meter, estimator, now } = parts;
    this.tally = new JobTally({ meter, estimator, now, roster: this.roster, forecast: this.forecast });
  }

  /** Jobs in memory, and those of them that have not ended. */
  get known(): number {
    return this.#known;
  }

  get live(): number {
    return this.#known - this.#ended.size;
  }

  /** Different queues that found no room, at most 1000 are told apart. */
  get leftOut(): number {
    return this.#leftOut.size;
  }

  find(queue: string, id: string): TrackedJob | null {
    return this.queues.get(queue)?.jobs.get(id) ?? null;
  }

  /** Jobs of a user, live ones and those that ended. */
  ofUser(userId: string): Iterable<TrackedJob> {
    return this.#users.get(userId) ?? [];
  }

  /** Those that ended and are remembered, oldest first. */
  ended(): Iterable<TrackedJob> {
    return this.#ended;
  }

  /** Takes in an event. */
  take(event: JobEvent, source: JobSource): Taken {
    let job = this.queues.get(event.queue)?.jobs.get(event.job);
    const before = job === undefined ? null : beforeOf(job);
    if (job === undefined) {
      const key = keyOf(event.queue, event.job);
      if (this.#isOld(key, event)) return "ignored";
      const queue = this.queueOf(event.queue, source);
      if (queue === null || !this.#makeRoom()) return "refused";
      job = new TrackedJob(event.job, queue, this.#number++, source);
      this.#hold(job);
      for (const early of this.#tombs.takeEarly(key)) job.take(early);
    } else if (event.kind === "queued" && job.life.ended) this.#parts.onReuse(job);
    job.queue.seenAt = this.#parts.now();
    const weight = before === null ? 0 : job.weight();
    const changed = job.take(event);
    this.#weigh(job, weight);
    if (!changed) return "ignored";
    this.#settle(job, before, event);
    return "taken";
  }

  /** Takes what a queue says of itself. */
  read(reading: QueueReading, source: JobSource): void {
    const queue = this.queueOf(reading.queue, source);
    if (queue === null) return;
    queue.read(reading);
    queue.seenAt = this.#parts.now();
    this.version++;
  }

  /** Takes back a job that was kept, unless one of its id is known. */
  restore(record: JobRecord): void {
    if (this.find(record.queue, record.id) !== null) return;
    const source = { source: record.source, node: record.node };
    const queue = this.queueOf(record.queue, source);
    if (queue === null || !this.#makeRoom()) return;
    const job = new TrackedJob(record.id, queue, this.#number++, source);
    const { steps, progress, createdAt, saidRun, saidWait } = record;
    job.restore({ life: toLife(record), steps, progress }, createdAt);
    job.said = saidRun === null ? null : packSaid(saidRun, saidWait);
    job.run = job.said;
    this.#hold(job);
    this.#weigh(job, 0);
    this.#index(job, null);
    if (job.life.worker !== null && job.life.phase === "active")
      this.roster.give(job, job.life.worker, this.#parts.now());
    this.tally.restore(job);
  }

  /** Once a second: jobs whose delay is over wait, and workers are looked at. */
  observe(now: number): void {
    for (let job = this.#delays.first; job !== undefined && (job.place?.at ?? 0) <= now; job = this.#delays.first)
      this.#index(job, job.life.userId);
    this.roster.observe(now);
  }

  /** The queue of a name; `null` when there is no room for it. */
  queueOf(name: string, source: JobSource): JobQueue | null {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    if (this.queues.size >= MAX_QUEUES && !this.#forgetIdleQueue()) {
      if (this.#leftOut.size < MAX_LEFT_OUT) this.#leftOut.add(name);
      return null;
    }
    const queue = new TrackedQueue<TrackedJob>(name, source);
    queue.seenAt = this.#parts.now();
    this.queues.set(name, queue);
    this.#leftOut.delete(name);
    return queue;
  }

  /** True for late news of a job that ended and is not in memory any more. */
  #isOld(key: string, event: JobEvent): boolean {
    const endedAt = this.#tombs.endOf(key);
    if (event.kind === "removed") {
      if (endedAt === null) this.#tombs.addEarly(key, event);
      return true;
    }
    if (endedAt === null) return false;
    return event.at <= endedAt + (event.kind === "queued" ? 0 : LATE_MS);
  }

  /** Says what is expected of a job, unless that was done. */
  say(job: TrackedJob): void {
    if (this.#unsaid.delete(job) || job.said === null)
      if (!job.life.ended) this.forecast.sayFirst(job, this.#parts.now());
  }

  /** Thousands may be queued at once: what is expected of them is found in slices, or when somebody asks. */
  #sayLater(job: TrackedJob): void {
    this.#unsaid.add(job);
    if (this.#unsaid.size === 1) setImmediate(() => void this.#sayAll());
  }

  async #sayAll(): Promise<void> {
    const turn = new Turn();
    for (const job of this.#unsaid) {
      this.say(job);
      if (turn.over) await turn.pause();
    }
  }

  /** The past of many jobs may be long: texts of errors, above all. */
  #weigh(job: TrackedJob, before: number): void {
    const { maxPast = MAX_PAST } = this.#parts;
    const weight = job.weight();
    const isLong = weight > MIN_PAST && this.#past - before + weight > maxPast;
    if (isLong) job.shorten();
    this.#past += (isLong ? job.weight() : weight) - before;
  }

  #hold(job: TrackedJob): void {
    job.queue.jobs.set(job.id, job);
    this.#known++;
  }

  #settle(job: TrackedJob, before: JobBefore | null, event: JobEvent): void {
    const { life } = job;
    const isNew = before === null || before.lives !== job.lives;
    this.version++;
    job.revision++;
    if (isNew) job.said = job.run = null;
    this.#assign(job, before, event);
    this.#index(job, before?.userId ?? null);
    this.tally.measure(job, isNew ? null : before);
    if (event.kind === "queued" && !life.ended) this.#sayLater(job);
    else this.say(job);
    this.#parts.onChange(job, kindOf(job, isNew ? null : before));
  }

  /** A job goes from hand to hand. */
  #assign(job: TrackedJob, before: JobBefore | null, { kind, at }: JobEvent): void {
    const now = this.#parts.now();
    const { life } = job;
    const had = before?.phase === "active" ? before.worker : null;
    const has = life.phase === "active" ? life.worker : null;
    if (had !== null && had !== has) this.roster.take(job, had, now);
    if (has !== null && had !== has) this.roster.give(job, has, now);
    const isItsWord = kind === "started" || kind === "progress" || kind === "completed" || kind === "failed";
    if (life.worker !== null && isItsWord) this.roster.see(job.queue.name, life.worker, at);
  }

  /** Puts a job where it belongs by now. */
  #index(job: TrackedJob, knownUser: string | null): void {
    const { life, queue, place } = job;
    if (life.userId !== knownUser || place === null) this.#own(job, knownUser);
    const now = placeOf(job, this.#parts.now());
    if (place !== null && place.state === now.state && place.at === now.at && place.priority === now.priority) return;
    this.version++;
    job.revision++;
    if (place?.state === "delayed") this.#delays.delete(job);
    queue.place(job, now);
    if (now.state === "delayed") this.#delays.add(job);
    if (now.state !== "ended") this.#ended.delete(job);
    else {
      this.#ended.add(job);
      const [oldest] = this.#ended;
      if (this.#ended.size > MAX_ENDED && oldest !== undefined) this.#forget(oldest);
    }
  }

  #own(job: TrackedJob, knownUser: string | null): void {
    const { userId } = job.life;
    if (knownUser !== null) this.#disown(job, knownUser);
    if (userId === null) return;
    const own = this.#users.get(userId);
    if (own === undefined) this.#users.set(userId, new Set([job]));
    else own.add(job);
  }

  #disown(job: TrackedJob, userId: string): void {
    const own = this.#users.get(userId);
    own?.delete(job);
    if (own?.size === 0) this.#users.delete(userId);
  }

  /** Makes room for a live job; false when all of them are at work. */
  #makeRoom(): boolean {
    if (this.live < MAX_LIVE) return true;
    let oldest: TrackedJob | undefined;
    for (const queue of this.queues.values()) {
      for (const first of [queue.line.first, queue.delayed.values().next().value])
        if (first !== undefined && (oldest === undefined || atOf(first) < atOf(oldest))) oldest = first;
    }
    if (oldest === undefined) return false;
    this.evicted++;
    this.#forget(oldest);
    return true;
  }

  #forgetIdleQueue(): boolean {
    let idle: JobQueue | null = null;
    for (const queue of this.queues.values()) {
      if (queue.live === 0 && (idle === null || queue.seenAt < idle.seenAt)) idle = queue;
    }
    if (idle === null || this.#parts.now() - idle.seenAt < IDLE_MS) return false;
    for (const job of [...idle.ended]) this.#forget(job);
    this.queues.delete(idle.name);
    this.forecast.forget(idle);
    this.tally.scores.forget(idle.name);
    return true;
  }

  #forget(job: TrackedJob): void {
    if (job.place?.state === "delayed") this.#delays.delete(job);
    if (job.life.endedAt !== null) this.#tombs.add(keyOf(job.queue.name, job.id), job.life.endedAt);
    job.queue.place(job, null);
    this.#ended.delete(job);
    job.queue.jobs.delete(job.id);
    this.#unsaid.delete(job);
    this.#past -= job.weight();
    this.#known--;
    if (job.life.userId !== null) this.#disown(job, job.life.userId);
    this.version++;
  }
}

function placeOf({ life }: TrackedJob, now: number): JobPlace {
  if (life.phase === "active") return { state: "active", priority: 0, at: life.startedAt ?? life.phaseAt };
  if (life.ended) return { state: "ended", priority: 0, at: life.endedAt ?? life.phaseAt };
  const at = life.readyAt ?? life.queuedAt ?? life.phaseAt;
  return { state: at > now ? "delayed" : "waiting", priority: life.priority ?? 0, at };
}

function atOf({ place }: TrackedJob): number {
  return place?.at ?? 0;
}

/** No name has a line feed. */
function keyOf(queue: string, id: string): string {
  return `${queue}\n${id}`;
}
