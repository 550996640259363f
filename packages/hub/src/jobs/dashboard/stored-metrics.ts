import type { HistorySelector, JobMetricsFigure, JobMetricsPoint } from "@wsight/protocol";
import type { Store } from "../../store/store.ts";
import { known, percent } from "./figures.ts";

const jobs = (state: string): HistorySelector => ({
  metric: "queue.jobs",
  agg: "sum",
  where: { "queue.job.state": state },
});
const ended = (outcome: string): HistorySelector => ({
  metric: "queue.job.duration",
  agg: "count",
  where: { "queue.job.outcome": outcome },
});

/** What is read of history; the rest is made of it. */
const SELECTORS = {
  waiting: jobs("waiting"),
  active: jobs("active"),
  delayed: jobs("delayed"),
  workers: { metric: "queue.workers", agg: "sum" },
  capacity: { metric: "queue.capacity", agg: "sum" },
  completed: ended("completed"),
  failed: ended("failed"),
  run: { metric: "queue.job.duration", agg: "mean" },
  wait: { metric: "queue.job.wait", agg: "mean" },
  cpu: { metric: "system.cpu.utilization", agg: "mean" },
  memory: { metric: "system.memory.utilization", agg: "mean" },
} as const satisfies Record<string, HistorySelector>;

type Name = keyof typeof SELECTORS;
const NAMES = Object.keys(SELECTORS) as Name[];
/** One of these is known of an interval that something is known of queues in. */
const OF_QUEUES: readonly JobMetricsFigure[] = ["waiting", "active", "delayed", "workers", "completed", "failed"];

/** Which time, ms epoch and ms. */
export interface StoredRange {
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
}

/** Reads the points of a time from history; those of which nothing is known of queues are left out. */
export async function readStoredMetrics(
  ask: Store["ask"],
  range: StoredRange,
  signal: AbortSignal,
): Promise<{ readonly stepMs: number; readonly points: readonly JobMetricsPoint[] }> {
  const selectors = NAMES.map((name) => SELECTORS[name]);
  const { fromAt, stepMs, results } = await ask("query", { ...range, selectors }, { signal });
  const lines = new Map(NAMES.map((name, i) => [name, results[i]?.lines[0]?.values ?? []]));
  const cells = Math.max(0, ...[...lines.values()].map(({ length }) => length));
  const points = Array.from({ length: cells }, (_, cell) =>
    pointOf(fromAt + cell * stepMs, (name) => lines.get(name)?.[cell] ?? null),
  );
  return { stepMs, points: points.filter((point) => OF_QUEUES.some((figure) => point[figure] !== null)) };
}

function pointOf(at: number, read: (name: Name) => number | null): JobMetricsPoint {
  const [completed, failed] = [read("completed"), read("failed")];
  const done = (completed ?? 0) + (failed ?? 0);
  const [active, capacity] = [read("active"), read("capacity")];
  return {
    timestamp: new Date(at).toISOString(),
    waiting: known(read("waiting")),
    active: known(active),
    delayed: known(read("delayed")),
    workers: known(read("workers")),
    utilizationPct:
      active === null || capacity === null || capacity <= 0 ? null : percent(Math.min(1, active / capacity)),
    completed: known(completed),
    failed: known(failed),
    errorRatePct: done > 0 ? percent((failed ?? 0) / done) : null,
    processingTimeSec: known(read("run")),
    waitTimeSec: known(read("wait")),
    cpuPct: percent(read("cpu")),
    memoryPct: percent(read("memory")),
  };
}
