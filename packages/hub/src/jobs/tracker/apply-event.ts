import type { JobCompleted, JobEvent, JobFailed, JobMoved, JobProgressed, JobStarted } from "@wsight/protocol";
import { describeLife } from "./describe-life.ts";
import { Life, type PendingCause } from "./life.ts";

/** Clocks of two machines, put right, are no further apart than this, ms: what says no attempt is not told apart below. */
const SKEW_MS = 1_000;

/**
 * Has a job live through an event and says whether that changed anything. Events come in the order of `compareEvents`;
 * those that come later than that, to a life that was read from the ledger, only fill holes.
 *
 * The moves: pending → active (`started`, or `progress` where nobody told of a start) → completed, failed, or pending
 * again (`failed` that is not final, `stalled`, `retried` of the very try that is under way). A failed job becomes
 * pending again by `retried`. Completed beats everything but `removed`. A try that is older than the one under way
 * changes nothing. Being queued after an end, or with a newer `createdAt`, is a new life: everything begins anew.
 */
export function applyEvent(life: Life, event: JobEvent): boolean {
  const { createdAt } = event;
  if (createdAt !== undefined && life.createdAt !== null && createdAt < life.createdAt) return false;
  if (beginsNewLife(life, event)) Object.assign(life, new Life());
  const isFirst = life.changedAt === 0;
  if (createdAt !== undefined) life.createdAt ??= createdAt;
  if (isFirst) life.phaseAt = event.at;
  if (!move(life, event) && !isFirst) return false;
  life.changedAt = Math.max(life.changedAt, event.at);
  return true;
}

/** True for an event of a job that has the id of one that is over. */
export function beginsNewLife(life: Life, event: JobEvent): boolean {
  const { createdAt } = event;
  if (life.changedAt === 0) return false;
  if (createdAt !== undefined && life.createdAt !== null) return createdAt > life.createdAt;
  if (life.endedAt === null) return false;
  if (event.kind === "queued") return event.at > life.endedAt + (life.queuedAt === null ? SKEW_MS : 0);
  return createdAt !== undefined && createdAt > life.endedAt + SKEW_MS;
}

function move(life: Life, event: JobEvent): boolean {
  switch (event.kind) {
    case "queued":
      return describeLife(life, event);
    case "started":
      return start(life, event);
    case "progress":
      return progress(life, event);
    case "completed":
      return complete(life, event);
    case "failed":
      return fail(life, event);
    case "retried":
      return retry(life, event);
    case "stalled":
      return stall(life, event);
    case "removed":
      return remove(life, event);
  }
}

function start(life: Life, event: JobStarted): boolean {
  const { attempt } = event;
  if (isOfOlderTry(life, event)) return false;
  const isNewer = attempt !== undefined && attempt > life.attempt;
  switch (life.phase) {
    case "active":
      return isNewer ? begin(life, attempt, event, event.worker) : fillStart(life, event.at, event.worker);
    case "pending":
      if (!isNewer && life.attempt > 0 && event.at < life.phaseAt) return false;
      if (attempt !== undefined && !isNewer && life.cause === "failed") return false;
      return begin(life, attempt ?? nextTry(life), event, event.worker);
    case "failed":
      if (isNewer || (attempt === undefined && isClearlyAfter(life, event)))
        return begin(life, attempt ?? life.attempt + 1, event, event.worker);
      return fillStart(life, event.at, event.worker);
    default:
      return fillStart(life, event.at, event.worker);
  }
}

/** A worker that lost a job had not finished its try. */
function nextTry(life: Life): number {
  return life.cause === "stalled" ? Math.max(1, life.attempt) : life.attempt + 1;
}

function begin(life: Life, attempt: number, { at }: JobEvent, worker: string | undefined, guessed = false): boolean {
  life.phase = "active";
  life.phaseAt = at;
  life.attempt = attempt;
  life.startedAt = at;
  life.startGuessed = guessed;
  life.worker = worker ?? null;
  life.percent = life.percentAt = life.stage = null;
  life.endedAt = life.runMs = life.error = life.retryInMs = null;
  // A queue that counts its tries anew.
  if (attempt <= life.failedTry) life.failedTry = attempt - 1;
  if (!guessed) noteFirstStart(life, at);
  return true;
}

function noteFirstStart(life: Life, at: number): void {
  if (life.firstStartedAt !== null) return;
  life.firstStartedAt = at;
  if (life.readyAt !== null) life.waitMs = Math.max(0, at - life.readyAt);
}

/** A start that is told late, or again. */
function fillStart(life: Life, at: number, worker: string | undefined): boolean {
  let isNews = false;
  if (worker !== undefined && life.worker === null) {
    life.worker = worker;
    isNews = true;
  }
  const isHole = life.startedAt === null || life.startGuessed || at < life.startedAt;
  if (!isHole || (life.endedAt !== null && at > life.endedAt)) return isNews;
  life.startedAt = at;
  life.startGuessed = false;
  noteFirstStart(life, at);
  if (life.endedAt !== null) life.runMs = life.endedAt - at;
  return true;
}

function progress(life: Life, event: JobProgressed): boolean {
  const { attempt } = event;
  if (life.ended || isOfOlderTry(life, event)) return false;
  const isNewer = attempt !== undefined && attempt > life.attempt;
  if (life.phase === "pending" && !isNewer) {
    // The last words of a try that is over, if no clock can tell them from the first of the next.
    if (attempt !== undefined || (life.attempt > 0 && !isClearlyAfter(life, event))) return false;
  }
  const begins = life.phase === "pending" || isNewer;
  if (begins) begin(life, attempt ?? nextTry(life), event, event.worker, true);
  const { percent = null, stage = null, worker = null } = event;
  const grows = percent !== null && (life.percent === null || percent > life.percent);
  if (grows) {
    life.percent = percent;
    life.percentAt = event.at;
  }
  const staged = stage !== null && stage !== life.stage && event.at >= life.changedAt;
  if (staged) life.stage = stage;
  const told = worker !== null && life.worker === null;
  if (told) life.worker = worker;
  return begins || grows || staged || told;
}

function complete(life: Life, event: JobCompleted): boolean {
  const { at, attempt = life.attempt, worker, result } = event;
  if (life.phase === "removed") return false;
  const isNews = life.phase !== "completed";
  if (isNews) {
    if (life.phase === "pending" || attempt > life.attempt) forgetTry(life);
    life.phase = "completed";
    life.phaseAt = at;
    life.attempt = Math.max(1, life.attempt, attempt);
    life.endedAt = at;
    life.percent = 100;
    life.error = life.retryInMs = null;
  }
  const hadResult = life.result !== null;
  life.result ??= result ?? null;
  const filled = fillEnd(life, event.startedAt, worker);
  return isNews || filled || (!hadResult && life.result !== null);
}

/** The try that ends is not the one that was heard of. */
function forgetTry(life: Life): void {
  life.startedAt = life.worker = life.stage = null;
  life.startGuessed = false;
}

/** What an end tells of its start. */
function fillEnd(life: Life, startedAt: number | undefined, worker: string | undefined): boolean {
  const filled =
    startedAt !== undefined && (life.startedAt === null || life.startGuessed)
      ? fillStart(life, Math.min(startedAt, life.endedAt ?? startedAt), worker)
      : false;
  const told = worker !== undefined && life.worker === null;
  if (told) life.worker = worker;
  if (life.endedAt !== null && life.startedAt !== null) life.runMs = Math.max(0, life.endedAt - life.startedAt);
  return filled || told;
}

function fail(life: Life, event: JobFailed): boolean {
  const { attempt } = event;
  if (life.phase === "completed" || life.phase === "removed") return false;
  if (isOfOlderTry(life, event)) return countOldFailure(life, event);
  const isNewer = attempt !== undefined && attempt > life.attempt;
  if (!isNewer && life.phase !== "active" && !isUpgrade(life, event)) return fillError(life, event);
  if (isNewer || life.attempt === 0) {
    forgetTry(life);
    life.attempt = attempt ?? 1;
  }
  life.failedTry = life.attempt;
  life.error = event.error;
  life.percent = life.percentAt = event.final ? life.percent : null;
  life.phaseAt = event.at;
  life.endedAt = event.at;
  fillEnd(life, event.startedAt, event.worker);
  life.retryInMs = event.final ? null : (event.retryInMs ?? 0);
  if (event.final) {
    life.phase = "failed";
    return true;
  }
  life.retries++;
  wait(life, "failed", event.at, event.retryInMs);
  return true;
}

/** A failure of a job that waits: the first word of its try, its last one, or one more of a job that was lost. */
function isUpgrade(life: Life, { final, attempt, at }: JobFailed): boolean {
  if (life.phase !== "pending") return false;
  if (life.attempt === 0) return true;
  if (life.isGivenUp) return attempt === life.attempt;
  if (life.cause === "retried") return attempt === undefined && at > life.phaseAt + SKEW_MS;
  return final || (life.cause === "stalled" && at >= life.phaseAt);
}

/** The failure of a try that others have followed since. */
function countOldFailure(life: Life, { attempt = 0, final }: JobFailed): boolean {
  if (final || attempt <= life.failedTry) return false;
  life.failedTry = attempt;
  life.retries++;
  return true;
}

function fillError(life: Life, event: JobFailed): boolean {
  if (life.phase !== "failed") return false;
  const filled = fillEnd(life, event.startedAt, event.worker);
  if (life.error !== null && life.error !== "") return filled;
  life.error = event.error;
  return filled || event.error !== "";
}

function wait(life: Life, cause: PendingCause, at: number, delayMs = 0): void {
  life.phase = "pending";
  life.cause = cause;
  life.isGivenUp = false;
  life.phaseAt = at;
  life.readyAt = at + delayMs;
  life.endedAt = null;
  life.percent = life.percentAt = life.stage = null;
}

/** Puts back what failed; a job that is delayed may begin at another time by it. */
function retry(life: Life, event: JobMoved): boolean {
  if (isOfOlderTry(life, event) || life.phase === "removed") return false;
  if (life.phase === "active") return giveUp(life, event);
  if (life.phase === "pending") {
    const readyAt = event.at + (event.delayMs ?? 0);
    if (event.at < life.phaseAt || readyAt === life.readyAt) return false;
    life.readyAt = readyAt;
    return true;
  }
  if (event.at < life.phaseAt) return false;
  if (life.phase === "completed" && event.attempt === undefined && !isClearlyAfter(life, event)) return false;
  wait(life, "retried", event.at, event.delayMs);
  life.result = life.error = life.retryInMs = null;
  return true;
}

/** A worker put its job off: only by a try that is named, since a retry by hand may be told late. */
function giveUp(life: Life, event: JobMoved): boolean {
  if (event.attempt !== life.attempt || life.startedAt === null || event.at < life.startedAt) return false;
  wait(life, "retried", event.at, event.delayMs);
  life.isGivenUp = true;
  return true;
}

function stall(life: Life, event: JobMoved): boolean {
  if (life.ended || isOfOlderTry(life, event)) return false;
  if (isTakenAlready(life, event)) {
    if (life.cause === "stalled") return false;
    life.cause = "stalled";
    life.stalls++;
    return true;
  }
  const isNewer = event.attempt !== undefined && event.attempt > life.attempt;
  // Being put off was the half of it.
  if (life.phase === "pending" && life.attempt > 0 && !isNewer && !life.isGivenUp) return false;
  if (event.at < life.phaseAt && !isNewer) return false;
  if (isNewer) life.attempt = event.attempt ?? life.attempt;
  life.stalls++;
  wait(life, "stalled", event.at, event.delayMs);
  return true;
}

/** Another worker was faster to take it than the one that found it lost was to say so. */
function isTakenAlready({ phase, attempt, startedAt }: Life, event: JobMoved): boolean {
  if (phase !== "active" || event.attempt !== undefined || attempt < 2 || startedAt === null) return false;
  return event.at >= startedAt && event.at - startedAt < SKEW_MS;
}

function remove(life: Life, { at }: JobMoved): boolean {
  if (life.ended) return false;
  life.phase = "removed";
  life.phaseAt = at;
  life.endedAt = at;
  life.percent = life.stage = null;
  if (life.startedAt !== null && life.attempt > 0) life.runMs ??= Math.max(0, at - life.startedAt);
  return true;
}

/** After a retry by hand a queue may count its tries anew. */
function isOfOlderTry(life: Life, { attempt, at }: JobEvent): boolean {
  if (attempt === undefined || attempt >= life.attempt) return false;
  return !(life.phase === "pending" && life.cause === "retried" && at >= life.phaseAt);
}

function isClearlyAfter(life: Life, { at }: Pick<JobEvent, "at">): boolean {
  return at > life.phaseAt + SKEW_MS;
}
