/** What a job says of itself, whichever backend keeps it: the fields and calls used here. */
export interface BullJob {
  readonly id?: string | undefined;
  readonly name: string;
  readonly data: unknown;
  readonly opts: {
    readonly attempts?: unknown;
    readonly delay?: unknown;
    readonly priority?: unknown;
    readonly jobId?: unknown;
    readonly deduplication?: unknown;
  };
  /** When it was added, ms epoch. */
  readonly timestamp: number;
  /** ms, as it is now. */
  readonly delay?: unknown;
  readonly priority?: unknown;
  /** When its newest try began, and when it ended for good. */
  readonly processedOn?: unknown;
  readonly finishedOn?: unknown;
  /** Tries that ended, tries that began (also those that ended without a result: stalled, rate limited, put off). */
  readonly attemptsMade?: unknown;
  readonly attemptsStarted?: unknown;
  readonly stalledCounter?: unknown;
  readonly failedReason?: unknown;
  readonly stacktrace?: unknown;
  readonly returnvalue?: unknown;
}

/** A job that was fetched, to be acted upon. */
export interface FetchedJob extends BullJob {
  getState(): Promise<string>;
  retry(state: "completed" | "failed"): Promise<void>;
  remove(): Promise<void>;
  promote(): Promise<void>;
}

interface Emitter {
  readonly name: string;
  emit(event: string, ...args: unknown[]): boolean;
}

/** A `Queue`. */
export interface BullQueue extends Emitter {
  addBulk(jobs: readonly unknown[]): Promise<readonly BullJob[]>;
  getJob(id: string): Promise<FetchedJob | undefined>;
  getJobState(id: string): Promise<string>;
  getJobCounts(...types: string[]): Promise<Readonly<Record<string, number>>>;
  /** Ids of jobs. */
  getRanges(types: readonly string[], start: number, end: number, ascending: boolean): Promise<readonly string[]>;
  getJobLogs(
    id: string,
    start: number,
    end: number,
    ascending: boolean,
  ): Promise<{ readonly logs: readonly string[]; readonly count: number }>;
  getWorkers(): Promise<readonly unknown[]>;
  isPaused(): Promise<boolean>;
}

/** A `Worker`. */
export interface BullWorker extends Emitter {
  readonly id: string;
  readonly opts: { readonly name?: unknown };
  readonly concurrency: number;
  isPaused(): boolean;
  isRunning(): boolean;
}

/** A `QueueEvents`. */
export type BullQueueEvents = Emitter;

const QUEUE = ["add", "addBulk", "getJob", "getJobState", "getJobCounts", "getRanges", "getJobLogs", "isPaused"];
const WORKER = ["getNextJob", "startStalledCheckTimer", "isPaused", "isRunning", "waitUntilReady"];
const QUEUE_EVENTS = ["run", "waitUntilReady", "clientName", "checkConnectionError"];

/** Recognises a `Queue` of BullMQ 5 or 6, not one of `bull`. */
export function isBullQueue(target: unknown): target is BullQueue {
  return isNamed(target) && can(target, [...QUEUE, "waitUntilReady"]);
}

/** Recognises a `Worker`. */
export function isBullWorker(target: unknown): target is BullWorker {
  return isNamed(target) && can(target, WORKER);
}

/** Recognises a `QueueEvents`. */
export function isBullQueueEvents(target: unknown): target is BullQueueEvents {
  return isNamed(target) && can(target, QUEUE_EVENTS) && !isBullWorker(target) && !isBullQueue(target);
}

function isNamed(target: unknown): target is Emitter {
  if (typeof target !== "object" || target === null) return false;
  const { name, emit } = target as { name?: unknown; emit?: unknown };
  return typeof name === "string" && typeof emit === "function";
}

function can(target: object, calls: readonly string[]): boolean {
  return calls.every((call) => typeof (target as Record<string, unknown>)[call] === "function");
}

/** Jobs that a worker holds right now; `null` where it can't be read. */
export function heldJobs(worker: BullWorker): ReadonlySet<string> | null {
  const { lockManager } = worker as { lockManager?: { getTrackedJobIds?: () => unknown } };
  const ids = lockManager?.getTrackedJobIds?.();
  return Array.isArray(ids) ? new Set(ids.map(String)) : null;
}

/** False for a worker whose application fetches jobs by hand. */
export function processesItself(worker: BullWorker): boolean {
  return typeof (worker as { processFn?: unknown }).processFn === "function";
}
