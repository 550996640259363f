import {
  asFields,
  asList,
  expected,
  JOB_EVENT_FIELDS,
  JOB_EVENT_KINDS,
  type JobEvent,
  type JobEventKind,
  MAX_FRAME_BEATS,
  MAX_JOB_EVENTS,
  MAX_JOB_RESULT,
  parseJobEvent,
  parseWorkerBeat,
  type WorkerBeat,
  WsightError,
} from "@wsight/protocol";
import { divideByQueue, type QueueScope } from "./access/queue-scope.ts";
import type { Jobs, TakenJobs } from "./jobs/jobs.ts";

/** Most faults of one batch that are named. */
const MAX_NAMED_FAULTS = 20;
/** How far ahead the clock of another machine may be at most, ms: a job that was made later shuts out what is told of it. */
const MAX_AHEAD_MS = 86_400_000;
/** How long an answer waits for what it took to be kept, ms; then it says that it is not yet. */
const KEPT_WITHIN_MS = 5_000;
const BEAT_FIELDS = ["at", "queue", "worker", "concurrency", "active", "paused", "ended"];
const BATCH_FIELDS = ["events", "beats", "id"];

/** What other programs tell of jobs in one go. */
export interface JobBatch {
  readonly events: readonly JobEvent[];
  readonly beats: readonly WorkerBeat[];
}

/** Faults of a batch, each with its field, and how many more there are than are named. */
interface Faults {
  readonly faults: readonly string[];
  readonly further: number;
}

/** What is answered to a batch. `refused` are events that found no room, or are of queues that the token does not name. */
export interface JobBatchAnswer extends Pick<TakenJobs, "taken" | "ignored" | "refused">, Partial<Faults> {
  /** False when it is known, but not on a disk yet. */
  readonly kept: boolean;
}

/**
 * Reads a batch: `{ events, beats }`, or a list of events. Times that are left out are now, and none is later; the
 * queue that is left out is `jobs`. Nothing of a batch with a fault is taken.
 * @param now ms epoch
 * @throws WsightError `BAD_REQUEST` whose details name the faults, each with its field
 */
export function parseJobBatch(value: unknown, now: number): JobBatch {
  const fields = asFields("BAD_REQUEST", "body", Array.isArray(value) ? { events: value } : value);
  checkNames("body", fields, BATCH_FIELDS);
  const faults: string[] = [];
  const read = <T>(what: string, max: number, parse: (where: string, value: unknown) => T): T[] =>
    asList("BAD_REQUEST", what, fields[what] ?? [], max).flatMap((item, i) => {
      try {
        return [parse(`${what}[${i}]`, item)];
      } catch (error) {
        faults.push(error instanceof WsightError ? error.message : String(error));
        return [];
      }
    });
  const batch = {
    events: read("events", MAX_JOB_EVENTS, (where, item) => readEvent(where, item, now)),
    beats: read("beats", MAX_FRAME_BEATS, (where, item) => readBeat(where, item, now)),
  };
  if (faults.length === 0) return batch;
  throw new WsightError("BAD_REQUEST", faults[0] ?? "", { details: bounded(faults) });
}

function bounded(faults: readonly string[]): Faults {
  return { faults: faults.slice(0, MAX_NAMED_FAULTS), further: Math.max(0, faults.length - MAX_NAMED_FAULTS) };
}

function readEvent(where: string, value: unknown, now: number): JobEvent {
  const fields = asFields("BAD_REQUEST", where, value);
  const kind = JOB_EVENT_KINDS.find((known) => known === fields.kind);
  if (kind === undefined)
    throw expected("BAD_REQUEST", `${where}.kind`, `one of ${JOB_EVENT_KINDS.join(", ")}`, fields.kind);
  checkNames(where, fields, JOB_EVENT_FIELDS[kind]);
  const event = parseJobEvent("BAD_REQUEST", where, {
    at: now,
    queue: "jobs",
    ...fields,
    ...resultField(where, kind, fields.result),
  });
  if (event.createdAt !== undefined && event.createdAt > now + MAX_AHEAD_MS)
    throw expected("BAD_REQUEST", `${where}.createdAt`, "a time that has come", event.createdAt);
  return { ...event, at: Math.min(now, event.at) };
}

/** A result is any JSON here, and kept as its text. */
function resultField(where: string, kind: JobEventKind, result: unknown): { readonly result?: string } {
  if (kind !== "completed" || result === undefined) return {};
  const text = JSON.stringify(result);
  if (text.length <= MAX_JOB_RESULT) return { result: text };
  throw expected("BAD_REQUEST", `${where}.result`, `at most ${MAX_JOB_RESULT} characters of JSON`, text.length);
}

function readBeat(where: string, value: unknown, now: number): WorkerBeat {
  const fields = asFields("BAD_REQUEST", where, value);
  checkNames(where, fields, BEAT_FIELDS);
  const beat = parseWorkerBeat("BAD_REQUEST", where, { at: now, queue: "jobs", ...fields });
  return { ...beat, at: Math.min(now, beat.at) };
}

/** A name that is misspelt would be passed over in silence. */
function checkNames(where: string, fields: object, known: readonly string[]): void {
  const odd = Object.keys(fields).find((name) => !known.includes(name));
  if (odd !== undefined) throw expected("BAD_REQUEST", where, `fields ${known.join(", ")}`, odd);
}

/**
 * Takes of a batch what is of queues that its teller may tell of, and names the rest; resolves once that is kept, or
 * after five seconds. Progress is not waited for, and alone is answered at once: it is kept a second later, and the
 * next one says the same better. Never rejects.
 */
export async function takeJobBatch(
  jobs: Pick<Jobs, "take" | "beat" | "lost">,
  batch: JobBatch,
  scope: QueueScope,
): Promise<JobBatchAnswer> {
  const source = { source: "api", node: null } as const;
  const { own: beats, foreign: foreignBeats } = divideByQueue(scope, "beats", batch.beats);
  const { own: events, foreign } = divideByQueue(scope, "events", batch.events);
  if (beats.length > 0) jobs.beat(beats, source);
  if (foreign.length > 0) jobs.lost(foreign.length);
  const { kept, ...counts } = jobs.take(events, source);
  const faults = [...foreign, ...foreignBeats].map(({ message }) => message);
  const answer = {
    ...counts,
    refused: counts.refused + foreign.length,
    ...(faults.length === 0 ? {} : bounded(faults)),
  };
  if (events.length > 0 && events.every(({ kind }) => kind === "progress")) return { ...answer, kept: false };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), KEPT_WITHIN_MS);
    timer.unref();
  });
  const isKept = await Promise.race([kept.then(() => true), late]);
  clearTimeout(timer);
  return { ...answer, kept: isKept };
}
