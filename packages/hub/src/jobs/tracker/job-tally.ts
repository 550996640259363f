import type { EstimateOutcome } from "@wsight/protocol";
import type { Estimator } from "../estimate/estimator.ts";
import type { JobMeter } from "../job-meter.ts";
import { EstimateScores } from "./estimate-scores.ts";
import type { Forecast } from "./forecast.ts";
import type { JobBefore } from "./job-before.ts";
import { runOf, waitOf } from "./said.ts";
import type { TrackedJob } from "./tracked-job.ts";
import type { WorkerRoster } from "./worker-roster.ts";

/** Whom a tally tells. */
export interface TallyParts {
  readonly meter: JobMeter | null;
  readonly roster: WorkerRoster;
  readonly forecast: Forecast;
  readonly estimator: Estimator;
  /** ms epoch. */
  readonly now: () => number;
}

/** Counts what comes to jobs, times it, and lets it be learned from: each change once. */
export class JobTally {
  /** Since the hub began. */
  readonly counts = { completed: 0, failed: 0, retried: 0, stalled: 0 };
  readonly scores: EstimateScores = new EstimateScores();
  readonly #parts: TallyParts;

  constructor(parts: TallyParts) {
    this.#parts = parts;
  }

  /** Counts what an event changed. */
  measure(job: TrackedJob, before: JobBefore | null): void {
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
      if (life.worker !== null) this.#parts.roster.count(queue.name, life.worker, "failed", null);
    }
    for (let count = before?.stalls ?? 0; count < life.stalls; count++) {
      this.counts.stalled++;
      meter?.stalled(queue.name);
      if (life.worker !== null) this.#parts.roster.count(queue.name, life.worker, "stalls", null);
    }
    const failedMs = failedTryMs(job, before);
    if (failedMs !== null) queue.failedTries.note(life.name, failedMs);
    if (life.phase !== before?.phase && (life.phase === "completed" || life.phase === "failed"))
      this.#end(job, life.phase);
  }

  #end(job: TrackedJob, outcome: "completed" | "failed"): void {
    const { life, queue } = job;
    this.counts[outcome]++;
    this.#countEnd(job, outcome === "completed", life.endedAt ?? life.changedAt);
    this.#parts.meter?.ended(queue.name, outcome, life.runMs === null ? null : life.runMs / 1000);
    if (life.worker !== null) this.#parts.roster.count(queue.name, life.worker, outcome, life.runMs);
    if (outcome === "failed" || life.runMs === null || life.endedAt === null) return;
    queue.failedTries.note(life.name, null);
    this.#parts.estimator.learn(this.#parts.forecast.featuresOf(job, this.#parts.now()), {
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

  /** Takes in a job that was kept: what was counted of it before the hub began counts in the windows of its queue alone. */
  restore(job: TrackedJob): void {
    const { name, phase, endedAt, runMs } = job.life;
    if (endedAt === null || (phase !== "completed" && phase !== "failed")) return;
    this.#countEnd(job, phase === "completed", endedAt);
    if (runMs !== null) job.queue.failedTries.note(name, phase === "completed" ? null : runMs);
    const outcome = phase === "completed" ? outcomeOf(job) : null;
    if (outcome !== null) this.scores.add(outcome);
  }
}

/** How long a try took that just ended and did not end well; `null`: none did, or its worker was lost with it. */
function failedTryMs({ life }: TrackedJob, before: JobBefore | null): number | null {
  const { phase, phaseAt, startedAt, attempt } = life;
  if (phase === "active" || phase === "completed" || startedAt === null) return null;
  const isLost = phase === "pending" && life.cause === "stalled";
  const isNews = before?.phase === "active" || attempt > (before?.attempt ?? 0);
  return isLost || !isNews ? null : Math.max(0, phaseAt - startedAt);
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
