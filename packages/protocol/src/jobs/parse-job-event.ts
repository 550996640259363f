import type { ErrorCode, WsightError } from "../errors.ts";
import { asFields, asInteger, asNumber, asOneOf, asText, expected, type Fields } from "../parse.ts";
import { MAX_TIME } from "../tables.ts";
import { JOB_PLANS, SIZE_CATEGORIES } from "./job-classes.ts";
import {
  JOB_EVENT_KINDS,
  type JobEvent,
  type JobEventKind,
  MAX_JOB_ERROR,
  MAX_JOB_ID,
  MAX_JOB_LABEL,
  MAX_JOB_NAME,
  MAX_JOB_RESULT,
  MAX_JOB_STAGE,
  MAX_JOB_USER,
  MAX_QUEUE_NAME,
  MAX_WORKER_NAME,
  QUEUE_STATES,
  type QueueReading,
  type WorkerBeat,
} from "./job-event.ts";

/** What a name may not hold: it goes into addresses and log lines. */
const UNFIT = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Longest delay, ms: a year. */
const MAX_DELAY_MS = 31_536_000_000;
const MAX_ATTEMPTS = 1_000_000;
const MAX_SIZE = Number.MAX_SAFE_INTEGER;

const COMMON = ["kind", "at", "queue", "job", "createdAt", "attempt"] as const;

/** Fields that an event of a kind may have. */
export const JOB_EVENT_FIELDS: Readonly<Record<JobEventKind, readonly string[]>> = {
  queued: [
    ...COMMON,
    "name",
    "label",
    "userId",
    "sizeBytes",
    "sizeCategory",
    "plan",
    "priority",
    "delayMs",
    "maxAttempts",
  ],
  started: [...COMMON, "worker"],
  progress: [...COMMON, "percent", "stage", "worker"],
  completed: [...COMMON, "result", "worker", "startedAt"],
  failed: [...COMMON, "error", "final", "retryInMs", "worker", "startedAt"],
  retried: [...COMMON, "delayMs"],
  stalled: [...COMMON, "delayMs"],
  removed: [...COMMON, "delayMs"],
};

/**
 * Reads single fields of one object; what is left out stays out. There are three events of each job, read twice on
 * their way: where a field is, is put into words only for an error.
 */
class FieldReader {
  readonly #code: ErrorCode;
  readonly #where: string;
  readonly #fields: Fields;

  constructor(code: ErrorCode, where: string, value: unknown) {
    this.#code = code;
    this.#where = where;
    this.#fields = asFields(code, where, value);
  }

  has(field: string): boolean {
    return this.#fields[field] !== undefined && this.#fields[field] !== null;
  }

  name(field: string, max: number): string {
    const text = this.text(field, max);
    if (isName(text)) return text;
    throw notName(this.#code, this.#at(field), max, text);
  }

  text(field: string, max: number): string {
    const value = this.#fields[field];
    if (typeof value === "string" && value.length <= max) return value;
    return asText(this.#code, this.#at(field), value, max);
  }

  time(field: string): number {
    return Math.floor(this.number(field, 0, MAX_TIME));
  }

  number(field: string, min: number, max: number): number {
    const value = this.#fields[field];
    if (typeof value === "number" && value >= min && value <= max) return value;
    return asNumber(this.#code, this.#at(field), value, min, max);
  }

  integer(field: string, min: number, max: number): number {
    const number = this.number(field, min, max);
    return Number.isInteger(number) ? number : asInteger(this.#code, this.#at(field), number, min, max);
  }

  oneOf<T extends string>(field: string, words: readonly T[]): T {
    const value = this.#fields[field] as T;
    return words.includes(value) ? value : asOneOf(this.#code, this.#at(field), value, words);
  }

  yesOrNo(field: string): boolean {
    const value = this.#fields[field];
    if (typeof value !== "boolean") throw expected(this.#code, this.#at(field), "true or false", value);
    return value;
  }

  fields(field: string): Fields {
    return asFields(this.#code, this.#at(field), this.#fields[field]);
  }

  #at(field: string): string {
    return `${this.#where}.${field}`;
  }
}

function isName(text: string): boolean {
  return text !== "" && !UNFIT.test(text);
}

function notName(code: ErrorCode, where: string, max: number, text: string): WsightError {
  return expected(code, where, `1 to ${max} characters that can be seen`, text);
}

/** Expects the name of a queue. @throws WsightError with `code` */
export function asQueueName(code: ErrorCode, where: string, value: unknown): string {
  const text = asText(code, where, value, MAX_QUEUE_NAME);
  if (isName(text)) return text;
  throw notName(code, where, MAX_QUEUE_NAME, text);
}

/**
 * Reads one event; fields of no meaning are passed over.
 * @param where how an error names it, e.g. `events[3]`
 * @throws WsightError with `code`
 */
export function parseJobEvent(code: ErrorCode, where: string, value: unknown): JobEvent {
  const read = new FieldReader(code, where, value);
  const kind = read.oneOf("kind", JOB_EVENT_KINDS);
  const event: Partial<Record<string, unknown>> = {
    kind,
    at: read.time("at"),
    queue: read.name("queue", MAX_QUEUE_NAME),
    job: read.name("job", MAX_JOB_ID),
  };
  if (read.has("createdAt")) event.createdAt = read.time("createdAt");
  if (read.has("attempt")) event.attempt = read.integer("attempt", 1, MAX_ATTEMPTS);
  READERS[kind](read, event);
  return event as unknown as JobEvent;
}

type ReadKind = (read: FieldReader, event: Partial<Record<string, unknown>>) => void;

/** What is read of each kind besides what all have. */
const READERS: Readonly<Record<JobEventKind, ReadKind>> = {
  queued(read, event) {
    if (read.has("name")) event.name = read.text("name", MAX_JOB_NAME);
    if (read.has("label")) event.label = read.text("label", MAX_JOB_LABEL);
    if (read.has("userId")) event.userId = read.name("userId", MAX_JOB_USER);
    if (read.has("sizeBytes")) event.sizeBytes = read.number("sizeBytes", 0, MAX_SIZE);
    if (read.has("sizeCategory")) event.sizeCategory = read.oneOf("sizeCategory", SIZE_CATEGORIES);
    if (read.has("plan")) event.plan = read.oneOf("plan", JOB_PLANS);
    if (read.has("priority")) event.priority = read.number("priority", 0, MAX_SIZE);
    readDelay(read, event);
    if (read.has("maxAttempts")) event.maxAttempts = read.integer("maxAttempts", 1, MAX_ATTEMPTS);
  },
  started: readWorker,
  progress(read, event) {
    if (read.has("percent")) event.percent = read.number("percent", 0, 100);
    if (read.has("stage")) event.stage = read.text("stage", MAX_JOB_STAGE);
    readWorker(read, event);
  },
  completed(read, event) {
    if (read.has("result")) event.result = read.text("result", MAX_JOB_RESULT);
    readRun(read, event);
  },
  failed(read, event) {
    event.error = read.has("error") ? read.text("error", MAX_JOB_ERROR) : "";
    event.final = read.has("final") ? read.yesOrNo("final") : true;
    if (read.has("retryInMs")) event.retryInMs = read.number("retryInMs", 0, MAX_DELAY_MS);
    readRun(read, event);
  },
  retried: readDelay,
  stalled: readDelay,
  removed: readDelay,
};

function readWorker(...[read, event]: Parameters<ReadKind>): void {
  if (read.has("worker")) event.worker = read.name("worker", MAX_WORKER_NAME);
}

function readRun(...[read, event]: Parameters<ReadKind>): void {
  readWorker(read, event);
  if (read.has("startedAt")) event.startedAt = read.time("startedAt");
}

function readDelay(...[read, event]: Parameters<ReadKind>): void {
  if (read.has("delayMs")) event.delayMs = read.number("delayMs", 0, MAX_DELAY_MS);
}

/** Reads what a worker says of itself. @throws WsightError with `code` */
export function parseWorkerBeat(code: ErrorCode, where: string, value: unknown): WorkerBeat {
  const read = new FieldReader(code, where, value);
  return {
    at: read.time("at"),
    queue: read.name("queue", MAX_QUEUE_NAME),
    worker: read.name("worker", MAX_WORKER_NAME),
    concurrency: read.has("concurrency") ? read.integer("concurrency", 1, 1_000_000) : 1,
    active: read.has("active") ? read.integer("active", 0, 1_000_000) : 0,
    ...(read.has("ended") ? { ended: read.yesOrNo("ended") } : {}),
    ...(read.has("paused") ? { paused: read.yesOrNo("paused") } : {}),
  };
}

/** Reads what a queue says of itself. @throws WsightError with `code` */
export function parseQueueReading(code: ErrorCode, where: string, value: unknown): QueueReading {
  const read = new FieldReader(code, where, value);
  const counts = read.fields("counts");
  return {
    at: read.time("at"),
    queue: read.name("queue", MAX_QUEUE_NAME),
    library: read.name("library", MAX_QUEUE_NAME),
    paused: read.yesOrNo("paused"),
    counts: Object.fromEntries(
      QUEUE_STATES.filter((state) => counts[state] !== undefined).map((state) => [
        state,
        asInteger(code, `${where}.counts.${state}`, counts[state]),
      ]),
    ),
    workers: read.has("workers") ? read.integer("workers", 0, 1_000_000) : null,
    oldestWaitMs: read.has("oldestWaitMs") ? read.number("oldestWaitMs", 0, MAX_TIME) : null,
  };
}
