import type { JobEvent, JobPlan, JobState, SizeCategory } from "@wsight/protocol";

/** `pending` is waiting or delayed: which of the two is a matter of time alone. */
export type LifePhase = "pending" | "active" | "completed" | "failed" | "removed";

/** Why a job is pending. */
export type PendingCause = "queued" | "failed" | "retried" | "stalled";

/**
 * What is known of one life of a job, made from its events in order by `applyEvent`. Times are ms epoch. An id that is
 * used again after its job ended, or with a newer `createdAt`, begins a new life.
 */
export class Life {
  /** Identity among jobs of one id, as told; `null` while nobody told. */
  createdAt: number | null = null;
  phase: LifePhase = "pending";
  cause: PendingCause = "queued";
  /** It is pending because its worker gave its try up, without a word on how: should the try have failed, that is told yet. */
  isGivenUp = false;
  /** Of the event that brought it into its phase. */
  phaseAt = 0;
  name = "";
  label: string | null = null;
  userId: string | null = null;
  plan: JobPlan | null = null;
  priority: number | null = null;
  sizeBytes: number | null = null;
  sizeCategory: SizeCategory | null = null;
  /** Tries begun. */
  attempt = 0;
  maxAttempts: number | null = null;
  stalls = 0;
  /** Tries that failed and were not the last one. */
  retries = 0;
  /** The newest try whose failure was counted: two may tell of it. */
  failedTry = 0;
  worker: string | null = null;
  percent: number | null = null;
  /** When `percent` last grew. */
  percentAt: number | null = null;
  stage: string | null = null;
  queuedAt: number | null = null;
  readyAt: number | null = null;
  firstStartedAt: number | null = null;
  startedAt: number | null = null;
  /** Nobody told of its start: progress did. */
  startGuessed = false;
  endedAt: number | null = null;
  /** Of the newest event that it did not ignore. */
  changedAt = 0;
  waitMs: number | null = null;
  runMs: number | null = null;
  error: string | null = null;
  result: string | null = null;
  retryInMs: number | null = null;

  /** An independent copy. */
  clone(): Life {
    return Object.assign(new Life(), this);
  }

  /** As people see it at a time. */
  stateAt(now: number): JobState {
    if (this.phase !== "pending") return this.phase;
    return this.readyAt !== null && this.readyAt > now ? "delayed" : "waiting";
  }

  /** True once nothing more happens to it but a retry. */
  get ended(): boolean {
    return this.phase !== "pending" && this.phase !== "active";
  }
}

/** Events of one try in the order in which they happen when nobody's clock is fine enough to tell. */
const RANKS: Readonly<Record<JobEvent["kind"], number>> = {
  queued: 0,
  started: 1,
  progress: 2,
  stalled: 3,
  failed: 4,
  retried: 5,
  completed: 6,
  removed: 7,
};

/**
 * Order in which events of a job count, whatever the order in which they came: by time; at the same time by life and
 * try, where both are told. Zero: as they came.
 */
export function compareEvents(a: JobEvent, b: JobEvent): number {
  if (a.at !== b.at) return a.at - b.at;
  if (a.createdAt !== undefined && b.createdAt !== undefined && a.createdAt !== b.createdAt)
    return a.createdAt - b.createdAt;
  const first = tryOf(a);
  const second = tryOf(b);
  if (first === undefined || second === undefined) return 0;
  return first - second || RANKS[a.kind] - RANKS[b.kind];
}

/** Being queued is before all tries. */
function tryOf({ kind, attempt }: JobEvent): number | undefined {
  return kind === "queued" ? 0 : attempt;
}

/** True for one event that was told twice: two processes may tell of it at the same time, and one of them know more. */
export function isSameEvent(a: JobEvent, b: JobEvent): boolean {
  if (a.at !== b.at || a.kind !== b.kind) return false;
  const names = Object.keys(a) as (keyof JobEvent)[];
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
