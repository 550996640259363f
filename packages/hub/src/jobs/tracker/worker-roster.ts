import { WORKER_GONE_MS, type WorkerBeat, type WorkerRow, type WorkerState, type WorkersTable } from "@wsight/protocol";
import { runOf } from "./said.ts";
import type { TrackedJob } from "./tracked-job.ts";

/** Workers that are known; beyond, the one that was heard of longest ago gives way. */
const MAX_WORKERS = 1000;
const MAX_ROWS = 200;
/** Queues that are known to have workers that say that they are there; beyond, the one that did so longest ago gives way. */
const MAX_BEATING = 1000;
/** A worker without jobs that was not heard of for this long is forgotten, ms; and one that has jobs. */
const FORGET_IDLE_MS = 60_000;
const FORGET_BUSY_MS = 3_600_000;
/** Weight of the newest run in the mean. */
const NEWEST = 0.1;
const SECONDS = 60;

/** One worker of one queue. */
interface Worker {
  readonly queue: string;
  readonly worker: string;
  node: string | null;
  /** Of its newest beat; `null` for one that is known by its jobs alone. */
  concurrency: number | null;
  beatActive: number;
  beatAt: number | null;
  paused: boolean;
  seenAt: number;
  readonly since: number;
  readonly jobs: Set<TrackedJob>;
  completed: number;
  failed: number;
  stalls: number;
  meanRunMs: number | null;
  /** Places in use, summed over time: place-milliseconds until `busySince`, and of each of the last seconds. */
  busyMs: number;
  busySince: number;
  readonly busy: Float64Array;
}

/** What workers are judged by. */
export interface RosterParts {
  /** True for a process that is gone. */
  readonly isGone: (node: string) => boolean;
}

/**
 * Workers: who has which jobs, who is well, and how the work is shared. Known by their beats, or by the jobs that they
 * have; a worker is told apart by its queue and its name.
 */
export class WorkerRoster {
  readonly #parts: RosterParts;
  readonly #workers = new Map<string, Worker>();
  /** Queues of which a worker ever told that it is there. */
  readonly #beating = new Set<string>();
  #second = 0;

  constructor(parts: RosterParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#workers.size;
  }

  /** A worker said that it is there. */
  beat(beat: WorkerBeat, node: string | null, now: number): void {
    const worker = this.#meet(beat.queue, beat.worker, now);
    if (worker.beatAt !== null && beat.at < worker.beatAt) return;
    this.#noteBeating(beat.queue);
    worker.node = node ?? worker.node;
    worker.concurrency = beat.concurrency;
    worker.beatActive = beat.active;
    worker.beatAt = beat.at;
    worker.paused = beat.paused ?? false;
    worker.seenAt = Math.max(worker.seenAt, beat.at);
    if (beat.ended === true && worker.jobs.size === 0) this.#workers.delete(keyOf(beat.queue, beat.worker));
  }

  /** A worker has a job. */
  give(job: TrackedJob, name: string, now: number): void {
    const worker = this.#meet(job.queue.name, name, now);
    worker.node ??= job.source.node;
    this.#settle(worker, now);
    worker.jobs.add(job);
  }

  /** It has it no more. */
  take(job: TrackedJob, name: string, now: number): void {
    const worker = this.#workers.get(keyOf(job.queue.name, name));
    if (worker === undefined) return;
    this.#settle(worker, now);
    worker.jobs.delete(job);
  }

  /** Something was heard of a job that it has. */
  see(queue: string, name: string, at: number): void {
    const worker = this.#workers.get(keyOf(queue, name));
    if (worker !== undefined) worker.seenAt = Math.max(worker.seenAt, at);
  }

  /** A try came to its end. */
  count(queue: string, name: string, end: "completed" | "failed" | "stalls", runMs: number | null): void {
    const worker = this.#workers.get(keyOf(queue, name));
    if (worker === undefined) return;
    worker[end]++;
    if (end !== "completed" || runMs === null) return;
    worker.meanRunMs = worker.meanRunMs === null ? runMs : worker.meanRunMs + NEWEST * (runMs - worker.meanRunMs);
  }

  /** Ends a second, and forgets who is gone. */
  observe(now: number): void {
    const second = Math.floor(now / 1000);
    for (const [key, worker] of this.#workers) {
      this.#settle(worker, now);
      for (let passed = Math.max(this.#second + 1, second - SECONDS + 1); passed <= second; passed++)
        worker.busy[passed % SECONDS] = 0;
      worker.busy[second % SECONDS] = (worker.busy[second % SECONDS] ?? 0) + worker.busyMs;
      worker.busyMs = 0;
      const silentMs = now - worker.seenAt;
      if (silentMs > (this.#activeOf(worker) > 0 ? FORGET_BUSY_MS : FORGET_IDLE_MS)) this.#workers.delete(key);
    }
    this.#second = second;
  }

  /**
   * Workers that take jobs of a queue, and how many at once; `null`: nobody tells. Zero only of a queue whose workers
   * told that they are there, and do so no more.
   */
  of(queue: string, now: number): { readonly workers: number | null; readonly capacity: number | null } {
    let workers = 0;
    let capacity = 0;
    let told = false;
    for (const worker of this.#workers.values()) {
      if (worker.queue !== queue || this.#isSilent(worker, now)) continue;
      workers++;
      if (worker.concurrency === null) continue;
      told = true;
      if (!worker.paused) capacity += worker.concurrency;
    }
    if (workers === 0)
      return this.#beating.has(queue) ? { workers: 0, capacity: 0 } : { workers: null, capacity: null };
    return { workers, capacity: told ? capacity : null };
  }

  /** Processes that have workers of a queue. */
  nodesOf(queue: string): readonly string[] {
    const nodes = new Set<string>();
    for (const worker of this.#workers.values())
      if (worker.queue === queue && worker.node !== null) nodes.add(worker.node);
    return [...nodes];
  }

  /** All workers as they stand. */
  table(now: number): WorkersTable {
    const rows = [...this.#workers.values()].map((worker) => this.#rowOf(worker, now));
    const places = rows.filter(({ utilization }) => utilization !== null);
    const capacity = places.reduce((sum, row) => sum + (row.concurrency ?? 1), 0);
    const used = places.reduce((sum, row) => sum + (row.utilization ?? 0) * (row.concurrency ?? 1), 0);
    const done = rows.filter(({ state }) => state !== "silent").map(({ completed, failed }) => completed + failed);
    const all = done.reduce((sum, count) => sum + count, 0);
    return {
      rows: rows.sort(compareRows).slice(0, MAX_ROWS),
      total: rows.filter(({ state }) => state !== "silent").length,
      stalled: rows.filter(({ state }) => state === "stalled").length,
      dead: rows.filter(({ state }) => state === "dead").length,
      utilization: capacity === 0 ? null : used / capacity,
      imbalance: all === 0 ? null : (Math.max(...done) * done.length) / all,
    };
  }

  #noteBeating(queue: string): void {
    this.#beating.delete(queue);
    this.#beating.add(queue);
    const [oldest] = this.#beating;
    if (this.#beating.size > MAX_BEATING && oldest !== undefined) this.#beating.delete(oldest);
  }

  #meet(queue: string, name: string, now: number): Worker {
    const key = keyOf(queue, name);
    const known = this.#workers.get(key);
    if (known !== undefined) return known;
    if (this.#workers.size >= MAX_WORKERS) this.#makeRoom();
    const worker: Worker = {
      queue,
      worker: name,
      node: null,
      concurrency: null,
      beatActive: 0,
      beatAt: null,
      paused: false,
      seenAt: now,
      since: now,
      jobs: new Set(),
      completed: 0,
      failed: 0,
      stalls: 0,
      meanRunMs: null,
      busyMs: 0,
      busySince: now,
      busy: new Float64Array(SECONDS),
    };
    this.#workers.set(key, worker);
    return worker;
  }

  #makeRoom(): void {
    let oldest: [string, Worker] | null = null;
    for (const entry of this.#workers) if (oldest === null || entry[1].seenAt < oldest[1].seenAt) oldest = entry;
    if (oldest !== null) this.#workers.delete(oldest[0]);
  }

  /** Adds up how many of its places were in use until now. */
  #settle(worker: Worker, now: number): void {
    const places = Math.min(this.#activeOf(worker), worker.concurrency ?? Infinity);
    worker.busyMs += Math.max(0, now - worker.busySince) * places;
    worker.busySince = Math.max(now, worker.busySince);
  }

  /** What its jobs tell; a worker whose jobs are not told of has as many as it says. */
  #activeOf(worker: Worker): number {
    return worker.jobs.size > 0 || worker.completed + worker.failed > 0 ? worker.jobs.size : worker.beatActive;
  }

  #isSilent(worker: Worker, now: number): boolean {
    if (worker.node !== null && this.#parts.isGone(worker.node)) return true;
    return worker.beatAt !== null && now - worker.seenAt > WORKER_GONE_MS;
  }

  #stateOf(worker: Worker, now: number): WorkerState {
    const active = this.#activeOf(worker);
    if (this.#isSilent(worker, now)) return active > 0 ? "dead" : "silent";
    for (const job of worker.jobs) if (isStuck(job, now)) return "stalled";
    if (worker.paused) return "paused";
    return active > 0 ? "busy" : "idle";
  }

  #rowOf(worker: Worker, now: number): WorkerRow {
    const { queue, node, concurrency, completed, failed, stalls, meanRunMs, seenAt } = worker;
    const spanMs = Math.min(SECONDS * 1000, now - worker.since);
    const busyMs = worker.busy.reduce((sum, ms) => sum + ms, 0);
    const places = concurrency ?? Math.max(1, worker.jobs.size);
    return {
      queue,
      worker: worker.worker,
      node,
      state: this.#stateOf(worker, now),
      concurrency,
      active: this.#activeOf(worker),
      utilization: spanMs < 1000 ? null : Math.min(1, busyMs / (spanMs * places)),
      completed,
      failed,
      stalls,
      meanRunMs,
      seenAt,
    };
  }
}

/** Threefold what nine in ten such runs take, and no progress for as long. A mere guess accuses nobody. */
function isStuck({ life, run }: TrackedJob, now: number): boolean {
  if (life.startedAt === null || run === null) return false;
  const { prior, p90 } = runOf(run);
  return !prior && now - Math.max(life.startedAt, life.percentAt ?? 0) > 3 * p90;
}

const TROUBLE: Readonly<Record<WorkerState, number>> = { dead: 0, stalled: 1, silent: 2, busy: 3, paused: 4, idle: 4 };

function compareRows(a: WorkerRow, b: WorkerRow): number {
  return (
    TROUBLE[a.state] - TROUBLE[b.state] ||
    (b.utilization ?? 0) - (a.utilization ?? 0) ||
    a.queue.localeCompare(b.queue) ||
    a.worker.localeCompare(b.worker)
  );
}

/** No name has a line feed. */
function keyOf(queue: string, worker: string): string {
  return `${queue}\n${worker}`;
}
