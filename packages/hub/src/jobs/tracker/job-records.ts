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
  const { cause, phaseAt, firstStartedAt, startGuessed, percentAt, retries, retryInMs } = life;
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
    },
  };
}

/** The life of a job that was kept. */
export function toLife(record: JobRecord): Life {
  const { createdAt, state, more, maxAttempts, changedAt } = record;
  const life = new Life();
  for (const key of SHARED) Object.assign(life, { [key]: record[key] });
  life.phase = phaseOf(state);
  life.maxAttempts = maxAttempts;
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

const SHARED = [
  "name",
  "label",
  "userId",
  "plan",
  "priority",
  "sizeBytes",
  "sizeCategory",
  "attempt",
  "stalls",
  "worker",
  "percent",
  "stage",
  "queuedAt",
  "readyAt",
  "startedAt",
  "endedAt",
  "changedAt",
  "waitMs",
  "runMs",
  "error",
  "result",
] as const satisfies readonly (keyof JobRecord & keyof Life)[];

function phaseOf(state: JobRecord["state"]): LifePhase {
  return state === "waiting" || state === "delayed" ? "pending" : state;
}
