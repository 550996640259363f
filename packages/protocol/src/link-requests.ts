import {
  type ConnectionDetail,
  type ConnectionPage,
  type ConnectionQuery,
  parseConnectionDetail,
  parseConnectionPage,
  parseConnectionQuery,
} from "./connections.ts";
import { ERRORS, type ErrorCode } from "./errors.ts";
import { JOB_ACTIONS, type JobAction } from "./jobs/job.ts";
import { type JobLook, type JobStanding, MAX_JOB_STANDINGS, parseJobLook, parseJobStandings } from "./jobs/job-look.ts";
import { asFields, asInteger, asList, asOneOf, asText, type Fields } from "./parse.ts";
import { type ProcessPage, type ProcessQuery, parseProcessPage, parseProcessQuery } from "./processes.ts";
import {
  MAX_TAIL_FILTERS,
  MAX_TAIL_PER_SECOND,
  MAX_TAIL_ROWS,
  parseTailFilter,
  parseTailRow,
  type TailFilter,
  type TailRow,
} from "./tail.ts";

/**
 * What a hub may ask a probe for while somebody looks. A probe answers each
 * `request` with one `answer`; nothing of it is collected before, and a tail
 * ends by itself when it is not asked for again within `forMs`.
 */
export type ProbeAsk =
  /** A page of open connections. */
  | { readonly kind: "connections"; readonly query: ConnectionQuery }
  /** A close look at one. */
  | { readonly kind: "connection"; readonly connection: number }
  /** Ends one; the application's own handlers run as for any disconnect. */
  | { readonly kind: "disconnect"; readonly connection: number }
  /** Begins, changes, prolongs or (no filters) ends the live tail. */
  | {
      readonly kind: "tail";
      readonly filters: readonly TailFilter[];
      /** Messages a second for each filter. */
      readonly perSecond: number;
      readonly forMs: number;
    }
  /** A part of the process table of its host. */
  | { readonly kind: "processes"; readonly query: ProcessQuery }
  /**
   * A close look at a job, by a process that watches its queue; `NOT_FOUND` from one that does not. The process asks
   * the queue's own database, for at most 5 s.
   */
  | { readonly kind: "job"; readonly queue: string; readonly job: string }
  /** How jobs stand in their queue, of which nothing was heard for a while; `NOT_FOUND` as for `job`. */
  | { readonly kind: "job-states"; readonly queue: string; readonly jobs: readonly string[] }
  /** Does something to a job; `BAD_REQUEST` when its state does not allow it, `FORBIDDEN` when the application does not. */
  | { readonly kind: "job-action"; readonly queue: string; readonly job: string; readonly action: JobAction };

/** What answers which question. */
export interface ProbeAnswers {
  readonly connections: ConnectionPage;
  readonly connection: ConnectionDetail;
  readonly disconnect: { readonly disconnected: true };
  readonly tail: { readonly following: number };
  readonly processes: ProcessPage;
  readonly job: JobLook;
  readonly "job-states": { readonly jobs: readonly JobStanding[] };
  readonly "job-action": { readonly done: true };
}

/** Longest life of a tail that is not asked for again, ms. */
export const MAX_TAIL_MS = 60_000;

/** The hub asks. */
export interface RequestFrame {
  readonly type: "request";
  readonly id: number;
  readonly ask: ProbeAsk;
}

/** The probe answers: what was asked for, or why not. */
export type AnswerFrame =
  | { readonly type: "answer"; readonly id: number; readonly epoch: number; readonly answer: unknown }
  | {
      readonly type: "answer";
      readonly id: number;
      readonly epoch: number;
      readonly error: { readonly code: ErrorCode; readonly message: string };
    };

/** Messages that the live tail took since the frame before. */
export interface TailFrame {
  readonly type: "tail";
  readonly epoch: number;
  readonly rows: readonly TailRow[];
  /** Messages that fitted a filter and were not taken, by filter. */
  readonly passed: readonly number[];
}

/** First words of a hub on a link, said again when something in them changes. */
export interface WelcomeFrame {
  readonly type: "welcome";
  readonly version: number;
  /** When this hub began, ms epoch: another value means another hub. */
  readonly startedAt: number;
  /** Newest snapshot the hub holds of this node's epoch; `null` for none. */
  readonly seq: number | null;
  /** Where the hub keeps its history, told to processes of this machine alone, so that the next hub goes on there. */
  readonly dataDir: string | null;
  /** True for the one process of this machine that is to take over when the hub ends. */
  readonly heir: boolean;
  /** True for a hub that runs for itself: it has no heir, and is waited for when it ends. @default false */
  readonly standalone?: boolean;
}

/** Parses a request. @throws WsightError `BAD_FRAME` */
export function decodeRequest(fields: Fields): RequestFrame {
  const ask = asFields("BAD_FRAME", "ask", fields.ask);
  return { type: "request", id: asInteger("BAD_FRAME", "id", fields.id), ask: decodeAsk(ask) };
}

function decodeAsk(fields: Fields): ProbeAsk {
  const kind = asOneOf("BAD_FRAME", "kind", fields.kind, [
    "connections",
    "connection",
    "disconnect",
    "tail",
    "processes",
    "job",
    "job-states",
    "job-action",
  ]);
  const named = (name: "queue" | "job"): string => asText("BAD_FRAME", name, fields[name]);
  switch (kind) {
    case "connections":
      return { kind, query: parseConnectionQuery(fields.query) };
    case "connection":
    case "disconnect":
      return { kind, connection: asInteger("BAD_FRAME", "connection", fields.connection) };
    case "tail":
      return {
        kind,
        filters: asList("BAD_FRAME", "filters", fields.filters, MAX_TAIL_FILTERS).map(parseTailFilter),
        perSecond: asInteger("BAD_FRAME", "perSecond", fields.perSecond, 1, MAX_TAIL_PER_SECOND),
        forMs: asInteger("BAD_FRAME", "forMs", fields.forMs, 1, MAX_TAIL_MS),
      };
    case "processes":
      return { kind, query: parseProcessQuery(fields.query) };
    case "job":
      return { kind, queue: named("queue"), job: named("job") };
    case "job-states":
      return {
        kind,
        queue: named("queue"),
        jobs: asList("BAD_FRAME", "jobs", fields.jobs, MAX_JOB_STANDINGS).map((job) => asText("BAD_FRAME", "job", job)),
      };
    case "job-action":
      return {
        kind,
        queue: named("queue"),
        job: named("job"),
        action: asOneOf("BAD_FRAME", "action", fields.action, JOB_ACTIONS),
      };
  }
}

/** Parses an answer; what it holds is parsed by {@link parseAnswer}, which knows the question. @throws WsightError `BAD_FRAME` */
export function decodeAnswer(fields: Fields, epoch: number): AnswerFrame {
  const id = asInteger("BAD_FRAME", "id", fields.id);
  if (fields.error === undefined) return { type: "answer", id, epoch, answer: fields.answer };
  const error = asFields("BAD_FRAME", "error", fields.error);
  const code = asOneOf("BAD_FRAME", "code", error.code, Object.keys(ERRORS) as ErrorCode[]);
  return { type: "answer", id, epoch, error: { code, message: asText("BAD_FRAME", "message", error.message, 512) } };
}

/** Parses what an answer holds. @throws WsightError `BAD_FRAME` */
export function parseAnswer<K extends ProbeAsk["kind"]>(kind: K, answer: unknown): ProbeAnswers[K] {
  const parsers: { readonly [Kind in ProbeAsk["kind"]]: (value: unknown) => ProbeAnswers[Kind] } = {
    connections: parseConnectionPage,
    connection: parseConnectionDetail,
    disconnect: () => ({ disconnected: true }),
    tail: (value) => ({
      following: asInteger("BAD_FRAME", "following", asFields("BAD_FRAME", "tail", value).following),
    }),
    processes: parseProcessPage,
    job: parseJobLook,
    "job-states": parseJobStandings,
    "job-action": () => ({ done: true }),
  };
  return parsers[kind](answer);
}

/** Parses a tail frame. @throws WsightError `BAD_FRAME` */
export function decodeTail(fields: Fields, epoch: number): TailFrame {
  return {
    type: "tail",
    epoch,
    rows: asList("BAD_FRAME", "rows", fields.rows, MAX_TAIL_ROWS).map(parseTailRow),
    passed: asList("BAD_FRAME", "passed", fields.passed, MAX_TAIL_FILTERS).map((count) =>
      asInteger("BAD_FRAME", "passed", count),
    ),
  };
}

/** Parses a welcome. @throws WsightError `BAD_FRAME` */
export function decodeWelcome(fields: Fields): WelcomeFrame {
  return {
    type: "welcome",
    version: asInteger("BAD_FRAME", "version", fields.version),
    startedAt: asInteger("BAD_FRAME", "startedAt", fields.startedAt),
    seq: fields.seq === null ? null : asInteger("BAD_FRAME", "seq", fields.seq),
    dataDir: fields.dataDir === null ? null : asText("BAD_FRAME", "dataDir", fields.dataDir, 4096),
    heir: fields.heir === true,
    ...(fields.standalone === true ? { standalone: true } : {}),
  };
}
