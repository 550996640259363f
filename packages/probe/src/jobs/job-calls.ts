import {
  asFields,
  asNumber,
  asOneOf,
  asText,
  type ErrorCode,
  expected,
  type Fields,
  JOB_PLANS,
  type JobPlan,
  MAX_JOB_RESULT,
  SIZE_CATEGORIES,
  type SizeCategory,
} from "@wsight/protocol";
import type { ProbeContext } from "../integration.ts";
import { messageOf, toJsonText } from "./json-text.ts";
import { OwnWorkers } from "./own-workers.ts";

const CODE: ErrorCode = "BAD_OPTION";
/** Names are judged, and texts cut, where events leave. */
const ANY_LENGTH: number = Number.POSITIVE_INFINITY;

/** Names a job beside its id. */
export interface JobOf {
  /** @default "jobs"; "documents" with `notifyDocument…` */
  readonly queue?: string;
  /** From 1: which try it is. @default the one that is under way */
  readonly attempt?: number;
  /** When the job was made, ms epoch: tells two jobs apart that had one id after the other. @default the newest of that id */
  readonly createdAt?: number;
}

/** A job that one of the workers of this process has. */
export interface JobWithWorker extends JobOf {
  /** @default the name of this process */
  readonly worker?: string;
}

/** What is known of a job when it is queued. */
export interface QueuedJob extends JobOf {
  readonly jobId: string | number;
  /** What kind of job: a name of the code, not of a thing. @default none */
  readonly name?: string;
  /** What people call it, a file's name for instance: shown to its owner and to administrators. */
  readonly label?: string;
  readonly sizeBytes?: number;
  /** @default by `sizeBytes` */
  readonly sizeCategory?: SizeCategory;
  /** The owner's plan; it decides the priority. */
  readonly plan?: JobPlan;
  /** The lower, the sooner. @default by `plan` */
  readonly priority?: number;
  /** It may begin no sooner than this long from now, ms. @default 0 */
  readonly delayMs?: number;
  /** Tries that it has. @default 1 */
  readonly maxAttempts?: number;
}

/** What is known of a document when it is queued. */
export interface QueuedDocument extends JobOf, Pick<QueuedJob, "name" | "priority" | "delayMs" | "maxAttempts"> {
  readonly documentId: string | number;
  readonly fileName?: string;
  /** Bytes. */
  readonly fileSize?: number;
  readonly userPlan?: JobPlan;
}

/** How a try failed. */
export interface FailedJob extends JobWithWorker {
  /** False: it is tried again. @default true, unless `retryInMs` is given */
  readonly final?: boolean;
  /** The next try begins no sooner than this long from now, ms. */
  readonly retryInMs?: number;
}

/** What a worker says of itself; those that are silent for 20 s are taken for dead. */
export interface BeatingWorker {
  /** @default "jobs" */
  readonly queue?: string;
  /** Jobs that it takes at once. @default 1 */
  readonly concurrency?: number;
  /** Jobs that it has. @default 0 */
  readonly active?: number;
  readonly paused?: boolean;
  /** It ends in good order. @default false */
  readonly ended?: boolean;
}

/**
 * Telling what happens to jobs, for queues that no integration covers. None of these throws or waits: bad arguments go
 * to `onError`. Events may be told by any process, twice, late and in any order. Whoever began a job is a worker from
 * then on, and told to be there every five seconds.
 */
export interface JobCalls {
  /** A job waits. `userId` is the `sub` of the owner's token, `null` for nobody's. */
  jobQueued(userId: string | number | null, job: QueuedJob): void;
  /** A worker has it. */
  jobStarted(jobId: string | number, options?: JobWithWorker): void;
  /** It goes on: 0 to 100, and where it stands, in a word or two. */
  jobProgress(jobId: string | number, percent: number | null, stage?: string, options?: JobWithWorker): void;
  /**
   * It has ended. `result` goes to its owner as JSON of at most 4096 characters; a longer one is left out. Without
   * `success`, `result` is the error, and that is its end.
   */
  jobCompleted(jobId: string | number, result?: unknown, success?: boolean, options?: JobWithWorker): void;
  /** A try failed; by default that is its end. The error is redacted and cut. */
  jobFailed(jobId: string | number, error: unknown, options?: FailedJob): void;
  /** One that had ended waits again. */
  jobRetried(jobId: string | number, options?: JobOf & { readonly delayMs?: number }): void;
  /** Its worker lost it; it waits again. */
  jobStalled(jobId: string | number, options?: JobOf): void;
  /** It left its queue without an end. */
  jobRemoved(jobId: string | number, options?: JobOf): void;
  /** A worker is there, also one that never began a job here: say so every five seconds. */
  workerBeat(worker: string, options?: BeatingWorker): void;

  notifyJobQueued: JobCalls["jobQueued"];
  notifyJobStarted: JobCalls["jobStarted"];
  notifyJobProgress: JobCalls["jobProgress"];
  notifyJobCompleted: JobCalls["jobCompleted"];
  notifyJobFailed: JobCalls["jobFailed"];

  /** The same of documents, in queue `documents`. */
  notifyDocumentQueued(userId: string | number | null, document: QueuedDocument): void;
  notifyDocumentStarted: JobCalls["jobStarted"];
  notifyDocumentProgress: JobCalls["jobProgress"];
  notifyDocumentCompleted: JobCalls["jobCompleted"];
  notifyDocumentFailed: JobCalls["jobFailed"];
}

/** What the calls work with. */
export interface JobCallsParts extends Pick<ProbeContext, "jobs" | "guard" | "now" | "onTick"> {
  /** Name of this process. */
  readonly instance: string;
}

/** Builds the calls, and how to end them: workers of this process say goodbye. */
export function createJobCalls(parts: JobCallsParts): { readonly calls: JobCalls; readonly end: () => void } {
  const workers = new OwnWorkers({ beat: (beat) => parts.jobs.beat(beat), now: parts.now });
  parts.onTick(() => workers.tick());
  const jobs = callsOf("jobs", "job", parts, workers);
  const documents = callsOf("documents", "notifyDocument", parts, workers);
  const calls: JobCalls = {
    jobQueued: jobs.queued,
    jobStarted: jobs.started,
    jobProgress: jobs.progress,
    jobCompleted: jobs.completed,
    jobFailed: jobs.failed,
    jobRetried: jobs.retried,
    jobStalled: jobs.stalled,
    jobRemoved: jobs.removed,
    workerBeat: jobs.beat,
    notifyJobQueued: jobs.queued,
    notifyJobStarted: jobs.started,
    notifyJobProgress: jobs.progress,
    notifyJobCompleted: jobs.completed,
    notifyJobFailed: jobs.failed,
    notifyDocumentQueued: documents.queued,
    notifyDocumentStarted: documents.started,
    notifyDocumentProgress: documents.progress,
    notifyDocumentCompleted: documents.completed,
    notifyDocumentFailed: documents.failed,
  };
  return { calls, end: () => workers.end() };
}

type Call<A extends unknown[]> = (...args: A) => void;

interface QueueCalls {
  readonly queued: Call<[userId: unknown, job: unknown]>;
  readonly started: Call<[jobId: unknown, options?: unknown]>;
  readonly progress: Call<[jobId: unknown, percent: unknown, stage?: unknown, options?: unknown]>;
  readonly completed: Call<[jobId: unknown, result?: unknown, success?: unknown, options?: unknown]>;
  readonly failed: Call<[jobId: unknown, error: unknown, options?: unknown]>;
  readonly retried: Call<[jobId: unknown, options?: unknown]>;
  readonly stalled: Call<[jobId: unknown, options?: unknown]>;
  readonly removed: Call<[jobId: unknown, options?: unknown]>;
  readonly beat: Call<[worker: unknown, options?: unknown]>;
}

function callsOf(defaultQueue: string, prefix: string, parts: JobCallsParts, workers: OwnWorkers): QueueCalls {
  const { jobs, guard, now, instance } = parts;
  const safely =
    <A extends unknown[]>(name: string, call: Call<A>): Call<A> =>
    (...args) =>
      guard.run("callback", () => call(...args), undefined, prefix + name);

  /** What an event is about. */
  const about = (jobId: unknown, options: Fields): Subject => ({
    at: now(),
    queue: options.queue === undefined ? defaultQueue : asText(CODE, "queue", options.queue, ANY_LENGTH),
    job: idOf("jobId", jobId),
    ...given(options, "attempt"),
    ...given(options, "createdAt"),
  });
  const workerOf = (options: Fields): string =>
    options.worker == null ? instance : asText(CODE, "worker", options.worker, ANY_LENGTH);

  const failed = (jobId: unknown, error: unknown, value: unknown = {}): void => {
    const options = asFields(CODE, "options", value);
    const subject = about(jobId, options);
    const retryInMs = options.retryInMs == null ? undefined : asNumber(CODE, "retryInMs", options.retryInMs, 0);
    const final = options.final === undefined ? retryInMs === undefined : options.final === true;
    const left = workers.left(subject.queue, subject.job);
    jobs.event({
      kind: "failed",
      ...subject,
      error: errorText(error),
      final,
      ...(retryInMs === undefined ? {} : { retryInMs }),
      ...(left ?? { worker: workerOf(options) }),
    });
  };

  const completed = (jobId: unknown, result: unknown, success: unknown = true, value: unknown = {}): void => {
    if (success === false) {
      failed(jobId, result, { ...asFields(CODE, "options", value), final: true });
      return;
    }
    const options = asFields(CODE, "options", value);
    const subject = about(jobId, options);
    const left = workers.left(subject.queue, subject.job) ?? { worker: workerOf(options) };
    jobs.event({ kind: "completed", ...subject, ...left, ...resultOf(result, guard, prefix) });
  };

  const moved =
    (kind: "retried" | "stalled" | "removed") =>
    (jobId: unknown, value: unknown = {}): void => {
      const options = asFields(CODE, "options", value);
      const subject = about(jobId, options);
      workers.left(subject.queue, subject.job);
      jobs.event({
        kind,
        ...subject,
        ...(options.delayMs == null ? {} : { delayMs: asNumber(CODE, "delayMs", options.delayMs, 0) }),
      });
    };

  return {
    queued: safely("Queued", (userId, value) => {
      const job = asFields(CODE, "job", value);
      const subject = about(job.jobId ?? job.documentId, job);
      // Told again over another link, it is known for the same by this, however the clocks of two machines move.
      jobs.event({ kind: "queued", createdAt: subject.at, ...subject, ...ownerOf(userId), ...factsOf(job, guard) });
    }),
    started: safely("Started", (jobId, value = {}) => {
      const options = asFields(CODE, "options", value);
      const subject = about(jobId, options);
      const worker = workerOf(options);
      jobs.event({ kind: "started", ...subject, worker });
      workers.started(subject.queue, worker, subject.job);
    }),
    progress: safely("Progress", (jobId, percent, stage, value = {}) => {
      const options = asFields(CODE, "options", value);
      jobs.event({
        kind: "progress",
        ...about(jobId, options),
        ...(percent == null ? {} : { percent: percentOf(percent) }),
        ...(stage == null ? {} : { stage: asText(CODE, "stage", stage, ANY_LENGTH) }),
        ...(options.worker == null ? {} : { worker: workerOf(options) }),
      });
    }),
    completed: safely("Completed", completed),
    failed: safely("Failed", failed),
    retried: safely("Retried", moved("retried")),
    stalled: safely("Stalled", moved("stalled")),
    removed: safely("Removed", moved("removed")),
    beat: safely("workerBeat", (worker, value = {}) => {
      const beat = asFields(CODE, "options", value);
      workers.speaks({
        at: now(),
        queue: beat.queue === undefined ? defaultQueue : asText(CODE, "queue", beat.queue, ANY_LENGTH),
        worker: workerOf({ worker }),
        concurrency: asNumber(CODE, "concurrency", beat.concurrency ?? 1, 1),
        active: asNumber(CODE, "active", beat.active ?? 0, 0),
        ended: beat.ended === true,
        paused: beat.paused === true,
      });
    }),
  };
}

interface Subject {
  readonly at: number;
  readonly queue: string;
  readonly job: string;
  readonly attempt?: number;
  readonly createdAt?: number;
}

function given<K extends string>(options: Fields, field: K): { readonly [F in K]?: number } {
  const value = options[field];
  return value == null ? {} : ({ [field]: asNumber(CODE, field, value, 0) } as { readonly [F in K]?: number });
}

function idOf(what: string, id: unknown): string {
  if (typeof id === "string" || (typeof id === "number" && Number.isFinite(id)) || typeof id === "bigint")
    return String(id);
  throw expected(CODE, what, "a string or a number", id);
}

function ownerOf(userId: unknown): { readonly userId?: string } {
  return userId == null ? {} : { userId: idOf("userId", userId) };
}

/** Progress a little beyond its bounds is rounding, not a mistake. */
function percentOf(percent: unknown): number {
  return Math.min(100, Math.max(0, asNumber(CODE, "percent", percent)));
}

function errorText(error: unknown): string {
  if (typeof error !== "object" || error === null || error instanceof Error)
    return error == null ? "" : messageOf(error);
  const said = "error" in error ? error.error : "message" in error ? error.message : undefined;
  return said === undefined ? messageOf(error) : messageOf(said);
}

function resultOf(result: unknown, guard: JobCallsParts["guard"], prefix: string): { readonly result?: string } {
  if (result === undefined) return {};
  const json = toJsonText(result, MAX_JOB_RESULT);
  if ("text" in json) return { result: json.text };
  guard.fault("callback", new Error(`The result of a job is left out: ${json.problem}`), `${prefix}Completed result`);
  return {};
}

/** Facts of a job under their own names and those of documents. One that makes no sense is said, and left out alone. */
function factsOf(job: Fields, guard: JobCallsParts["guard"]): object {
  const facts: Record<string, unknown> = {};
  const take = (field: string, value: unknown, read: (value: unknown) => unknown): void => {
    if (value == null) return;
    const keep = (): void => {
      facts[field] = read(value);
    };
    guard.run("callback", keep, undefined, `job ${field}`);
  };
  const text = (field: string) => (value: unknown) => asText(CODE, field, value, ANY_LENGTH);
  const number = (field: string) => (value: unknown) => asNumber(CODE, field, value, 0);
  take("name", job.name, text("name"));
  take("label", job.label ?? job.fileName, text("label"));
  take("sizeBytes", job.sizeBytes ?? job.fileSize, number("sizeBytes"));
  take("sizeCategory", job.sizeCategory, (value) => asOneOf(CODE, "sizeCategory", value, SIZE_CATEGORIES));
  take("plan", job.plan ?? job.userPlan, (value) => asOneOf(CODE, "plan", value, JOB_PLANS));
  take("priority", job.priority, number("priority"));
  take("delayMs", job.delayMs, number("delayMs"));
  take("maxAttempts", job.maxAttempts, number("maxAttempts"));
  return facts;
}
