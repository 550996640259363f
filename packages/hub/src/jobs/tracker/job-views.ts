import type { JobQuery, JobSort } from "@wsight/protocol";
import type { Forecast } from "./forecast.ts";
import { medianOf as medianRunOf } from "./said.ts";
import type { TrackedJob } from "./tracked-job.ts";
import type { TrackedQueue } from "./tracked-queue.ts";

/** Orders that are held for those who look at the same; beyond, all are made anew. */
const MAX_VIEWS = 32;
/** How long the order of many jobs holds while they change, ms. Few are put in order at each look. */
const HOLDS_MS = 1000;
const FEW = 2000;
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

/** Jobs that a query takes, with what they are put in order by; put in order as far as anybody looked. */
interface View {
  readonly at: number;
  readonly version: number;
  readonly jobs: TrackedJob[];
  readonly keys: Float64Array;
  /** Those before are in order up to the window that was looked at last. */
  readonly order: Uint32Array;
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
    const view = this.#viewOf(query, now);
    const from = Math.min(Math.max(0, query.offset), view.jobs.length);
    const to = Math.min(from + Math.max(0, query.limit), view.jobs.length);
    const { order, keys, jobs } = view;
    const compare = comparing(keys, jobs);
    if (from > 0) partition(order, from, compare);
    if (to < order.length) partition(order, to, compare, from);
    order.subarray(from, to).sort(compare);
    const taken: TrackedJob[] = [];
    for (const index of order.subarray(from, to)) {
      const job = jobs[index];
      if (job !== undefined) taken.push(job);
    }
    return { matched: jobs.length, jobs: taken };
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
    const keys = this.#keysOf(jobs, sort, descending, now);
    const view = { at: now, version, jobs, keys, order: Uint32Array.from(jobs.keys()) };
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
      if (states.length === 0 || states.includes("waiting")) yield one.waiting;
      if (states.length === 0 || states.includes("delayed")) yield one.delayed;
      if (states.length === 0 || states.includes("active")) yield one.active;
      if (states.length === 0 || ended) yield one.ended;
    }
  }

  #keysOf(jobs: readonly TrackedJob[], sort: JobSort, descending: boolean, now: number): Float64Array {
    const keys = new Float64Array(jobs.length);
    const keyOf = sort === "remaining" ? this.#remaining(now) : (job: TrackedJob) => job.life[sort];
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
    const ranks = new Map<TrackedJob, number>();
    for (const queue of this.#parts.queues.values()) {
      let rank = 0;
      for (const job of queue.line) ranks.set(job, rank++);
    }
    return (job) => {
      const { life, run, queue } = job;
      if (life.ended || run === null) return null;
      if (life.phase === "active") {
        const elapsed = now - (life.startedAt ?? now);
        return life.percent === null || life.percent <= 0
          ? Math.max(0, medianRunOf(run) - elapsed)
          : (elapsed * (100 - life.percent)) / life.percent;
      }
      const wait = this.#parts.forecast.waitAt(queue, ranks.get(job) ?? 0, now);
      return wait === null ? null : Math.max(wait.p50, (life.readyAt ?? now) - now) + medianRunOf(run);
    };
  }
}

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

function comparing(keys: Float64Array, jobs: readonly TrackedJob[]): (a: number, b: number) => number {
  return (a, b) => {
    const first = keys[a] ?? Infinity;
    const second = keys[b] ?? Infinity;
    if (first < second) return -1;
    if (first > second) return 1;
    // Newest first, where nothing else tells them apart.
    return (jobs[b]?.number ?? 0) - (jobs[a]?.number ?? 0);
  };
}

/** Puts the `count` smallest of `order`, from a place on, before all others. Takes time by length, as a rule. */
function partition(order: Uint32Array, count: number, compare: (a: number, b: number) => number, from = 0): void {
  let low = from;
  let high = order.length - 1;
  while (low < high) {
    const pivot = medianOf(order, low, high, compare);
    let left = low;
    let right = high;
    while (left <= right) {
      while (compare(order[left] ?? 0, pivot) < 0) left++;
      while (compare(order[right] ?? 0, pivot) > 0) right--;
      if (left > right) break;
      const swapped = order[left] ?? 0;
      order[left++] = order[right] ?? 0;
      order[right--] = swapped;
    }
    if (count <= right + 1 && count - 1 <= right) high = right;
    else if (count >= left) low = left;
    else return;
  }
}

function medianOf(order: Uint32Array, low: number, high: number, compare: (a: number, b: number) => number): number {
  const middle = order[(low + high) >>> 1] ?? 0;
  const first = order[low] ?? 0;
  const last = order[high] ?? 0;
  const [smaller, larger] = compare(first, last) < 0 ? [first, last] : [last, first];
  if (compare(middle, smaller) < 0) return smaller;
  return compare(middle, larger) > 0 ? larger : middle;
}
