import type { JobQuery, JobSort, JobState } from "@wsight/protocol";
import { Turn } from "../../live/turns.ts";
import type { Forecast } from "./forecast.ts";
import { JobOrder } from "./job-order.ts";
import type { Life } from "./life.ts";
import { medianOf } from "./said.ts";
import type { JobQueue, TrackedJob } from "./tracked-job.ts";

/** Orders that are held for those who look at the same; beyond, all are made anew. */
const MAX_VIEWS = 32;
/** How long the order of many jobs holds while they change, ms. */
const HOLDS_MS = 1000;
/** Jobs that are put in order, and put into words, anew at each look. */
export const FEW = 2000;
/** Jobs that are looked at in one go. */
const SLICE = 1000;
/** Characters of a search that count. */
const MAX_SEARCH = 256;

/** What views are made of. */
export interface ViewParts {
  readonly queues: ReadonlyMap<string, JobQueue>;
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

/** A window of what a query takes. */
export interface JobWindow {
  readonly matched: number;
  readonly jobs: readonly TrackedJob[];
}

/** Jobs that are held together. */
interface Held {
  readonly jobs: readonly TrackedJob[];
  /** They wait, all of one queue, in the order of its line. */
  readonly isLine: boolean;
}

/** Windows of jobs: filtered, put in order, and shared between those who look at the same. */
export class JobViews {
  readonly #parts: ViewParts;
  readonly #views = new Map<string, View>();
  readonly #making = new Map<string, Promise<View>>();

  constructor(parts: ViewParts) {
    this.#parts = parts;
  }

  /** The jobs of a window in order, and how many the query takes. */
  window(query: JobQuery, now: number): JobWindow {
    const key = keyOf(query);
    const known = this.#fresh(key, now);
    if (known !== null) return cut(known, query);
    const making = this.#make(query, now);
    let step = making.next();
    while (step.done !== true) step = making.next();
    return cut(this.#keep(key, step.value), query);
  }

  /** As {@link window}, in slices: nobody else waits for a hundred thousand jobs being looked at. */
  async windowInTurns(query: JobQuery, now: number): Promise<JobWindow> {
    const key = keyOf(query);
    const known = this.#fresh(key, now);
    if (known !== null) return cut(known, query);
    let making = this.#making.get(key);
    if (making === undefined) {
      making = this.#makeInTurns(key, query, now).finally(() => this.#making.delete(key));
      this.#making.set(key, making);
    }
    return cut(await making, query);
  }

  async #makeInTurns(key: string, query: JobQuery, now: number): Promise<View> {
    const turn = new Turn();
    const making = this.#make(query, now);
    let step = making.next();
    while (step.done !== true) {
      if (turn.over) await turn.pause();
      step = making.next();
    }
    return this.#keep(key, step.value);
  }

  #fresh(key: string, now: number): View | null {
    const known = this.#views.get(key);
    if (known === undefined || now < known.at || now - known.at >= HOLDS_MS) return null;
    return known.version === this.#parts.version() || known.jobs.length > FEW ? known : null;
  }

  #keep(key: string, view: View): View {
    // They hold a hundred thousand jobs each.
    for (const [other, { at }] of this.#views) if (Math.abs(view.at - at) >= HOLDS_MS) this.#views.delete(other);
    if (this.#views.size >= MAX_VIEWS) this.#views.clear();
    this.#views.set(key, view);
    return view;
  }

  /** Gives way after each thousand jobs. */
  *#make(query: JobQuery, now: number): Generator<void, View> {
    const { sort, descending } = query;
    const version = this.#parts.version();
    const isTaken = taking(query, now);
    const keyOfJob = sort === "remaining" ? this.#remaining(now) : sort === "turn" ? turnAt(now) : KEYS[sort];
    const sign = descending ? -1 : 1;
    const held = this.#held(query);
    const jobs: TrackedJob[] = [];
    const keys = new Float64Array(held.reduce((sum, part) => sum + part.jobs.length, 0));
    let looked = 0;
    for (const part of held) {
      for (const [rank, job] of part.jobs.entries()) {
        if (++looked % SLICE === 0) yield;
        if (!isTaken(job)) continue;
        const key = keyOfJob(job, part.isLine ? rank : null);
        // What is not known comes last, whatever the direction.
        keys[jobs.length] = key === null ? Infinity : sign * key;
        jobs.push(job);
      }
    }
    const order = new JobOrder(keys.subarray(0, jobs.length), jobs);
    return { at: now, version, jobs, order };
  }

  /** The smallest sets of jobs that have all that the query takes, as they are now. */
  #held({ queue, states, userId }: JobQuery): readonly Held[] {
    if (userId !== null) return [{ jobs: [...this.#parts.ofUser(userId)], isLine: false }];
    const only = queue === null ? [...this.#parts.queues.values()] : [this.#parts.queues.get(queue)];
    const wants = (...any: readonly JobState[]): boolean =>
      states.length === 0 || any.some((state) => states.includes(state));
    return only.flatMap((one) => {
      if (one === undefined) return [];
      return [
        ...(wants("waiting") ? [{ jobs: one.line.toArray(), isLine: true }] : []),
        ...(wants("delayed") ? [{ jobs: [...one.delayed], isLine: false }] : []),
        ...(wants("active") ? [{ jobs: [...one.active], isLine: false }] : []),
        ...(wants("completed", "failed", "removed") ? [{ jobs: [...one.ended], isLine: false }] : []),
      ];
    });
  }

  /** What is left of jobs, roughly: without a look at what each of a hundred thousand has just told. */
  #remaining(now: number): KeyOf {
    const lines = new Map<JobQueue, (rank: number) => number | null>();
    const waitAt = (queue: JobQueue, rank: number): number | null => {
      let line = lines.get(queue);
      if (line === undefined) {
        line = this.#parts.forecast.waitsOf(queue, now);
        lines.set(queue, line);
      }
      return line(rank);
    };
    return (job, rank) => {
      const { life, run, queue } = job;
      if (life.ended || run === null) return null;
      if (life.phase === "active") return restOfRun(life, medianOf(run), now);
      const wait =
        job.place?.state === "waiting"
          ? waitAt(queue, rank ?? queue.line.rank(job))
          : Math.max(0, (life.readyAt ?? now) - now);
      return wait === null ? null : wait + medianOf(run);
    };
  }
}

/** What jobs are put in order by; `rank` is the place in the line of their queue, for those that wait. */
type KeyOf = (job: TrackedJob, rank: number | null) => number | null;

const KEYS: Readonly<Record<Exclude<JobSort, "remaining" | "turn">, KeyOf>> = {
  changedAt: ({ life }) => life.changedAt,
  queuedAt: ({ life }) => life.queuedAt,
  startedAt: ({ life }) => life.startedAt,
  percent: ({ life }) => life.percent,
  runMs: ({ life }) => life.runMs,
  waitMs: ({ life }) => life.waitMs,
};

/** More than any time, ms epoch, and than any place in a line. */
const BEFORE_ALL = 1e15;
const BEHIND_ALL = 1e12;

/** Those that run, then those that wait, then those that are delayed; what ended has no turn. */
function turnAt(now: number): KeyOf {
  return (job, rank) => {
    const { life, queue } = job;
    switch (job.stateAt(now)) {
      case "active":
        return (life.startedAt ?? life.phaseAt) - BEFORE_ALL;
      case "waiting":
        return rank ?? queue.line.rank(job);
      case "delayed":
        return BEHIND_ALL + (life.readyAt ?? 0);
      default:
        return null;
    }
  };
}

function keyOf({ queue, states, userId, search, withoutLabels, sort, descending }: JobQuery): string {
  return JSON.stringify([queue, [...states].sort(), userId, search, withoutLabels === true, sort, descending]);
}

function cut({ jobs, order }: View, { offset, limit }: JobQuery): JobWindow {
  const from = Math.min(Math.max(0, offset), jobs.length);
  const to = Math.min(from + Math.max(0, limit), jobs.length);
  const taken = Array.from(order.window(from, to), (place) => jobs[place]);
  return { matched: jobs.length, jobs: taken.filter((job) => job !== undefined) };
}

function restOfRun({ startedAt, percent }: Life, usualMs: number, now: number): number {
  const elapsed = now - (startedAt ?? now);
  return percent === null || percent <= 0 ? Math.max(0, usualMs - elapsed) : (elapsed * (100 - percent)) / percent;
}

/** Says whether a query takes a job. */
function taking({ queue, states, userId, search, withoutLabels }: JobQuery, now: number): (job: TrackedJob) => boolean {
  const matches = searching(search, withoutLabels === true);
  return (job) =>
    (userId === null || job.life.userId === userId) &&
    (queue === null || job.queue.name === queue) &&
    (states.length === 0 || states.includes(job.stateAt(now))) &&
    matches(job);
}

/** Says whether a job has a text in its id, name, label, worker or user, in capitals or not. */
function searching(text: string, withoutLabels: boolean): (job: TrackedJob) => boolean {
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
    (!withoutLabels && (life.label?.toLowerCase().includes(wanted) ?? false)) ||
    isIn(life.name) ||
    isIn(life.worker) ||
    isIn(life.userId);
}
