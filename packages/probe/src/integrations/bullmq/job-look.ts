import {
  describe,
  type JobAction,
  type JobLook,
  type JobStanding,
  MAX_JOB_DATA,
  MAX_JOB_ERROR,
  MAX_JOB_ID,
  MAX_JOB_LOG_LINE,
  MAX_JOB_LOGS,
  MAX_JOB_STACK,
  MAX_JOB_STACKS,
  WsightError,
} from "@wsight/protocol";
import type { ProbeContext } from "../../integration.ts";
import type { JobLookSource } from "../../looks/job-looks.ts";
import type { BullQueue, FetchedJob } from "./bullmq-like.ts";
import { jobName, wholeFrom } from "./job-facts.ts";
import { jsonOf } from "./job-result.ts";

/** Questions for how jobs stand that are with the database at once. */
const AT_ONCE = 4;

/** States in which an action can be done. */
const POSSIBLE: Readonly<Record<JobAction, readonly string[]>> = {
  retry: ["failed", "completed"],
  remove: ["waiting", "prioritized", "delayed", "waiting-children", "completed", "failed"],
  promote: ["delayed"],
};

/** Lets single jobs of a queue be looked at, and acted upon, while somebody looks. */
export function createJobLooks(target: BullQueue, queue: string, context: ProbeContext): Omit<JobLookSource, "queue"> {
  const { actions } = context.options.jobs;
  return {
    async look(id) {
      const job = await target.getJob(id);
      if (job === undefined) return null;
      const [state, log] = await Promise.all([
        job.getState(),
        // Newest first, so that the newest are those that are told.
        target.getJobLogs(id, 0, MAX_JOB_LOGS - 1, false),
      ]);
      return { ...lookAt(job, context), queue, state, ...logsOf(log, context), can: actions ? possible(state) : [] };
    },
    standings: (ids) => standingsOf(target, ids, context),
    async act(id, action) {
      if (!actions)
        throw new WsightError("FORBIDDEN", "this process does not let jobs be acted upon: its jobs.actions is false");
      const job = await target.getJob(id);
      if (job === undefined) throw new WsightError("NOT_FOUND", `queue ${describe(queue)} has no job ${describe(id)}`);
      const state = await job.getState();
      if (!possible(state).includes(action))
        throw new WsightError("BAD_REQUEST", `a job that is ${state} can't be told to ${action}`);
      await done(job, action, state, context);
      tell(queue, id, action, context);
    },
  };
}

/** A few at a time: nobody is in a hurry, and others use the same connection. */
async function standingsOf(target: BullQueue, ids: readonly string[], context: ProbeContext): Promise<JobStanding[]> {
  const standings: JobStanding[] = [];
  const left = ids.filter((id) => id.length < MAX_JOB_ID);
  const ask = async (): Promise<void> => {
    for (let id = left.shift(); id !== undefined; id = left.shift())
      standings.push(await standingOf(target, id, context));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
  return standings;
}

async function standingOf(target: BullQueue, id: string, { redact }: ProbeContext): Promise<JobStanding> {
  const state = await target.getJobState(id);
  const isEnded = state === "completed" || state === "failed";
  const job = isEnded ? await target.getJob(id) : undefined;
  const error = state === "failed" && typeof job?.failedReason === "string" ? job.failedReason : null;
  return {
    job: id,
    state: isEnded && job === undefined ? "unknown" : state,
    createdAt: wholeFrom(job?.timestamp, 1),
    attempt: wholeFrom(job?.attemptsStarted, 1),
    startedAt: wholeFrom(job?.processedOn, 1),
    endedAt: wholeFrom(job?.finishedOn, 1),
    error: error === null ? null : cut(error, MAX_JOB_ERROR, redact),
  };
}

async function done(job: FetchedJob, action: JobAction, state: string, { redact }: ProbeContext): Promise<void> {
  try {
    if (action === "retry") await job.retry(state === "completed" ? "completed" : "failed");
    else if (action === "remove") await job.remove();
    else await job.promote();
  } catch (cause) {
    throw new WsightError("BAD_REQUEST", `the queue did not ${action} it: ${messageOf(cause, redact)}`, { cause });
  }
}

/** Of these a queue says nothing itself; what was removed it tells. */
function tell(queue: string, id: string, action: JobAction, { jobs, now }: ProbeContext): void {
  if (action !== "remove") jobs.event({ kind: "retried", queue, job: jobName(id), at: now() });
}

function possible(state: string): JobAction[] {
  return (Object.keys(POSSIBLE) as JobAction[]).filter((action) => POSSIBLE[action].includes(state));
}

function logsOf(
  log: { readonly logs: readonly string[]; readonly count: number },
  { redact }: ProbeContext,
): Pick<JobLook, "logs" | "logCount"> {
  const lines = [...log.logs].reverse().slice(-MAX_JOB_LOGS);
  return { logs: lines.map((line) => cut(line, MAX_JOB_LOG_LINE, redact)), logCount: log.count };
}

function lookAt(
  job: FetchedJob,
  context: ProbeContext,
): Omit<JobLook, "queue" | "state" | "logs" | "logCount" | "can"> {
  const { redact, options, now } = context;
  const { data, results } = options.jobs;
  const stacks = Array.isArray(job.stacktrace) ? job.stacktrace.map(String) : [];
  const notes = [
    ...(data ? [] : ["its data is not shown: the option jobs.data is off"]),
    ...(results || job.returnvalue === undefined || job.returnvalue === null
      ? []
      : ["what it returned is not shown: the option jobs.results is off"]),
  ];
  const secretless = (value: unknown): string | null => {
    const text = value === undefined || value === null ? null : jsonOf(value);
    return text === null ? null : cut(text, MAX_JOB_DATA, redact);
  };
  return {
    at: now(),
    job: jobName(job.id),
    library: "bullmq",
    name: job.name.slice(0, 256),
    createdAt: wholeFrom(job.timestamp, 0) ?? 0,
    startedAt: wholeFrom(job.processedOn, 1),
    endedAt: wholeFrom(job.finishedOn, 1),
    attemptsMade: wholeFrom(job.attemptsMade, 0) ?? 0,
    attemptsStarted: wholeFrom(job.attemptsStarted, 0) ?? 0,
    maxAttempts: wholeFrom(job.opts.attempts, 1) ?? 1,
    stalls: wholeFrom(job.stalledCounter, 0) ?? 0,
    priority: wholeFrom(job.priority, 0) ?? 0,
    delayMs: wholeFrom(job.delay, 0) ?? 0,
    error: typeof job.failedReason === "string" ? cut(job.failedReason, MAX_JOB_STACK, redact) : null,
    stacks: stacks.slice(-MAX_JOB_STACKS).map((stack) => cut(stack, MAX_JOB_STACK, redact)),
    data: data ? secretless(job.data) : null,
    result: results ? secretless(job.returnvalue) : null,
    notes,
  };
}

/** Redaction looks at twice of what is told, so that no secret is cut in two before it is seen. */
function cut(text: unknown, max: number, redact: (text: string) => string): string {
  const clean = redact(String(text).slice(0, 2 * max));
  return clean.length <= max ? clean : `${clean.slice(0, max - 1)}…`;
}

function messageOf(error: unknown, redact: (text: string) => string): string {
  return cut(error instanceof Error ? error.message : error, 200, redact);
}
