import { type Finding, type JobCompleted, type JobFailed, type JobMoved, WORKER_BEAT_MS } from "@wsight/protocol";
import type { IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { type BullJob, type BullWorker, heldJobs, processesItself } from "./bullmq-like.ts";
import { type JobKey, jobName, keyOf, queuedEvent, queueName, wholeFrom } from "./job-facts.ts";
import { type ReadProgress, readProgress } from "./job-progress.ts";
import { resultOf } from "./job-result.ts";
import { watchEmit } from "./watch-emit.ts";

/** Between the start of a job and words on its progress, ms; what comes in between is told at the next tick. */
const PROGRESS_MS = 100;
/** How long a job is not held by its worker until it counts as put off, ms: an end takes its way through the database. */
const AWAY_MS = 2000;

/** Jobs beyond twice the concurrency that are held, where a worker's books can't be read. */
const MAX_STRAY = 100;

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A job that the worker has. */
interface Held {
  readonly job: BullJob;
  readonly key: JobKey;
  progressAt: number;
  /** Progress that is not told yet. */
  untold: ReadProgress | null;
  /** When its worker was last seen to have it, ms epoch. */
  heldAt: number;
}

/** Watches what a worker does with its jobs, and says each five seconds that it is there. */
export function attachWorker(worker: BullWorker, name: string, context: ProbeContext): IntegrationHandle {
  const { guard } = context;
  const queue = queueName(worker.name);
  const source = `bullmq worker ${queue}`;
  const told = workerName(worker, name, context);
  const jobs = new WorkerJobs({ worker, queue, told, context });
  const watch = watchEmit(worker, jobs.hears, { source, context });
  let isEnded = false;
  const beat = (ended: boolean): void => {
    if (isEnded) return;
    isEnded = ended;
    context.jobs.beat({
      at: context.now(),
      queue,
      worker: told,
      concurrency: Math.max(1, wholeFrom(worker.concurrency, 1) ?? 1),
      active: jobs.active(),
      ...(ended ? { ended: true } : {}),
      ...(worker.isPaused() || !worker.isRunning() ? { paused: true } : {}),
    });
  };
  const run = (fn: () => void): void => guard.run("gauge", fn, undefined, source);
  jobs.onClosed = () => beat(true);
  run(() => beat(false));
  const timer = setInterval(() => run(() => beat(false)), WORKER_BEAT_MS);
  timer.unref();
  const endTick = context.onTick(() => jobs.tick());
  const version = libraryVersion(worker, "/classes/worker.js", ({ Worker }) => isMadeBy(worker, Worker));
  return {
    finding(): Finding {
      const gaps = [
        ...(watch.watching ? [] : ["its events can't be watched: emit is locked"]),
        ...(guard.isOpen(source) ? ["switched off after repeated faults of the probe"] : []),
      ];
      const state = gaps.length === 0 ? "attached" : "partial";
      return { library: "bullmq", server: name, version, state, notes: [`worker of ${queue}`, ...gaps] };
    },
    detach() {
      endTick();
      clearInterval(timer);
      watch.end();
      jobs.flush();
      beat(true);
    },
  };
}

/** What keeps two workers apart: of a name there may be one in each process. */
function workerName({ opts }: BullWorker, name: string, { options }: ProbeContext): string {
  // One without a name is told apart by its place among what is attached.
  const own = typeof opts.name === "string" && opts.name !== "" ? opts.name : name.replace(/^bullmq/, "worker");
  return `${own}@${options.instance}`.slice(-120);
}

/** True when `target` is an instance of `made`. */
export function isMadeBy(target: object, made: unknown): boolean {
  return typeof made === "function" && target instanceof made;
}

interface WorkerParts {
  readonly worker: BullWorker;
  readonly queue: string;
  readonly told: string;
  readonly context: ProbeContext;
}

/** The jobs that a worker has, told as it tells of them. */
class WorkerJobs {
  readonly #parts: WorkerParts;
  /** By id; about as many as the worker takes at once. */
  readonly #held = new Map<string, Held>();
  onClosed: () => void = () => undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  readonly hears = {
    active: (job: BullJob): void => this.#started(job),
    progress: (job: BullJob, progress: unknown): void => this.#progressed(job, progress),
    completed: (job: BullJob, result: unknown): void => this.#completed(job, result),
    failed: (job: BullJob | undefined, error: unknown): void => this.#failed(job, error),
    stalled: (id: string): void => this.#stalled(id),
    closed: (): void => this.onClosed(),
  };

  /** Jobs that it has, as it says itself where it does. */
  active(): number {
    return heldJobs(this.#parts.worker)?.size ?? this.#held.size;
  }

  /** Tells what is to be told by now. */
  tick(): void {
    this.flush();
    this.#findPutBack();
  }

  /** Tells progress that was held back. */
  flush(): void {
    const now = this.#parts.context.now();
    for (const held of this.#held.values()) if (held.untold !== null) this.#tellProgress(held, held.untold, now);
  }

  #started(job: BullJob): void {
    const { queue, told, context } = this.#parts;
    const key = keyOf(queue, job);
    if (key === null) return;
    // A job that ends before its progress is due is told as done at once.
    const now = context.now();
    this.#hold({ job, key, progressAt: now, untold: null, heldAt: now });
    // Who added it may be watched nowhere: a flow, a scheduler, another language.
    if (key.createdAt === undefined || context.recentJobs.createdAt(queue, key.job) !== key.createdAt) {
      const queued = queuedEvent(queue, job, context);
      if (queued !== null) context.jobs.event(queued);
    }
    context.jobs.event({ kind: "started", ...key, at: wholeFrom(job.processedOn, 1) ?? context.now(), worker: told });
  }

  #hold(held: Held): void {
    const { worker } = this.#parts;
    // Of one that the application fetched by hand no worker tells the end.
    if (!processesItself(worker)) return;
    this.#held.delete(held.key.job);
    this.#held.set(held.key.job, held);
    if (this.#held.size <= 2 * worker.concurrency + MAX_STRAY) return;
    for (const oldest of this.#held.keys()) {
      this.#held.delete(oldest);
      return;
    }
  }

  #progressed(job: BullJob, progress: unknown): void {
    const { context } = this.#parts;
    const read = readProgress(progress, context.redact);
    const held = this.#held.get(jobName(job.id));
    if (read === null || held === undefined) return;
    const now = context.now();
    if (now - held.progressAt < PROGRESS_MS && read.percent !== 100) held.untold = { ...held.untold, ...read };
    else this.#tellProgress(held, read, now);
  }

  #tellProgress(held: Held, read: ReadProgress, now: number): void {
    const { told, context } = this.#parts;
    context.jobs.event({ kind: "progress", ...held.key, at: now, ...held.untold, ...read, worker: told });
    held.progressAt = now;
    held.untold = null;
  }

  #completed(job: BullJob, value: unknown): void {
    const { told, queue, context } = this.#parts;
    const key = this.#release(job);
    if (key === null) return;
    context.recentJobs.delete(queue, key.job);
    const event: Writable<JobCompleted> = { kind: "completed", at: this.#endOf(job), ...key, worker: told };
    const startedAt = wholeFrom(job.processedOn, 1);
    if (startedAt !== null) event.startedAt = startedAt;
    const result = context.options.jobs.results ? resultOf(value) : null;
    if (result !== null) event.result = result;
    context.jobs.event(event);
  }

  #failed(job: BullJob | undefined, error: unknown): void {
    const { told, queue, context } = this.#parts;
    const key = job === undefined ? null : this.#release(job);
    if (job === undefined || key === null) return;
    // Of a try that is not the last it is not set, whatever number the try has.
    const final = wholeFrom(job.finishedOn, 1) !== null;
    const at = this.#endOf(job);
    const event: Writable<JobFailed> = { kind: "failed", at, ...key, worker: told, error: messageOf(error), final };
    const startedAt = wholeFrom(job.processedOn, 1);
    if (startedAt !== null) event.startedAt = startedAt;
    const retryInMs = final ? null : wholeFrom(job.delay, 1);
    if (retryInMs !== null) event.retryInMs = retryInMs;
    if (final) context.recentJobs.delete(queue, key.job);
    context.jobs.event(event);
  }

  #release(job: BullJob): JobKey | null {
    const key = keyOf(this.#parts.queue, job);
    if (key !== null) this.#held.delete(key.job);
    return key;
  }

  #endOf(job: BullJob): number {
    return wholeFrom(job.finishedOn, 1) ?? this.#parts.context.now();
  }

  /** Whichever worker had it: this one found it without a lock, and put it back. */
  #stalled(id: string): void {
    const { queue, context } = this.#parts;
    context.jobs.event({ kind: "stalled", queue, job: jobName(id), at: context.now() });
  }

  /**
   * A job that its own processor put off, set to wait for children, or was told to wait by a rate limit, leaves its
   * worker without a word. That it is gone from the worker's own books for two seconds tells it; should it have ended
   * meanwhile, its end is told as always, and counts.
   */
  #findPutBack(): void {
    const { worker, context } = this.#parts;
    if (this.#held.size === 0 || !processesItself(worker)) return;
    const books = heldJobs(worker);
    if (books === null) return;
    const now = context.now();
    for (const [id, held] of this.#held) {
      if (books.has(String(held.job.id))) held.heldAt = now;
      if (now - held.heldAt < AWAY_MS) continue;
      this.#held.delete(id);
      const delayMs = wholeFrom(held.job.delay, 1);
      // Another worker may have it by now, or be done with it: that was later than this.
      const event: Writable<JobMoved> = { kind: "retried", ...held.key, at: held.heldAt };
      if (delayMs !== null) event.delayMs = delayMs;
      context.jobs.event(event);
    }
  }
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const { message } = Object(error) as { message?: unknown };
  return String(message ?? error);
}
