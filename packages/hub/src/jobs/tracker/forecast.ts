import { type DurationEstimate, type JobEstimate, sizeCategoryOf } from "@wsight/protocol";
import type { Estimator, JobFeatures, RunEstimate } from "../estimate/estimator.ts";
import { simulateWait } from "../estimate/simulate-wait.ts";
import type { TrackedJob } from "./tracked-job.ts";
import type { TrackedQueue } from "./tracked-queue.ts";
import type { WorkerRoster } from "./worker-roster.ts";

/** What was found about a run is taken for this long, ms. */
const FRESH_MS = 1000;
/** Runs that a simulation is made of; of more, the rest is taken to be alike. */
const MAX_SIMULATED = 256;
/** Curves that are made anew within one second, of all queues together, because their queue changed. */
const CURVES_A_SECOND = 100;

/** How long those wait who come at a place: known at some places, in between on a straight line. */
interface WaitCurve {
  readonly version: number;
  readonly at: number;
  readonly points: readonly { readonly rank: number; readonly wait: DurationEstimate }[];
}

/** How a queue's places stand. */
export interface Places {
  /** Jobs that are taken at once; 0: nobody takes any. */
  readonly count: number;
  /** Of its workers; `null` when nobody tells. */
  readonly workers: number | null;
}

/** What a forecast is made from. */
export interface ForecastParts {
  readonly estimator: Estimator;
  readonly roster: WorkerRoster;
  /** Share of time that the CPUs of a process' machine are busy, 0–1; `null` when not known. */
  readonly loadOf: (node: string) => number | null;
}

/** Says what is expected of jobs: of their run by what was learned, of their wait by how their queue stands. */
export class Forecast {
  readonly #parts: ForecastParts;
  readonly #curves = new Map<TrackedQueue, WaitCurve>();
  readonly #loads = new Map<TrackedQueue, { readonly at: number; readonly load: number | null }>();
  #second = 0;
  #left = CURVES_A_SECOND;

  constructor(parts: ForecastParts) {
    this.#parts = parts;
  }

  /** What is known of a job before it runs. */
  featuresOf(job: TrackedJob, now: number): JobFeatures {
    const { name, sizeBytes, sizeCategory, plan, userId } = job.life;
    return {
      queue: job.queue.name,
      name,
      sizeBytes,
      sizeCategory: sizeCategory ?? sizeCategoryOf(sizeBytes),
      plan,
      userId,
      load: this.loadOf(job.queue, now),
    };
  }

  /** How busy the machines are that have workers of a queue, 0–1. */
  loadOf(queue: TrackedQueue, now: number): number | null {
    const known = this.#loads.get(queue);
    if (known !== undefined && now - known.at < FRESH_MS && now >= known.at) return known.load;
    const loads = this.#parts.roster
      .nodesOf(queue.name)
      .map((node) => this.#parts.loadOf(node))
      .filter((load) => load !== null);
    const load = loads.length === 0 ? null : loads.reduce((sum, one) => sum + one, 0) / loads.length;
    this.#loads.set(queue, { at: now, load });
    return load;
  }

  /** What is expected of a job's run by what is known now; not looked at more often than each second. */
  runOf(job: TrackedJob, now: number): RunEstimate {
    if (job.run !== null && Math.abs(now - job.runAt) < FRESH_MS) return job.run;
    // What is known of a run that is under way is said by its progress.
    if (
      job.run !== null &&
      job.life.phase === "active" &&
      job.life.startedAt !== null &&
      job.runAt >= job.life.startedAt
    )
      return job.run;
    job.run = this.#parts.estimator.predict(this.featuresOf(job, now));
    job.runAt = now;
    return job.run;
  }

  /** Says for the first time what is expected. */
  sayFirst(job: TrackedJob, now: number): void {
    job.run = this.#parts.estimator.predict(this.featuresOf(job, now));
    job.runAt = now;
    job.saidRun = job.run;
    const wait = job.life.phase === "pending" ? this.waitOf(job, now) : null;
    job.saidWait = wait === null ? null : [wait.p10, wait.p50, wait.p90];
  }

  /** `null` when nothing can be said: it ended, or nobody takes jobs of its queue. */
  estimateOf(job: TrackedJob, now: number): JobEstimate | null {
    if (job.life.ended) return null;
    const run = this.runOf(job, now);
    const wait = job.life.phase === "active" ? NO_WAIT : this.waitOf(job, now);
    if (wait === null) return null;
    return toEstimate(run, wait, job.life.phase === "active" ? this.#remaining(job, run, now) : null, now);
  }

  /** Until a job begins that waits or is delayed; `null`: nobody takes it. */
  waitOf(job: TrackedJob, now: number): DurationEstimate | null {
    const { queue, life } = job;
    const wait = this.waitAt(queue, queue.line.rank(job), now);
    const notBefore = Math.max(0, (life.readyAt ?? now) - now);
    if (wait === null || notBefore === 0) return wait;
    return {
      p10: Math.max(notBefore, wait.p10),
      p50: Math.max(notBefore, wait.p50),
      p90: Math.max(notBefore, wait.p90),
    };
  }

  /** Until a job begins that has as many before it; `null`: nobody takes any. */
  waitAt(queue: TrackedQueue, rank: number, now: number): DurationEstimate | null {
    const { points } = this.#curveOf(queue, now);
    const next = points.findIndex((point) => point.rank >= rank);
    const above = points[next === -1 ? points.length - 1 : next];
    const below = points[next - 1];
    if (above === undefined) return null;
    if (below === undefined || above.rank <= rank) return above.wait;
    const share = (rank - below.rank) / (above.rank - below.rank);
    const between = (from: number, to: number): number => from + share * (to - from);
    return {
      p10: between(below.wait.p10, above.wait.p10),
      p50: between(below.wait.p50, above.wait.p50),
      p90: between(below.wait.p90, above.wait.p90),
    };
  }

  /** How many jobs of a queue are taken at once. */
  placesOf(queue: TrackedQueue, now: number): Places {
    const told = this.#parts.roster.of(queue.name, now);
    const reading = queue.readingAt(now);
    const workers = reading?.workers ?? told.workers;
    if (reading?.paused === true || workers === 0) return { count: 0, workers };
    return { count: Math.max(told.capacity ?? 0, workers ?? 0, queue.peakAt(now), 1), workers };
  }

  /** What is left of the runs that are under way, of some of them when there are many; and how many there are. */
  running(queue: TrackedQueue, now: number): readonly DurationEstimate[] {
    const running: DurationEstimate[] = [];
    for (const job of queue.active) {
      running.push(this.#remaining(job, this.runOf(job, now), now));
      if (running.length >= MAX_SIMULATED) break;
    }
    return running;
  }

  /** Until a job begins behind `rank` others, by a simulation of its own. */
  simulate(queue: TrackedQueue, rank: number, places: number, now: number): DurationEstimate {
    const ahead = this.#ahead(queue, rank, now);
    const running = this.running(queue, now);
    return simulateWait({ workers: places, running, ahead, more: rank - ahead.length, notBeforeMs: 0 });
  }

  #remaining(job: TrackedJob, run: RunEstimate, now: number): DurationEstimate {
    const { startedAt, percent, percentAt } = job.life;
    return this.#parts.estimator.remaining(this.featuresOf(job, now), run, {
      elapsedMs: startedAt === null ? 0 : Math.max(0, now - startedAt),
      percent,
      stuckForMs: percentAt === null ? null : Math.max(0, now - percentAt),
    });
  }

  /** Runs of those that begin first. */
  #ahead(queue: TrackedQueue, rank: number, now: number): DurationEstimate[] {
    const ahead: DurationEstimate[] = [];
    const wanted = Math.min(rank, MAX_SIMULATED);
    if (wanted === 0) return ahead;
    for (const job of queue.line) {
      ahead.push(job.run ?? this.runOf(job, now));
      if (ahead.length >= wanted) return ahead;
    }
    // More are asked for than wait: they are like the last one, or like what is usual.
    const usual = ahead.at(-1) ?? this.#parts.estimator.predict(usualFeatures(queue.name));
    while (ahead.length < wanted) ahead.push(usual);
    return ahead;
  }

  #curveOf(queue: TrackedQueue, now: number): WaitCurve {
    const known = this.#curves.get(queue);
    if (known !== undefined && Math.abs(now - known.at) < FRESH_MS) {
      if (known.version === queue.version || !this.#mayRefresh(now)) return known;
    }
    const { count } = this.placesOf(queue, now);
    const points = count === 0 ? [] : this.#points(queue, count, now);
    const curve = { version: queue.version, at: now, points };
    this.#curves.set(queue, curve);
    return curve;
  }

  #points(queue: TrackedQueue, places: number, now: number): WaitCurve["points"] {
    const { size } = queue.line;
    const ahead = this.#ahead(queue, size, now);
    const running = this.running(queue, now);
    return ranksTo(size).map((rank) => {
      const listed = Math.min(rank, ahead.length);
      const outlook = { workers: places, running, ahead: ahead.slice(0, listed), more: rank - listed, notBeforeMs: 0 };
      return { rank, wait: simulateWait(outlook) };
    });
  }

  #mayRefresh(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = CURVES_A_SECOND;
    }
    return this.#left-- > 0;
  }

  /** Forgets a queue. */
  forget(queue: TrackedQueue): void {
    this.#curves.delete(queue);
    this.#loads.delete(queue);
  }
}

const NO_WAIT: DurationEstimate = { p10: 0, p50: 0, p90: 0 };

/** A job of which nothing is known but its queue. */
export function usualFeatures(queue: string): JobFeatures {
  return { queue, name: "", sizeBytes: null, sizeCategory: null, plan: null, userId: null, load: null };
}

/** Puts together what is expected of a run and of the wait before it. */
export function toEstimate(
  run: RunEstimate,
  wait: DurationEstimate,
  left: DurationEstimate | null,
  now: number,
): JobEstimate {
  const remaining = left ?? sumOf(wait, run);
  const { p10, p50, p90, confidence, samples, samplesWanted, prior } = run;
  return {
    wait,
    run: { p10, p50, p90 },
    remaining,
    finishAt: now + remaining.p50,
    confidence,
    samples,
    samplesWanted,
    prior,
  };
}

/** Errors of the two are taken to be independent. */
function sumOf(a: DurationEstimate, b: DurationEstimate): DurationEstimate {
  const p50 = a.p50 + b.p50;
  return {
    p10: Math.max(0, p50 - Math.hypot(a.p50 - a.p10, b.p50 - b.p10)),
    p50,
    p90: p50 + Math.hypot(a.p90 - a.p50, b.p90 - b.p50),
  };
}

/** Places at which a wait is found: the first ones each, then fewer and fewer, and the last. */
function ranksTo(size: number): readonly number[] {
  const ranks: number[] = [];
  for (let rank = 0; rank < size; rank = Math.max(rank + 1, Math.floor(rank * 1.3))) ranks.push(rank);
  ranks.push(size);
  return ranks;
}
