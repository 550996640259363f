import {
  describe,
  type JobAction,
  type JobLook,
  MAX_JOB_DATA,
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

/** States in which an action can be done. */
const POSSIBLE: Readonly<Record<JobAction, readonly string[]>> = {
  retry: ["failed", "completed"],
  remove: ["waiting", "prioritized", "delayed", "waiting-children", "completed", "failed"],
  promote: ["delayed"],
};

/** Lets single jobs of a queue be looked at, and acted upon, while somebody looks. */
export function createJobLooks(
  target: BullQueue,
  queue: string,
  context: ProbeContext,
): Pick<JobLookSource, "look" | "act"> {
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
    async act(id, action) {
      if (!actions)
        throw new WsightError("FORBIDDEN", "this process does not let jobs be acted upon: its jobs.actions is false");
      const job = await target.getJob(id);
      if (job === undefined) throw new WsightError("NOT_FOUND", `queue ${describe(queue)} has no job ${describe(id)}`);
      const state = await job.getState();
      if (!possible(state).includes(action))
        throw new WsightError("BAD_REQUEST", `a job that is ${state} can't be told to ${action}`);
      await done(job, action, state);
      tell(queue, id, action, context);
    },
  };
}

async function done(job: FetchedJob, action: JobAction, state: string): Promise<void> {
  try {
    if (action === "retry") await job.retry(state === "completed" ? "completed" : "failed");
    else if (action === "remove") await job.remove();
    else await job.promote();
  } catch (cause) {
    throw new WsightError("BAD_REQUEST", `the queue did not ${action} it: ${messageOf(cause)}`, { cause });
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 200) : String(error).slice(0, 200);
}
