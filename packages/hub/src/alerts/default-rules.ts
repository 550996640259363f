import type { AlertFlap, AlertRule, NoDataMode } from "@wsight/protocol";

const FOUR_HOURS_SEC = 14_400;
const FLAP: AlertFlap = { transitions: 4, windowSec: 1800, holdSec: 900 };
const WAITING = { where: { "queue.job.state": "waiting" } };

/** Whatever a rule does not say. */
const USUAL: Omit<AlertRule, "id" | "name" | "metric" | "agg"> = {
  kind: "threshold",
  filter: {},
  windowSec: 60,
  groupBy: ["service"],
  op: "gt",
  warn: null,
  crit: null,
  recovery: null,
  severity: "warning",
  wilson: false,
  burnRate: null,
  expression: null,
  forSec: 60,
  keepFiringSec: 60,
  everySec: 5,
  minSamples: 1,
  noData: noData("keep"),
  flap: FLAP,
  labels: {},
  summary: "",
  description: "",
  runbookUrl: "",
  repeatSec: FOUR_HOURS_SEC,
  maxRepeats: null,
  enabled: true,
  builtin: true,
  version: 1,
  createdBy: "",
  updatedAt: 0,
};

type Draft = Pick<AlertRule, "id" | "name" | "metric" | "agg"> & Partial<AlertRule>;

/**
 * Rules that come with wsight, every one of them editable. Saved under its id,
 * an edited one takes the place of the built-in one.
 */
export const DEFAULT_RULES: readonly AlertRule[] = drafts().map((draft) => ({ ...USUAL, ...draft }));

function noData(mode: NoDataMode, afterSec = 60): AlertRule["noData"] {
  return { mode, afterSec };
}

function drafts(): readonly Draft[] {
  return [...websocketRules(), ...queueRules(), ...processRules()];
}

function websocketRules(): readonly Draft[] {
  const latency = { metric: "websocket.server.message.latency", warn: 0.1, crit: 0.2, recovery: 0.09 } as const;
  return [
    { id: "websocket-latency-mean", name: "Message latency, mean", agg: "mean", ...latency },
    { id: "websocket-latency-p95", name: "Message latency, p95", agg: "p95", ...latency },
    {
      id: "websocket-errors",
      name: "Message errors",
      metric: "websocket.server.error_ratio",
      agg: "value",
      warn: 0.01,
      crit: 0.05,
      wilson: true,
      noData: noData("ok"),
    },
    {
      id: "websocket-pool",
      name: "Connection pool",
      metric: "websocket.server.pool.utilization",
      agg: "value",
      groupBy: ["node"],
      warn: 0.75,
      crit: 0.9,
      recovery: 0.72,
    },
    {
      id: "websocket-connect",
      name: "Connection success",
      metric: "websocket.server.connect.success_ratio",
      agg: "value",
      op: "lt",
      warn: 0.99,
      crit: 0.95,
      wilson: true,
      minSamples: 20,
      noData: noData("ok"),
    },
    {
      id: "worker-imbalance",
      name: "Worker balance",
      metric: "websocket.server.worker.imbalance",
      agg: "value",
      warn: 1.5,
      crit: 2,
      recovery: 1.4,
      forSec: 300,
      // Of a few connections some process always has most.
      minSamples: 50,
      noData: noData("ok"),
    },
  ];
}

function queueRules(): readonly Draft[] {
  const byQueue = { groupBy: ["queue"] } as const;
  const workers = { metric: "queue.workers", agg: "last", windowSec: 10 } as const;
  const waiting = { metric: "queue.jobs", agg: "last", filter: WAITING, windowSec: 10 } as const;
  const none = { ...workers, filter: {}, op: "eq", limit: 0 } as const;
  return [
    {
      id: "queue-length",
      name: "Queue length",
      ...waiting,
      ...byQueue,
      warn: 50,
      crit: 200,
      recovery: 45,
      forSec: 30,
    },
    {
      id: "job-processing-time",
      name: "Job processing time",
      metric: "queue.job.duration",
      agg: "mean",
      windowSec: 300,
      ...byQueue,
      warn: 120,
      recovery: 110,
      forSec: 120,
      noData: noData("ok", 300),
    },
    {
      id: "job-errors",
      name: "Job errors",
      metric: "queue.job.error_ratio",
      agg: "value",
      windowSec: 300,
      ...byQueue,
      warn: 0.1,
      crit: 0.25,
      forSec: 120,
      minSamples: 10,
      noData: noData("ok", 300),
    },
    {
      id: "no-active-workers",
      name: "No active workers",
      kind: "composite",
      ...workers,
      ...byQueue,
      severity: "critical",
      expression: { all: [{ when: none }, { when: { ...waiting, op: "gt", limit: 0 } }] },
      forSec: 15,
      keepFiringSec: 15,
    },
    {
      id: "no-workers",
      name: "No workers",
      ...workers,
      ...byQueue,
      op: "eq",
      warn: 0,
      forSec: 15,
      keepFiringSec: 15,
    },
  ];
}

function processRules(): readonly Draft[] {
  return [
    {
      id: "host-memory",
      name: "Host memory",
      metric: "system.memory.utilization",
      agg: "mean",
      warn: 0.85,
      crit: 0.95,
      recovery: 0.83,
      noData: noData("no_data"),
    },
    {
      id: "event-loop-lag",
      name: "Event-loop lag, p99",
      metric: "nodejs.eventloop.lag",
      agg: "p99",
      groupBy: ["node"],
      warn: 0.1,
      crit: 1,
      recovery: 0.09,
    },
    {
      id: "process-silent",
      name: "Process is silent",
      kind: "no_data",
      metric: "process.uptime",
      agg: "last",
      windowSec: 1,
      groupBy: ["node"],
      severity: "critical",
      forSec: 0,
      keepFiringSec: 0,
      everySec: 1,
      // A process is taken for silent after two and a half of its intervals; then as long again for one that is blocked.
      noData: noData("firing", 10),
    },
  ];
}
