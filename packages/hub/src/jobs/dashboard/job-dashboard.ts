import {
  type AdminQueueStatus,
  type AlertsTable,
  type JobAdminEvent,
  type JobDashboardMetrics,
  type JobMetricsHistory,
  type JobPerformance,
  MAX_JOB_HISTORY_POINTS,
  type QueueAnalytics,
  type WorkerMetricsUpdate,
  WsightError,
} from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import { compileNamed } from "../../gateways/payloads/figures.ts";
import type { Store } from "../../store/store.ts";
import type { Jobs } from "../jobs.ts";
import { known, percent, qualityOf, seconds, workerFigures } from "./figures.ts";
import { trendsOf } from "./metric-trends.ts";
import { MetricsRing } from "./metrics-ring.ts";
import { createPerformance } from "./performance.ts";
import { analyseQueues } from "./queue-analytics.ts";
import { readStoredMetrics } from "./stored-metrics.ts";

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;

/** Who hears of jobs: clients, different users among them, and administrators. */
type JobListeners = JobDashboardMetrics["connections"];

/** Figures of jobs for administrators. */
export interface JobDashboard {
  metrics(): JobDashboardMetrics;
  performance(): JobPerformance;
  /** @param queue which one; `null` for all */
  analytics(queue: string | null): QueueAnalytics;
  /** At most `points` of the last hours, from history where it is kept, else from what was collected in memory. */
  history(hours: number, points: number, signal: AbortSignal): Promise<JobMetricsHistory>;
  /** What administrators are told each few seconds. */
  adminEvents(): readonly { readonly event: JobAdminEvent; readonly data: object }[];
  /** Call once a second: collects when it is time. */
  onSecond(): void;
}

/** What it is made of. */
export interface JobDashboardParts {
  readonly jobs: Jobs;
  readonly current: Pick<CurrentView, "at" | "compile">;
  readonly alerts: () => Pick<AlertsTable, "critical" | "warning">;
  /** `null` while the hub keeps no history. */
  readonly askHistory: Store["ask"] | null;
  readonly listeners: () => JobListeners;
  /** When the hub began, ms epoch. */
  readonly startedAt: number;
  /** ms epoch. */
  readonly now: () => number;
  /** Between two collections, ms. */
  readonly intervalMs: number;
}

/** Makes it. */
export function createJobDashboard(parts: JobDashboardParts): JobDashboard {
  const { jobs, current, now, intervalMs, askHistory } = parts;
  const readSystem = compileNamed(current, {
    cpu: { metric: "system.cpu.utilization", agg: "last" },
    memory: { metric: "system.memory.utilization", agg: "last" },
    load: { metric: "system.cpu.load_average.1m", agg: "last" },
  });
  const performance = createPerformance(current, jobs);
  const ring = new MetricsRing();
  let collectedAt: number | null = null;
  let endedBefore = { completed: 0, failed: 0 };

  const timestamp = (): string => new Date(now()).toISOString();

  function metrics(): JobDashboardMetrics {
    const totals = jobs.totals();
    const { cpu, memory, load } = readSystem();
    const { critical, warning } = parts.alerts();
    return {
      timestamp: timestamp(),
      system: {
        cpuPct: percent(cpu),
        memoryPct: percent(memory),
        loadAverage: known(load),
        uptimeSec: Math.round((now() - parts.startedAt) / SECOND_MS),
      },
      connections: parts.listeners(),
      queues: { total: totals.queues, waiting: totals.waiting, active: totals.active, delayed: totals.delayed },
      jobs: {
        completed: totals.completed,
        failed: totals.failed,
        retried: totals.retried,
        stalled: totals.stalled,
        donePerMinute: totals.donePerMinute,
        failedPerMinute: totals.failedPerMinute,
        processingTimeSec: seconds(totals.meanRunMs),
        waitTimeSec: seconds(totals.meanWaitMs),
        errorRatePct: percent(totals.errorRate),
      },
      workers: workerFigures(jobs.workers()),
      estimation: qualityOf(jobs.records()[0]),
      alerts: { critical, warning },
    };
  }

  function collect(): void {
    const totals = jobs.totals();
    const { cpu, memory } = readSystem();
    const capacity = jobs.queues().rows.reduce((sum, row) => sum + (row.capacity ?? 0), 0);
    const completed = Math.max(0, totals.completed - endedBefore.completed);
    const failed = Math.max(0, totals.failed - endedBefore.failed);
    endedBefore = { completed: totals.completed, failed: totals.failed };
    ring.add({
      at: now(),
      waiting: totals.waiting,
      active: totals.active,
      delayed: totals.delayed,
      workers: totals.workers,
      utilizationPct: capacity > 0 ? percent(Math.min(1, totals.active / capacity)) : null,
      completed,
      failed,
      errorRatePct: completed + failed > 0 ? percent(failed / (completed + failed)) : null,
      processingTimeSec: seconds(totals.meanRunMs),
      waitTimeSec: seconds(totals.meanWaitMs),
      cpuPct: percent(cpu),
      memoryPct: percent(memory),
    });
  }

  /** Intervals are whole seconds, and no finer than figures are collected. */
  function stepOf(hours: number, points: number): number {
    const wanted = Math.ceil((hours * HOUR_MS) / Math.min(points, MAX_JOB_HISTORY_POINTS) / SECOND_MS) * SECOND_MS;
    return Math.max(wanted, Math.ceil(intervalMs / SECOND_MS) * SECOND_MS);
  }

  async function read(
    hours: number,
    points: number,
    signal: AbortSignal,
  ): Promise<Pick<JobMetricsHistory, "source" | "intervalMs" | "data">> {
    const stepMs = stepOf(hours, points);
    const toAt = now();
    const fromAt = toAt - hours * HOUR_MS;
    if (askHistory !== null) {
      try {
        const stored = await readStoredMetrics(askHistory, { fromAt, toAt, stepMs }, signal);
        return { source: "store", intervalMs: stored.stepMs, data: stored.points };
      } catch (error) {
        // A store that is away must not take away what is in memory.
        if (signal.aborted || !(error instanceof WsightError) || error.code !== "STORE_UNAVAILABLE") throw error;
      }
    }
    return { source: "memory", intervalMs: stepMs, data: ring.points(fromAt, stepMs) };
  }

  return {
    metrics,
    performance: () => ({ timestamp: timestamp(), ...performance() }),
    analytics: (queue) => ({ timestamp: timestamp(), ...analyseQueues(jobs.queues(), jobs.records(), queue) }),
    async history(hours, points, signal) {
      const { data, ...rest } = await read(hours, points, signal);
      return { hours, ...rest, dataPoints: data.length, data, trends: trendsOf(data) };
    },
    adminEvents() {
      const at = timestamp();
      const workers: WorkerMetricsUpdate = { timestamp: at, ...jobs.workers() };
      const queues: AdminQueueStatus = { timestamp: at, ...jobs.queues() };
      return [
        { event: "admin-metrics", data: metrics() },
        { event: "worker-metrics-update", data: workers },
        { event: "admin-queue-status", data: queues },
      ];
    },
    onSecond() {
      const at = now();
      // Half a second early rather than a second late, as beats come once a second.
      const isDue = collectedAt === null || Math.abs(at - collectedAt) >= intervalMs - SECOND_MS / 2;
      if (!jobs.used || !isDue) return;
      collectedAt = at;
      collect();
    },
  };
}
