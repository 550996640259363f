import type { QueueRow, QueuesTable, WorkersTable } from "./job.ts";

/** Longest time that the history of job figures tells of, hours, and how long unless asked otherwise. */
export const MAX_JOB_HISTORY_HOURS = 168;
export const JOB_HISTORY_HOURS = 24;
/** Most points of that history, and how many unless asked otherwise. */
export const MAX_JOB_HISTORY_POINTS = 2_880;
export const JOB_HISTORY_POINTS = 288;

/** A figure; `null` when it is not known, never zero then. */
type Known = number | null;

/** How good estimates were, of one queue or of all. */
export interface EstimationQuality {
  /** Jobs that ended and had been estimated. */
  readonly samples: number;
  readonly meanErrorSec: Known;
  readonly medianErrorSec: Known;
  /** max(predicted ÷ actual, actual ÷ predicted): 1 is perfect. */
  readonly medianRatio: Known;
  /** Share of runs within the 80 % interval, of 100. */
  readonly coveragePct: Known;
  /** Mean confidence that was given, 0–100. */
  readonly confidence: Known;
}

/** All workers together. */
export interface WorkerFigures {
  readonly total: number;
  readonly busy: number;
  readonly idle: number;
  readonly paused: number;
  readonly stalled: number;
  readonly dead: number;
  /** Share of all places in use over the last minute, of 100. */
  readonly utilizationPct: Known;
  /** Jobs done by the busiest worker, by the mean of all: 1 is even. */
  readonly imbalance: Known;
}

/** Event `admin-metrics` and answer of `GET /api/dashboard/metrics`. */
export interface JobDashboardMetrics {
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  readonly system: {
    /** Of 100, of the busiest host. */
    readonly cpuPct: Known;
    readonly memoryPct: Known;
    readonly loadAverage: Known;
    /** Of the hub, seconds. */
    readonly uptimeSec: number;
  };
  readonly connections: {
    /** Clients that hear of their jobs, over Socket.IO and `/ws/jobs`, and different users among those of each way. */
    readonly clients: number;
    readonly users: number;
    readonly administrators: number;
  };
  readonly queues: {
    readonly total: number;
    readonly waiting: number;
    readonly active: number;
    readonly delayed: number;
  };
  readonly jobs: {
    /** Since the hub began. */
    readonly completed: number;
    readonly failed: number;
    readonly retried: number;
    readonly stalled: number;
    /** Ended within the last minute, and of them failed. */
    readonly donePerMinute: number;
    readonly failedPerMinute: number;
    /** Means over the last 15 minutes. */
    readonly processingTimeSec: Known;
    readonly waitTimeSec: Known;
    /** Of those that ended in the last 15 minutes, of 100. */
    readonly errorRatePct: Known;
  };
  readonly workers: WorkerFigures;
  readonly estimation: EstimationQuality;
  readonly alerts: { readonly critical: number; readonly warning: number };
}

/** Event `worker-metrics-update`. */
export interface WorkerMetricsUpdate extends WorkersTable {
  readonly timestamp: string;
}

/** Event `admin-queue-status`. */
export interface AdminQueueStatus extends QueuesTable {
  readonly timestamp: string;
}

/** One interval of the history of job figures. */
export interface JobMetricsPoint {
  /** Start of the interval, UTC, ISO 8601. */
  readonly timestamp: string;
  /** Means over the interval. */
  readonly waiting: Known;
  readonly active: Known;
  readonly delayed: Known;
  readonly workers: Known;
  /** Share of the workers' places in use, of 100. */
  readonly utilizationPct: Known;
  /** Ended within the interval. */
  readonly completed: Known;
  readonly failed: Known;
  readonly errorRatePct: Known;
  readonly processingTimeSec: Known;
  readonly waitTimeSec: Known;
  readonly cpuPct: Known;
  readonly memoryPct: Known;
}

/** Figures of a {@link JobMetricsPoint}. */
export type JobMetricsFigure = Exclude<keyof JobMetricsPoint, "timestamp">;

/** Whether a figure goes up or down over the time told: Theil–Sen's slope, Mann–Kendall's test. */
export interface JobMetricsTrend {
  /** `steady` unless chance explains it in less than one of twenty cases. */
  readonly direction: "rising" | "falling" | "steady";
  readonly changePerHour: number;
  readonly p: number;
}

/** Answer of `GET /api/dashboard/metrics/history`. */
export interface JobMetricsHistory {
  readonly hours: number;
  readonly intervalMs: number;
  /** `store`: what is kept on disk; `memory`: what the hub collected since it began, at most 24 hours. */
  readonly source: "store" | "memory";
  /** As many as `data` has. */
  readonly dataPoints: number;
  /** Oldest first; intervals of which nothing is known are left out. */
  readonly data: readonly JobMetricsPoint[];
  /** `null` for fewer than 8 points. */
  readonly trends: Readonly<Record<JobMetricsFigure, JobMetricsTrend | null>>;
}

/** How long things took, seconds. */
export interface DurationFigures {
  readonly avg: Known;
  readonly p50: Known;
  readonly p95: Known;
  readonly p99: Known;
}

/** Answer of `GET /api/dashboard/performance`. */
export interface JobPerformance {
  readonly timestamp: string;
  /** Times and shares are of as many minutes, rates of the last one. */
  readonly windowMinutes: number;
  readonly throughput: {
    readonly addedPerMinute: number;
    readonly donePerMinute: number;
    readonly failedPerMinute: number;
  };
  readonly processingTimeSec: DurationFigures;
  readonly waitTimeSec: DurationFigures;
  readonly successRatePct: Known;
  readonly errorRatePct: Known;
  readonly workers: WorkerFigures;
  readonly estimation: EstimationQuality;
  readonly queues: {
    /** The one with the longest runs (95 of 100 are shorter), and the one that takes longest until all that waits has begun. */
    readonly slowest: { readonly queue: string; readonly processingTimeSec: number } | null;
    readonly longest: { readonly queue: string; readonly clearsInSec: number } | null;
  };
}

/** One queue, judged. */
export interface QueueAnalysis extends QueueRow {
  readonly errorRatePct: Known;
  /** Jobs added less jobs done, in a minute: above zero what waits grows. */
  readonly netPerMinute: number;
  readonly direction: "growing" | "shrinking" | "steady";
  /** Active jobs by places for them, of 100. */
  readonly utilizationPct: Known;
  readonly estimation: EstimationQuality;
  readonly state: "ok" | "paused" | "busy" | "stuck";
  /** Why it is not `ok`, for people. */
  readonly reasons: readonly string[];
}

/** Answer of `GET /api/dashboard/analytics/queues`. */
export interface QueueAnalytics {
  readonly timestamp: string;
  /** The fullest first, at most 64; further ones are counted in `leftOut`. */
  readonly queues: readonly QueueAnalysis[];
  readonly leftOut: number;
}
