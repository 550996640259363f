import type { EstimateOutcome, JobEvent, QueueReading } from "@wsight/protocol";
import { Turn } from "../../live/turns.ts";
import type { Estimator } from "../estimate/estimator.ts";
import type { JobMeter } from "../job-meter.ts";
import type { JobChange, JobSource } from "../jobs.ts";
import type { JobRecord } from "../ledger/ledger.ts";
import { EstimateScores } from "./estimate-scores.ts";
import { Forecast } from "./forecast.ts";
import { toLife } from "./job-records.ts";
import { packSaid, runOf, waitOf } from "./said.ts";
import { SortedList } from "./sorted-list.ts";
import { Tombs } from "./tombs.ts";
import { type JobPlace, TrackedJob } from "./tracked-job.ts";
import { TrackedQueue } from "./tracked-queue.ts";
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

/** What a tracker works with. */
export interface TrackerParts {
  readonly estimator: Estimator;
  readonly meter: JobMeter | null;
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

/** What a job was like before an event. */
type Before = Pick<
  TrackedJob["life"],
  | "phase"
  | "phaseAt"
  | "attempt"
  | "worker"
  | "userId"
  | "percent"
  | "stage"
  | "waitMs"
  | "retries"
  | "stalls"
  | "queuedAt"
  | "readyAt"
> & { readonly lives: number };

/**
 * Holds jobs, queues and workers in memory, all bounded, with indexes by state, place, user and queue. What an event
 * changed is found by what a job was before and is after, so that it counts once, however late it came.
 */
export class Tracker {
  readonly queues: Map<string, TrackedQueue> = new Map();
  readonly roster: WorkerRoster;
  readonly forecast: Forecast;
  readonly scores: EstimateScores = new EstimateScores();
  /** Since the hub began. */
  readonly counts = { completed: 0, failed: 0, retried: 0, stalled: 0, evicted: 0 };
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
  #known = 0;

  constructor(parts: TrackerParts) {
    this.#parts = parts;
    this.roster = new WorkerRoster({ isGone: parts.isGone });
    this.forecast = new Forecast({ estimator: parts.estimator, roster: this.roster, loadOf: parts.loadOf });
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
    if (!job.take(event)) return "ignored";
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
    this.#index(job, null);
    if (job.life.worker !== null && job.life.phase === "active")
      this.roster.give(job, job.life.worker, this.#parts.now());
    const { phase, endedAt } = job.life;
    if (endedAt === null || phase === "removed") return;
    this.#countEnd(job, phase === "completed", endedAt);
    const outcome = phase === "completed" ? outcomeOf(job) : null;
    if (outcome !== null) this.scores.add(outcome);
  }

  /** Once a second: jobs whose delay is over wait, and workers are looked at. */
  observe(now: number): void {
    for (let job = this.#delays.first; job !== undefined && (job.place?.at ?? 0) <= now; job = this.#delays.first)
      this.#index(job, job.life.userId);
    this.roster.observe(now);
  }

  /** The queue of a name; `null` when there is no room for it. */
  queueOf(name: string, source: JobSource): TrackedQueue | null {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    if (this.queues.size >= MAX_QUEUES && !this.#forgetIdleQueue()) {
      if (this.#leftOut.size < MAX_LEFT_OUT) this.#leftOut.add(name);
      return null;
    }
    const queue = new TrackedQueue(name, source);
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

  #hold(job: TrackedJob): void {
    job.queue.jobs.set(job.id, job);
    this.#known++;
  }

  #settle(job: TrackedJob, before: Before | null, event: JobEvent): void {
    const { life } = job;
    const isNew = before === null || before.lives !== job.lives;
    this.version++;
    job.revision++;
    if (isNew) job.said = job.run = null;
    this.#assign(job, before, event);
    this.#index(job, before?.userId ?? null);
    this.#measure(job, isNew ? null : before);
    if (event.kind === "queued" && !life.ended) this.#sayLater(job);
    else this.say(job);
    this.#parts.onChange(job, kindOf(job, isNew ? null : before));
  }

  /** A job goes from hand to hand. */
  #assign(job: TrackedJob, before: Before | null, { kind, at }: JobEvent): void {
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

  /** Counts what an event changed. */
  #measure(job: TrackedJob, before: Before | null): void {
    const { life, queue } = job;
    const { meter } = this.#parts;
    if (before === null) {
      queue.added.add(life.queuedAt ?? life.changedAt);
      meter?.added(queue.name);
    }
    if (life.waitMs !== null && (before?.waitMs ?? null) === null) {
      queue.waits.add(life.firstStartedAt ?? life.changedAt, life.waitMs);
      meter?.waited(queue.name, life.waitMs / 1000);
    }
    for (let count = before?.retries ?? 0; count < life.retries; count++) {
      this.counts.retried++;
      meter?.retried(queue.name);
      if (life.worker !== null) this.roster.count(queue.name, life.worker, "failed", null);
    }
    for (let count = before?.stalls ?? 0; count < life.stalls; count++) {
      this.counts.stalled++;
      meter?.stalled(queue.name);
      if (life.worker !== null) this.roster.count(queue.name, life.worker, "stalls", null);
    }
    if (life.phase !== before?.phase && (life.phase === "completed" || life.phase === "failed"))
      this.#end(job, life.phase);
  }

  #end(job: TrackedJob, outcome: "completed" | "failed"): void {
    const { life, queue } = job;
    this.counts[outcome]++;
    this.#countEnd(job, outcome === "completed", life.endedAt ?? life.changedAt);
    this.#parts.meter?.ended(queue.name, outcome, life.runMs === null ? null : life.runMs / 1000);
    if (life.worker !== null) this.roster.count(queue.name, life.worker, outcome, life.runMs);
    if (outcome === "failed" || life.runMs === null || life.endedAt === null) return;
    this.#parts.estimator.learn(this.forecast.featuresOf(job, this.#parts.now()), {
      job: job.id,
      runMs: life.runMs,
      endedAt: life.endedAt,
      said: job.said === null ? null : runOf(job.said),
      progress: job.progress(),
    });
    const scored = outcomeOf(job);
    if (scored !== null) this.scores.add(scored);
  }

  #countEnd({ queue, life }: TrackedJob, well: boolean, at: number): void {
    queue.done.add(at);
    queue.doneByMinute.add(at);
    if (life.runMs !== null) queue.runs.add(at, life.runMs);
    if (well) return;
    queue.failed.add(at);
    queue.failedByMinute.add(at);
    queue.failedOfDay.add(at);
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
    this.counts.evicted++;
    this.#forget(oldest);
    return true;
  }

  #forgetIdleQueue(): boolean {
    let idle: TrackedQueue | null = null;
    for (const queue of this.queues.values()) {
      const live = queue.line.size + queue.delayed.size + queue.active.size;
      if (live === 0 && (idle === null || queue.seenAt < idle.seenAt)) idle = queue;
    }
    if (idle === null || this.#parts.now() - idle.seenAt < IDLE_MS) return false;
    for (const job of [...idle.ended]) this.#forget(job);
    this.queues.delete(idle.name);
    this.forecast.forget(idle);
    this.scores.forget(idle.name);
    return true;
  }

  #forget(job: TrackedJob): void {
    if (job.place?.state === "delayed") this.#delays.delete(job);
    if (job.life.endedAt !== null) this.#tombs.add(keyOf(job.queue.name, job.id), job.life.endedAt);
    job.queue.place(job, null);
    this.#ended.delete(job);
    job.queue.jobs.delete(job.id);
    this.#unsaid.delete(job);
    this.#known--;
    if (job.life.userId !== null) this.#disown(job, job.life.userId);
    this.version++;
  }
}

function beforeOf({ life, lives }: TrackedJob): Before {
  const { phase, phaseAt, attempt, worker, userId, percent, stage, waitMs, retries, stalls, queuedAt, readyAt } = life;
  return { phase, phaseAt, attempt, worker, userId, percent, stage, waitMs, retries, stalls, queuedAt, readyAt, lives };
}

/** What is told of a change; `null`: nothing that counts. */
function kindOf({ life }: TrackedJob, before: Before | null): JobChange["kind"] | null {
  const moved =
    before === null ||
    before.phase !== life.phase ||
    before.phaseAt !== life.phaseAt ||
    before.attempt !== life.attempt ||
    // Its owner was not told so far.
    before.userId !== life.userId;
  if (!moved) {
    if (life.phase !== "active") return null;
    return before.percent !== life.percent || before.stage !== life.stage ? "progress" : null;
  }
  if (life.phase === "active") return "started";
  return life.phase === "pending" ? life.cause : life.phase;
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

/** What had been said of a job, and what came. */
function outcomeOf(job: TrackedJob): EstimateOutcome | null {
  const { id, queue, life, said } = job;
  if (said === null || life.runMs === null || life.endedAt === null) return null;
  const run = runOf(said);
  return {
    job: id,
    queue: queue.name,
    endedAt: life.endedAt,
    predictedRunMs: run.p50,
    p10: run.p10,
    p90: run.p90,
    runMs: life.runMs,
    confidence: run.confidence,
    predictedWaitMs: life.waitMs === null ? null : (waitOf(said)?.[1] ?? null),
    waitMs: life.waitMs,
  };
}

/** No name has a line feed. */
function keyOf(queue: string, id: string): string {
  return `${queue}\n${id}`;
}
