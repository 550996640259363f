import type { DurationFigures, JobPerformance, QueueRow, Selector } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import { compileNamed } from "../../gateways/payloads/figures.ts";
import type { Jobs } from "../jobs.ts";
import { known, percent, qualityOf, seconds, workerFigures } from "./figures.ts";

/** The longest that can be looked back at without history. */
const WINDOW_SECONDS = 900;

/** Prepares the summary of how jobs fare. */
export function createPerformance(
  current: Pick<CurrentView, "at" | "compile">,
  jobs: Jobs,
): () => Omit<JobPerformance, "timestamp"> {
  const readRuns = compileDurations(current, "queue.job.duration");
  const readWaits = compileDurations(current, "queue.job.wait");
  return () => {
    const totals = jobs.totals();
    const { rows } = jobs.queues();
    return {
      windowMinutes: WINDOW_SECONDS / 60,
      throughput: {
        addedPerMinute: rows.reduce((sum, { addedPerMinute }) => sum + addedPerMinute, 0),
        donePerMinute: totals.donePerMinute,
        failedPerMinute: totals.failedPerMinute,
      },
      processingTimeSec: { ...readRuns(), avg: seconds(totals.meanRunMs) },
      waitTimeSec: { ...readWaits(), avg: seconds(totals.meanWaitMs) },
      successRatePct: totals.errorRate === null ? null : percent(1 - totals.errorRate),
      errorRatePct: percent(totals.errorRate),
      workers: workerFigures(jobs.workers()),
      estimation: qualityOf(jobs.records()[0]),
      queues: { slowest: slowest(rows), longest: longest(rows) },
    };
  };
}

function compileDurations(
  current: Pick<CurrentView, "at" | "compile">,
  metric: string,
): () => Omit<DurationFigures, "avg"> {
  const figure = (agg: "p50" | "p95" | "p99"): Selector => ({ metric, agg, window: WINDOW_SECONDS });
  const read = compileNamed(current, { p50: figure("p50"), p95: figure("p95"), p99: figure("p99") });
  return () => {
    const { p50, p95, p99 } = read();
    return { p50: known(p50), p95: known(p95), p99: known(p99) };
  };
}

function slowest(rows: readonly QueueRow[]): JobPerformance["queues"]["slowest"] {
  const row = largest(rows, ({ runP95 }) => runP95);
  const processingTimeSec = seconds(row?.runP95);
  return row === null || processingTimeSec === null ? null : { queue: row.queue, processingTimeSec };
}

function longest(rows: readonly QueueRow[]): JobPerformance["queues"]["longest"] {
  const row = largest(rows, ({ clearsInMs }) => clearsInMs);
  const clearsInSec = seconds(row?.clearsInMs);
  return row === null || clearsInSec === null ? null : { queue: row.queue, clearsInSec };
}

function largest(rows: readonly QueueRow[], by: (row: QueueRow) => number | null): QueueRow | null {
  let found: QueueRow | null = null;
  for (const row of rows) if ((by(row) ?? -1) > (found === null ? -1 : (by(found) ?? -1))) found = row;
  return found;
}
