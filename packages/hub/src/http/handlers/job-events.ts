import { JOB_EVENT_KINDS, JOB_PLANS, MAX_JOB_EVENTS, SIZE_CATEGORIES } from "@wsight/protocol";
import { queueScope } from "../../access/queue-scope.ts";
import { parseJobBatch, takeJobBatch } from "../../job-batch.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import type { Route } from "../route.ts";

const TEXT = { type: "string" } as const;
const NUMBER = { type: "number" } as const;
const TIME = { ...NUMBER, description: "ms since 1970; now unless given, and never later" } as const;
const QUEUE = { ...TEXT, default: "jobs" } as const;

const EVENT = {
  type: "object",
  required: ["kind", "job"],
  properties: {
    kind: { enum: JOB_EVENT_KINDS },
    at: TIME,
    queue: QUEUE,
    job: { ...TEXT, description: "Id of the job within its queue" },
    createdAt: { ...NUMBER, description: "When it was made, ms since 1970: tells jobs apart that had one id" },
    attempt: { type: "integer", minimum: 1 },
    name: TEXT,
    label: TEXT,
    userId: { ...TEXT, description: "sub of the owner's token" },
    sizeBytes: NUMBER,
    sizeCategory: { enum: SIZE_CATEGORIES },
    plan: { enum: JOB_PLANS },
    priority: NUMBER,
    delayMs: NUMBER,
    maxAttempts: { type: "integer", minimum: 1 },
    worker: TEXT,
    percent: { type: "number", minimum: 0, maximum: 100 },
    stage: TEXT,
    result: { description: "Any JSON, at most 4096 characters" },
    error: TEXT,
    final: { type: "boolean", default: true, description: "false: it is tried again" },
    retryInMs: NUMBER,
    startedAt: NUMBER,
  },
} as const;

const BEAT = {
  type: "object",
  required: ["worker"],
  properties: {
    at: TIME,
    queue: QUEUE,
    worker: TEXT,
    concurrency: { type: "integer", minimum: 1, default: 1 },
    active: { type: "integer", minimum: 0, default: 0 },
    paused: { type: "boolean" },
    ended: { type: "boolean" },
  },
} as const;

/** Events about jobs from programs of any language. */
export function jobEventsRoute(jobs: Pick<Jobs, "take" | "beat" | "lost">, now: () => number): Route {
  return {
    method: "POST",
    path: "/api/jobs/events",
    access: "writer",
    summary: `Tell what happened to jobs, at most ${MAX_JOB_EVENTS} events at once; answered once it is kept`,
    maxBodyBytes: 1_048_576,
    body: {
      type: "object",
      properties: {
        events: { type: "array", maxItems: MAX_JOB_EVENTS, items: EVENT },
        beats: { type: "array", items: BEAT },
      },
    },
    handle: async ({ body, principal }) => ({
      json: await takeJobBatch(jobs, parseJobBatch(body, now()), queueScope(principal?.queues)),
    }),
  };
}
