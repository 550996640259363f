import type { JobQuery, JobSort } from "@wsight/protocol";
import type { Forecast } from "./forecast.ts";
import { JobOrder } from "./job-order.ts";
import { medianOf } from "./said.ts";
import type { TrackedJob } from "./tracked-job.ts";
import type { TrackedQueue } from "./tracked-queue.ts";

/** Orders that are held for those who look at the same; beyond, all are made anew. */
const MAX_VIEWS = 32;
/** How long the order of many jobs holds while they change, ms. */
const HOLDS_MS = 1000;
/** Jobs that are put in order, and put into words, anew at each look. */
export const FEW = 2000;
/** Characters of a search that count. */
const MAX_SEARCH = 256;

/** What views are made of. */
export interface ViewParts {
  readonly queues: ReadonlyMap<string, TrackedQueue>;
  /** Jobs of a user, live ones and those that ended. */
  readonly ofUser: (userId: string) => Iterable<TrackedJob>;
  readonly forecast: Forecast;
  /** Grows with whatever changes a job. */
  readonly version: () => number;
}

/** Jobs that a query takes, put in order as far as anybody looked. */
interface View {
  readonly at: number;
  readonly version: number;
  readonly jobs: readonly TrackedJob[];
  readonly order: JobOrder;
}

/** Windows of jobs: filtered, put in order, and shared between those who look at the same. */
export class JobViews {
  readonly #parts: ViewParts;
  readonly #views = new Map<string, View>();

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** The jobs of a window in order, and how many the query takes. */
  window(query: JobQuery, now: number): { readonly matched: number; readonly jobs: readonly TrackedJob[] } {
    const { jobs, order } = this.#viewOf(query, now);
    const from = Math.min(Math.max(0, query.offset), jobs.length);
    const to = Math.min(from + Math.max(0, query.limit), jobs.length);
    const taken = Array.from(order.window(from, to), (place) => jobs[place]);
    return { matched: jobs.length, jobs: taken.filter((job) => job !== undefined) };
  }

  #viewOf(query: JobQuery, now: number): View {
    const { queue, states, userId, search, sort, descending } = query;
    const key = JSON.stringify([queue, [...states].sort(), userId, search, sort, descending]);
    const known = this.#views.get(key);
    const version = this.#parts.version();
    if (known !== undefined && now >= known.at && now - known.at < HOLDS_MS) {
      if (known.version === version || known.jobs.length > FEW) return known;
    }
    const jobs = this.#jobsOf(query, now);
    const numbers = Float64Array.from(jobs, (job) => job.number);
    const view = { at: now, version, jobs, order: new JobOrder(this.#keysOf(jobs, sort, descending, now), numbers) };
    if (this.#views.size >= MAX_VIEWS) this.#views.clear();
    this.#views.set(key, view);
    return view;
  }

  #jobsOf(query: JobQuery, now: number): TrackedJob[] {
    const jobs: TrackedJob[] = [];
    const matches = searching(query.search);
    const { states } = query;
    for (const held of this.#held(query)) {
      for (const job of held) {
        if (query.userId !== null && job.life.userId !== query.userId) continue;
        if (query.queue !== null && job.queue.name !== query.queue) continue;
        if (states.length > 0 && !states.includes(job.stateAt(now))) continue;
        if (matches(job)) jobs.push(job);
      }
    }
    return jobs;
  }

  /** The smallest sets of jobs that have all that the query takes. */
  *#held({ queue, states, userId }: JobQuery): Generator<Iterable<TrackedJob>> {
    if (userId !== null) {
      yield this.#parts.ofUser(userId);
      return;
    }
    const only = queue === null ? this.#parts.queues.values() : [this.#parts.queues.get(queue)];
    const ended = states.some((state) => state === "completed" || state === "failed" || state === "removed");
    for (const one of only) {
      if (one === undefined) continue;
      if (states.length === 0 || states.includes("waiting")) yield one.line;
      if (states.length === 0 || states.includes("delayed")) yield one.delayed;
      if (states.length === 0 || states.includes("active")) yield one.active;
      if (states.length === 0 || ended) yield one.ended;
    }
  }

  #keysOf(jobs: readonly TrackedJob[], sort: JobSort, descending: boolean, now: number): Float64Array {
    const keys = new Float64Array(jobs.length);
    const keyOf = sort === "remaining" ? this.#remaining(now) : KEYS[sort];
    const sign = descending ? -1 : 1;
    let place = 0;
    // What is not known comes last, whatever the direction.
    for (const job of jobs) {
      const key = keyOf(job);
      keys[place++] = key === null ? Infinity : sign * key;
    }
    return keys;
  }

  /** What is left of jobs, roughly: without a look at what each of a hundred thousand has just told. */
  #remaining(now: number): (job: TrackedJob) => number | null {
    const lines = new Map<TrackedQueue, (job: TrackedJob) => number | null>();
    const waitOf = (job: TrackedJob): number | null => {
      let line = lines.get(job.queue);
      if (line === undefined) {
        line = this.#along(job.queue, now);
        lines.set(job.queue, line);
      }
      return line(job);
    };
    return (job) => {
      const { life, run } = job;
      if (life.ended || run === null) return null;
      if (life.phase === "active") {
        const elapsed = now - (life.startedAt ?? now);
        return life.percent === null || life.percent <= 0
          ? Math.max(0, medianOf(run) - elapsed)
          : (elapsed * (100 - life.percent)) / life.percent;
      }
      const wait = job.place?.state === "waiting" ? waitOf(job) : Math.max(0, (life.readyAt ?? now) - now);
      return wait === null ? null : wait + medianOf(run);
    };
  }

  /** Waits of jobs of a queue, asked for in the order of its line, as a rule. */
  #along(queue: TrackedQueue, now: number): (job: TrackedJob) => number | null {
    const waitAt = this.#parts.forecast.waitsOf(queue, now);
    const line = queue.line[Symbol.iterator]();
    let rank = 0;
    return (job) => {
      for (let next = line.next(); next.done !== true; next = line.next()) {
        rank++;
        if (next.value === job) return waitAt(rank - 1);
      }
      return waitAt(queue.line.rank(job));
    };
  }
}

const KEYS: Readonly<Record<Exclude<JobSort, "remaining">, (job: TrackedJob) => number | null>> = {
  changedAt: ({ life }) => life.changedAt,
  queuedAt: ({ life }) => life.queuedAt,
  startedAt: ({ life }) => life.startedAt,
  percent: ({ life }) => life.percent,
  runMs: ({ life }) => life.runMs,
  waitMs: ({ life }) => life.waitMs,
};

/** Says whether a job has a text in its id, name, label, worker or user, in capitals or not. */
function searching(text: string): (job: TrackedJob) => boolean {
  const wanted = text.trim().slice(0, MAX_SEARCH).toLowerCase();
  if (wanted === "") return () => true;
  // Names, workers and users are few, and the same text each time.
  const known = new Map<string, boolean>();
  const isIn = (word: string | null): boolean => {
    if (word === null || word === "") return false;
    let answer = known.get(word);
    if (answer === undefined) {
      answer = word.toLowerCase().includes(wanted);
      known.set(word, answer);
    }
    return answer;
  };
  return ({ id, life }) =>
    id.toLowerCase().includes(wanted) ||
    (life.label?.toLowerCase().includes(wanted) ?? false) ||
    isIn(life.name) ||
    isIn(life.worker) ||
    isIn(life.userId);
}
