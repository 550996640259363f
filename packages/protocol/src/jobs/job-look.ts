import { asFields, asInteger, asList, asNumber, asOneOf, asText } from "../parse.ts";
import { JOB_ACTIONS, type JobAction } from "./job.ts";
import { MAX_JOB_ERROR } from "./job-event.ts";

/** Bounds of a close look at a job: lines of its log, stack traces, and characters of one line, one trace, its data and its result. */
export const MAX_JOB_LOGS = 50;
export const MAX_JOB_STACKS = 10;
export const MAX_JOB_LOG_LINE = 1000;
export const MAX_JOB_STACK = 4000;
export const MAX_JOB_DATA = 16_384;

/** A job as its own queue keeps it, asked for while somebody looks. Texts are redacted and cut. */
export interface JobLook {
  /** ms epoch of the process that was asked, as all times here. */
  readonly at: number;
  readonly queue: string;
  readonly job: string;
  readonly library: string;
  /** In the words of the library: `waiting-children`, `prioritized`. */
  readonly state: string;
  readonly name: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Tries that ended, tries that began, tries that it has, and times its worker lost it. */
  readonly attemptsMade: number;
  readonly attemptsStarted: number;
  readonly maxAttempts: number;
  readonly stalls: number;
  readonly priority: number;
  readonly delayMs: number;
  readonly error: string | null;
  /** Stack traces of tries that failed, oldest first, the newest ten. */
  readonly stacks: readonly string[];
  /** The newest lines of its log, oldest first; and how many there are. */
  readonly logs: readonly string[];
  readonly logCount: number;
  /** JSON text; `null` unless the application lets data of jobs be seen. */
  readonly data: string | null;
  /** JSON text; `null` unless the application lets results be seen, or there is none. */
  readonly result: string | null;
  /** What was left out, and why, for people. */
  readonly notes: readonly string[];
  /** What can be done to it now; empty where the application does not let anything be done. */
  readonly can: readonly JobAction[];
}

/** Most jobs of one question for how they stand. */
export const MAX_JOB_STANDINGS = 100;

/** How a job stands in its own queue. Times are of the process that was asked, ms epoch. */
export interface JobStanding {
  readonly job: string;
  /** In the words of the library; `unknown`: the queue has no such job. */
  readonly state: string;
  /** Of one that ended; `null` for others, and where it is not known. */
  readonly createdAt: number | null;
  readonly attempt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** Redacted. */
  readonly error: string | null;
}

/** Parses standings that a probe answered. @throws WsightError `BAD_FRAME` */
export function parseJobStandings(value: unknown): { readonly jobs: readonly JobStanding[] } {
  const { jobs } = asFields("BAD_FRAME", "standings", value);
  return { jobs: asList("BAD_FRAME", "jobs", jobs, MAX_JOB_STANDINGS).map(parseStanding) };
}

function parseStanding(value: unknown): JobStanding {
  const fields = asFields("BAD_FRAME", "standing", value);
  const maybe = (name: keyof JobStanding): number | null =>
    fields[name] === null ? null : asNumber("BAD_FRAME", name, fields[name], 0);
  return {
    job: asText("BAD_FRAME", "job", fields.job),
    state: asText("BAD_FRAME", "state", fields.state, 64),
    createdAt: maybe("createdAt"),
    attempt: maybe("attempt"),
    startedAt: maybe("startedAt"),
    endedAt: maybe("endedAt"),
    error: fields.error === null ? null : asText("BAD_FRAME", "error", fields.error, MAX_JOB_ERROR),
  };
}

/** Parses a look that a probe answered. @throws WsightError `BAD_FRAME` */
export function parseJobLook(value: unknown): JobLook {
  const fields = asFields("BAD_FRAME", "look", value);
  const text = (name: keyof JobLook, max: number): string => asText("BAD_FRAME", name, fields[name], max);
  const maybeText = (name: keyof JobLook, max: number): string | null =>
    fields[name] === null ? null : text(name, max);
  const time = (name: keyof JobLook): number => asNumber("BAD_FRAME", name, fields[name], 0);
  const maybeTime = (name: keyof JobLook): number | null => (fields[name] === null ? null : time(name));
  const count = (name: keyof JobLook): number => asInteger("BAD_FRAME", name, fields[name]);
  const texts = (name: keyof JobLook, items: number, max: number): readonly string[] =>
    asList("BAD_FRAME", name, fields[name], items).map((item) => asText("BAD_FRAME", name, item, max));
  return {
    at: time("at"),
    queue: text("queue", 256),
    job: text("job", 256),
    library: text("library", 64),
    state: text("state", 64),
    name: text("name", 256),
    createdAt: time("createdAt"),
    startedAt: maybeTime("startedAt"),
    endedAt: maybeTime("endedAt"),
    attemptsMade: count("attemptsMade"),
    attemptsStarted: count("attemptsStarted"),
    maxAttempts: count("maxAttempts"),
    stalls: count("stalls"),
    priority: count("priority"),
    delayMs: time("delayMs"),
    error: maybeText("error", MAX_JOB_STACK),
    stacks: texts("stacks", MAX_JOB_STACKS, MAX_JOB_STACK),
    logs: texts("logs", MAX_JOB_LOGS, MAX_JOB_LOG_LINE),
    logCount: count("logCount"),
    data: maybeText("data", MAX_JOB_DATA),
    result: maybeText("result", MAX_JOB_DATA),
    notes: texts("notes", 8, 256),
    can: asList("BAD_FRAME", "can", fields.can, JOB_ACTIONS.length).map((action) =>
      asOneOf("BAD_FRAME", "can", action, JOB_ACTIONS),
    ),
  };
}
