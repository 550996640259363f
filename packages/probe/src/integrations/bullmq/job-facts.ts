import { createHash } from "node:crypto";
import { describe, JOB_PLANS, type JobPlan, type JobQueued, MAX_JOB_ID, MAX_QUEUE_NAME } from "@wsight/protocol";
import { isThenable } from "../../guard.ts";
import type { ProbeContext } from "../../integration.ts";
import type { BullJob } from "./bullmq-like.ts";

/** What the application says of a job. */
type Described = Pick<JobQueued, "userId" | "sizeBytes" | "plan" | "label" | "name">;

/** Words of every event of one job. */
export interface JobKey {
  readonly queue: string;
  readonly job: string;
  createdAt?: number;
  attempt?: number;
}

/** Names a queue as it is told. */
export function queueName(name: string): string {
  return fit(name, MAX_QUEUE_NAME);
}

/** Names a job as it is told. */
export function jobName(id: unknown): string {
  return fit(String(id), MAX_JOB_ID);
}

/** Two long names that begin alike stay two. */
function fit(name: string, max: number): string {
  if (name.length <= max) return name;
  return `${name.slice(0, max - 10)}~${createHash("sha256").update(name).digest("hex").slice(0, 9)}`;
}

/** Names a job; `null` for one without an id, which is none of the queue's. */
export function keyOf(queue: string, { id, timestamp, attemptsStarted }: BullJob): JobKey | null {
  if (id === undefined || id === null || id === "") return null;
  const key: JobKey = { queue, job: jobName(id) };
  const createdAt = wholeFrom(timestamp, 1);
  if (createdAt !== null) key.createdAt = createdAt;
  const attempt = wholeFrom(attemptsStarted, 1);
  if (attempt !== null) key.attempt = attempt;
  return key;
}

/**
 * What a job's first event says: what the queue knows, and what the application's `jobs.describe` adds. Nothing of its
 * data is read here.
 * @param sure `false`: the queue may have kept an older job of that id instead
 */
export function queuedEvent(queue: string, job: BullJob, context: ProbeContext, sure = true): JobQueued | null {
  const key = keyOf(queue, job);
  if (key === null) return null;
  const { createdAt } = key;
  const event: { -readonly [K in keyof JobQueued]: JobQueued[K] } = {
    kind: "queued",
    at: createdAt ?? context.now(),
    queue,
    job: key.job,
    name: String(job.name),
    priority: wholeFrom(job.opts.priority, 0) ?? 0,
    maxAttempts: wholeFrom(job.opts.attempts, 1) ?? 1,
  };
  if (createdAt !== undefined && sure) event.createdAt = createdAt;
  const delayMs = wholeFrom(job.opts.delay, 1);
  if (delayMs !== null) event.delayMs = delayMs;
  return context.options.jobs.describe === undefined ? event : { ...event, ...describeJob(job, context) };
}

/** Asks the application; a throw, a promise or a word that can't be used is a fault of the callback and left out. */
function describeJob(job: BullJob, context: ProbeContext): Described {
  const { describe: ask } = context.options.jobs;
  if (ask === undefined) return {};
  const answer = context.guard.run<unknown>("callback", () => ask(job), undefined, "jobs.describe");
  if (answer === undefined || answer === null) return {};
  if (typeof answer !== "object" || isThenable(answer)) {
    fault(context, `expected an object at once, got ${describe(answer)}`);
    return {};
  }
  const { userId, sizeBytes, plan, label, name } = answer as Readonly<Record<string, unknown>>;
  const user = textOf(userId);
  const bytes = wholeFrom(sizeBytes, 0);
  const known = planOf(plan, context);
  const shown = textOf(label);
  const kind = textOf(name);
  return {
    ...(user === null ? {} : { userId: user }),
    ...(bytes === null ? {} : { sizeBytes: bytes }),
    ...(known === null ? {} : { plan: known }),
    ...(shown === null ? {} : { label: shown }),
    ...(kind === null ? {} : { name: kind }),
  };
}

function planOf(plan: unknown, context: ProbeContext): JobPlan | null {
  if (plan === undefined || plan === null) return null;
  const known = JOB_PLANS.find((one) => one === plan);
  if (known === undefined) fault(context, `plan: expected one of ${JOB_PLANS.join(", ")}, got ${describe(plan)}`);
  return known ?? null;
}

function fault(context: ProbeContext, message: string): void {
  context.guard.fault("callback", new TypeError(`jobs.describe: ${message}`), "jobs.describe");
}

function textOf(value: unknown): string | null {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  return typeof value === "string" && value !== "" ? value : null;
}

/** A whole number that is at least `least`; `null` for anything else. */
export function wholeFrom(value: unknown, least: number): number | null {
  if (value === undefined || value === null) return null;
  const number = Math.round(Number(value));
  return Number.isSafeInteger(number) && number >= least ? number : null;
}
