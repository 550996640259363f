import type { RunEstimate } from "../estimate/estimator.ts";
import type { JobRecord } from "../ledger/ledger.ts";
import { rowOfLife } from "./job-rows.ts";
import { Life, type LifePhase } from "./life.ts";
import { runOf, waitOf } from "./said.ts";
import type { TrackedJob } from "./tracked-job.ts";

/** A job as it is kept. */
export function toRecord(job: TrackedJob, now: number): JobRecord {
  const { life, source, said } = job;
  const {
    estimate: _estimate,
    position: _position,
    ...row
  } = rowOfLife(job.queue.name, job.id, life.stateAt(now), life);
  const { cause, phaseAt, firstStartedAt, startGuessed, percentAt, retries, retryInMs, failedTry } = life;
  return {
    ...row,
    createdAt: job.identity,
    result: life.result,
    ...source,
    steps: job.steps(),
    progress: job.progress(),
    saidRun: said === null ? null : withoutBasis(runOf(said)),
    saidWait: said === null ? null : waitOf(said),
    more: {
      toldCreatedAt: life.createdAt === job.identity,
      cause,
      phaseAt,
      firstStartedAt,
      startGuessed,
      percentAt,
      retries,
      retryInMs,
      failedTry,
    },
  };
}

/** The life of a job that was kept. */
export function toLife(record: JobRecord): Life {
  const { createdAt, state, more, changedAt } = record;
  const life = new Life();
  copy(record, life);
  life.phase = phaseOf(state);
  life.phaseAt = record.endedAt ?? record.startedAt ?? record.queuedAt ?? changedAt;
  life.firstStartedAt = record.startedAt;
  if (more === undefined) return life;
  const { toldCreatedAt, ...rest } = more;
  if (toldCreatedAt) life.createdAt = createdAt;
  return Object.assign(life, rest);
}

/** How an estimate was made is of use to the estimator that made it. */
function withoutBasis({ basis: _, ...kept }: RunEstimate): RunEstimate {
  return kept;
}

/** Field by field: a hundred thousand of them are read at a start. */
function copy(record: JobRecord, life: Life): void {
  life.name = record.name;
  life.label = record.label;
  life.userId = record.userId;
  life.plan = record.plan;
  life.priority = record.priority;
  life.sizeBytes = record.sizeBytes;
  life.sizeCategory = record.sizeCategory;
  life.attempt = record.attempt;
  life.maxAttempts = record.maxAttempts;
  life.stalls = record.stalls;
  life.worker = record.worker;
  life.percent = record.percent;
  life.stage = record.stage;
  life.queuedAt = record.queuedAt;
  life.readyAt = record.readyAt;
  life.startedAt = record.startedAt;
  life.endedAt = record.endedAt;
  life.changedAt = record.changedAt;
  life.waitMs = record.waitMs;
  life.runMs = record.runMs;
  life.error = record.error;
  life.result = record.result;
}

function phaseOf(state: JobRecord["state"]): LifePhase {
  return state === "waiting" || state === "delayed" ? "pending" : state;
}
