import {
  JOB_HISTORY_HOURS,
  JOB_HISTORY_POINTS,
  JOB_PLANS,
  MAX_JOB_HISTORY_HOURS,
  MAX_JOB_HISTORY_POINTS,
  MAX_QUEUE_NAME,
  SIZE_CATEGORIES,
  WsightError,
} from "@wsight/protocol";
import type { JobDashboard } from "../../jobs/dashboard/job-dashboard.ts";
import { parseEstimationTest } from "../../jobs/dashboard/parse-estimation-test.ts";
import type { Jobs } from "../../jobs/jobs.ts";
import { readInteger } from "../query.ts";
import type { Route } from "../route.ts";

/** What these work with. */
export interface JobDashboardRouteParts {
  readonly dashboard: JobDashboard;
  readonly jobs: Pick<Jobs, "estimate">;
}

/** Figures of jobs for administrators. */
export function jobDashboardRoutes(parts: JobDashboardRouteParts): readonly Route[] {
  const { dashboard } = parts;
  return [
    {
      method: "GET",
      path: "/api/dashboard/metrics",
      access: "admin",
      summary: "System, queues, jobs, workers, estimates and alerts as they are now",
      handle: () => ({ json: dashboard.metrics() }),
    },
    historyRoute(dashboard),
    {
      method: "GET",
      path: "/api/dashboard/performance",
      access: "admin",
      summary: "How fast jobs are taken and done, over the last 15 minutes",
      handle: () => ({ json: dashboard.performance() }),
    },
    analyticsRoute(dashboard),
    estimationRoute(parts),
  ];
}

function historyRoute(dashboard: JobDashboard): Route {
  return {
    method: "GET",
    path: "/api/dashboard/metrics/history",
    access: "admin",
    summary: "The same figures over the last hours, and whether each goes up or down",
    query: [
      {
        name: "hours",
        summary: "How far back",
        schema: { type: "integer", minimum: 1, maximum: MAX_JOB_HISTORY_HOURS, default: JOB_HISTORY_HOURS },
      },
      {
        name: "points",
        summary: "Most intervals",
        schema: { type: "integer", minimum: 1, maximum: MAX_JOB_HISTORY_POINTS, default: JOB_HISTORY_POINTS },
      },
    ],
    handle: async ({ query, signal }) => {
      const hours = readInteger("hours", query.get("hours"), 1, MAX_JOB_HISTORY_HOURS, JOB_HISTORY_HOURS);
      const points = readInteger("points", query.get("points"), 1, MAX_JOB_HISTORY_POINTS, JOB_HISTORY_POINTS);
      return { json: await dashboard.history(hours, points, signal) };
    },
  };
}

function analyticsRoute(dashboard: JobDashboard): Route {
  return {
    method: "GET",
    path: "/api/dashboard/analytics/queues",
    access: "admin",
    summary: "Each queue: how full, how fast, whether it grows, how good its estimates are, and what is wrong with it",
    query: [{ name: "queue", summary: "Only this one", schema: { type: "string", maxLength: MAX_QUEUE_NAME } }],
    refuses: [404],
    handle: ({ query }) => {
      const queue = query.get("queue") || null;
      const analytics = dashboard.analytics(queue);
      if (queue !== null && analytics.queues.length === 0) throw new WsightError("NOT_FOUND", "There is no such queue");
      return { json: analytics };
    },
  };
}

function estimationRoute({ jobs }: JobDashboardRouteParts): Route {
  const text = { type: "string" } as const;
  return {
    method: "POST",
    path: "/api/dashboard/estimation/test",
    access: "admin",
    summary: "What if such a job were queued now: how long it would wait and run, how sure that is, and why",
    refuses: [404],
    body: {
      type: "object",
      additionalProperties: false,
      properties: {
        queue: text,
        name: text,
        fileSize: { type: "number", minimum: 0, description: "Bytes" },
        sizeCategory: { ...text, enum: SIZE_CATEGORIES },
        userPlan: { ...text, enum: JOB_PLANS },
        userId: text,
        queuePosition: { type: "integer", minimum: 0, description: "Jobs that are before it" },
        workers: { type: "integer", minimum: 0 },
        load: { type: "number", minimum: 0, maximum: 1 },
      },
    },
    handle: ({ body }) => ({ json: jobs.estimate(parseEstimationTest(body)) }),
  };
}
