import { type DurationEstimate, type JobEstimate, sizeCategoryOf } from "@wsight/protocol";
import type { Estimator, JobFeatures, RunEstimate } from "../estimate/estimator.ts";
import { simulateWait } from "../estimate/simulate-wait.ts";
import { packSaid, runOf } from "./said.ts";
import type { JobQueue, TrackedJob } from "./tracked-job.ts";
import type { WorkerRoster } from "./worker-roster.ts";

/** What was found about a queue is taken for this long, ms, and about a run that has not begun. */
const FRESH_MS = 1000;
const RUN_FRESH_MS = 10_000;
/** Runs that a simulation is made of; of a larger queue, one that is alike but smaller is simulated. */
const MAX_SIMULATED = 24;
/** A queue whose workers nobody tells of, and from which nobody took a job for so long, is taken to have none, ms. */
const LEFT_AFTER_MS = 60_000;
/** Simulations within one second, of all queues together; beyond, what was found before is taken. */
const SIMULATIONS_A_SECOND = 60;

/** How long those wait who come at a place: simulated for some places, when asked; in between on a straight line. */
interface WaitCurve {
  readonly version: number;
  readonly at: number;
  /** Jobs that are taken at once; 0: nobody takes any. */
  readonly places: number;
  /** Jobs that waited. */
  readonly size: number;
  /** What was left of runs; `null` until somebody asks. */
  running: readonly DurationEstimate[] | null;
  readonly waits: Map<number, DurationEstimate>;
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
  readonly #curves = new Map<JobQueue, WaitCurve>();
  readonly #loads = new Map<JobQueue, { readonly at: number; readonly load: number | null }>();
  #second = 0;
  #left = SIMULATIONS_A_SECOND;

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
  loadOf(queue: JobQueue, now: number): number | null {
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

  /** What is expected of a job's run by what is known now; found anew every ten seconds, and at its start. */
  runOf(job: TrackedJob, now: number): RunEstimate {
    if (job.run !== null && Math.abs(now - job.runAt) < RUN_FRESH_MS && !startedSince(job)) return runOf(job.run);
    // What is learned while it runs is said by its progress.
    if (job.run !== null && job.life.phase === "active" && !startedSince(job)) return runOf(job.run);
    const run = this.#parts.estimator.predict(this.featuresOf(job, now));
    job.run = packSaid(run, null);
    job.runAt = now;
    return run;
  }

  /** Says for the first time what is expected. */
  sayFirst(job: TrackedJob, now: number): void {
    const run = this.#parts.estimator.predict(this.featuresOf(job, now));
    const wait = job.life.phase === "pending" ? this.waitOf(job, now) : null;
    job.said = packSaid(run, wait === null ? null : [wait.p10, wait.p50, wait.p90]);
    job.run = job.said;
    job.runAt = now;
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
  waitAt(queue: JobQueue, rank: number, now: number): DurationEstimate | null {
    const curve = this.#curveOf(queue, now);
    if (curve.places === 0) return null;
    const [below, above] = aroundRank(Math.min(rank, curve.size), curve.size);
    const first = this.#point(curve, queue, below, now);
    if (rank > curve.size) return this.#beyond(first, rank - curve.size, queue, curve.places);
    if (above <= below) return first;
    const second = this.#point(curve, queue, above, now);
    const share = (rank - below) / (above - below);
    const between = (from: number, to: number): number => from + share * (to - from);
    return {
      p10: between(first.p10, second.p10),
      p50: between(first.p50, second.p50),
      p90: between(first.p90, second.p90),
    };
  }

  /** How many jobs of a queue are taken at once. */
  placesOf(queue: JobQueue, now: number): Places {
    const told = this.#parts.roster.of(queue.name, now);
    const reading = queue.readingAt(now);
    const workers = reading?.workers ?? told.workers;
    const peak = queue.peakAt(now);
    const isLeft = workers === null && peak === 0 && now - (queue.oldestAt() ?? now) > LEFT_AFTER_MS;
    if (reading?.paused === true || workers === 0 || isLeft) return { count: 0, workers };
    return { count: Math.max(told.capacity ?? 0, workers ?? 0, peak, 1), workers };
  }

  /** Until a job begins behind `rank` others, by a simulation of its own. */
  simulate(queue: JobQueue, rank: number, places: number, now: number): DurationEstimate {
    return this.#play(queue, rank, places, this.#running(queue, places, now), now);
  }

  /** What is left of runs that are under way: of all, or of a share of them that is as large as that of the places. */
  #running(queue: JobQueue, places: number, now: number): readonly DurationEstimate[] {
    const wanted = Math.round(queue.active.size * scaleOf(queue, places));
    const running: DurationEstimate[] = [];
    for (const job of queue.active) {
      if (running.length >= wanted) break;
      running.push(this.#untilFree(job, now));
    }
    return running;
  }

  #play(
    queue: JobQueue,
    rank: number,
    places: number,
    running: readonly DurationEstimate[],
    now: number,
  ): DurationEstimate {
    const scale = scaleOf(queue, places);
    const smallRank = Math.round(rank * scale);
    // More are asked for than wait: they are like what is usual.
    const known = Math.min(smallRank, Math.round(queue.line.size * scale));
    const ahead = this.#ahead(queue, Math.min(known, MAX_SIMULATED), now);
    const usual = smallRank > known ? this.#usual(queue) : null;
    const drawn = usual === null ? 0 : Math.min(smallRank, MAX_SIMULATED) - ahead.length;
    return simulateWait({
      workers: Math.max(1, Math.round(places * scale)),
      running,
      ahead: usual === null ? ahead : [...ahead, ...new Array<DurationEstimate>(drawn).fill(usual)],
      more: known - ahead.length,
      usual: usual === null ? undefined : { run: usual, jobs: smallRank - known - drawn },
      notBeforeMs: 0,
    });
  }

  /** Until the worker of a job is free, however its try ends. */
  #untilFree(job: TrackedJob, now: number): DurationEstimate {
    const { queue, life } = job;
    const run = this.runOf(job, now);
    if (run.prior) return this.#remaining(job, { ...run, ...queue.failedTries.occupied(life.name, run) }, now);
    const elapsedMs = Math.max(0, now - (life.startedAt ?? now));
    return queue.failedTries.left(life.name, this.#remaining(job, run, now), elapsedMs);
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
  #ahead(queue: JobQueue, wanted: number, now: number): DurationEstimate[] {
    const ahead: DurationEstimate[] = [];
    if (wanted === 0) return ahead;
    for (const job of queue.line) {
      ahead.push(queue.failedTries.occupied(job.life.name, this.runOf(job, now)));
      if (ahead.length >= wanted) break;
    }
    return ahead;
  }

  /** How long any job of a queue keeps a worker. */
  #usual(queue: JobQueue): DurationEstimate {
    return queue.failedTries.occupied(null, this.#parts.estimator.predict(usualFeatures(queue.name)));
  }

  #curveOf(queue: JobQueue, now: number): WaitCurve {
    const known = this.#curves.get(queue);
    const isFresh = known?.version === queue.version && Math.abs(now - known.at) < FRESH_MS;
    if (known !== undefined && (isFresh || !this.#maySimulate(now))) return known;
    const { count: places } = this.placesOf(queue, now);
    const curve = { version: queue.version, at: now, places, size: queue.line.size, running: null, waits: new Map() };
    this.#curves.set(queue, curve);
    return curve;
  }

  /** As {@link waitAt}, for all ranks one after the other: half of them begin before, ms. */
  waitsOf(queue: JobQueue, now: number): (rank: number) => number | null {
    let from = 0;
    let to = -1;
    let start = 0;
    let slope = 0;
    return (rank) => {
      if (rank > to || rank < from) {
        const [below, above] = aroundRank(rank, queue.line.size);
        const first = this.waitAt(queue, below, now);
        const second = this.waitAt(queue, above, now);
        if (first === null || second === null) return null;
        from = below;
        to = above;
        start = first.p50;
        slope = above === below ? 0 : (second.p50 - first.p50) / (above - below);
      }
      return start + slope * (rank - from);
    };
  }

  /** Behind those that came since: as if all of them were like the newest. */
  #beyond(wait: DurationEstimate, more: number, queue: JobQueue, places: number): DurationEstimate {
    const { last } = queue.line;
    if (last?.run == null) return wait;
    const { p10, p50, p90 } = queue.failedTries.occupied(last.life.name, runOf(last.run));
    const share = more / places;
    return { p10: wait.p10 + share * p10, p50: wait.p50 + share * p50, p90: wait.p90 + share * p90 };
  }

  #point(curve: WaitCurve, queue: JobQueue, rank: number, now: number): DurationEstimate {
    let wait = curve.waits.get(rank);
    if (wait === undefined) {
      this.#left--;
      curve.running ??= this.#running(queue, curve.places, now);
      wait = this.#play(queue, rank, curve.places, curve.running, now);
      curve.waits.set(rank, wait);
    }
    return wait;
  }

  #maySimulate(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#left = SIMULATIONS_A_SECOND;
    }
    return this.#left > 0;
  }

  /** Forgets a queue. */
  forget(queue: JobQueue): void {
    this.#curves.delete(queue);
    this.#loads.delete(queue);
  }
}

/** True for a job that began after its run was last looked at. */
function startedSince({ life, runAt }: TrackedJob): boolean {
  return life.phase === "active" && life.startedAt !== null && runAt < life.startedAt;
}

/** How much smaller the queue is that is simulated. */
function scaleOf(queue: JobQueue, places: number): number {
  return Math.min(1, MAX_SIMULATED / Math.max(places, queue.active.size, 1));
}

const NO_WAIT: DurationEstimate = { p10: 0, p50: 0, p90: 0 };

/** A job of which nothing is known but its queue. */
function usualFeatures(queue: string): JobFeatures {
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

/** The places around a rank at which waits are found: the first ones each, then always twice as far, and the last. */
function aroundRank(rank: number, size: number): readonly [below: number, above: number] {
  if (rank <= 2 || rank >= size) return [rank, rank];
  const below = 2 ** Math.floor(Math.log2(rank));
  return below === rank ? [rank, rank] : [below, Math.min(size, 2 * below)];
}
