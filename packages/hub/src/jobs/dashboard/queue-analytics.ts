import type { EstimateRecord, QueueAnalysis, QueueRow, QueuesTable } from "@wsight/protocol";
import { known, percent, qualityOf } from "./figures.ts";

/** Of a minute's jobs, how many more or fewer may come than go before a queue counts as growing or shrinking. */
const STEADY_SHARE = 0.1;
/** From here on the workers of a queue have no room, of 100. */
const FULL_PCT = 90;
/** From here on a wait is long, ms. */
const LONG_MS = 10 * 60_000;

/** Judges queues, all or one. */
export function analyseQueues(
  { rows, leftOut }: QueuesTable,
  records: readonly EstimateRecord[],
  queue: string | null,
): { readonly queues: readonly QueueAnalysis[]; readonly leftOut: number } {
  const wanted = queue === null ? rows : rows.filter((row) => row.queue === queue);
  const queues = wanted.map((row) =>
    analyse(
      row,
      records.find((record) => record.queue === row.queue),
    ),
  );
  return { queues, leftOut: queue === null ? leftOut : 0 };
}

function analyse(row: QueueRow, record: EstimateRecord | undefined): QueueAnalysis {
  const { active, capacity, addedPerMinute, donePerMinute, failedPerMinute } = row;
  const utilizationPct = capacity === null || capacity <= 0 ? null : percent(Math.min(1, active / capacity));
  return {
    ...row,
    errorRatePct: donePerMinute > 0 ? percent(failedPerMinute / donePerMinute) : null,
    netPerMinute: known(addedPerMinute - donePerMinute) ?? 0,
    direction: directionOf(row),
    utilizationPct,
    estimation: qualityOf(record),
    ...judge(row, utilizationPct),
  };
}

function directionOf({ addedPerMinute, donePerMinute, waiting }: QueueRow): QueueAnalysis["direction"] {
  const net = addedPerMinute - donePerMinute;
  if (Math.abs(net) <= Math.max(1, STEADY_SHARE * Math.max(addedPerMinute, donePerMinute))) return "steady";
  if (net > 0) return waiting > 0 ? "growing" : "steady";
  return "shrinking";
}

function judge(row: QueueRow, utilizationPct: number | null): Pick<QueueAnalysis, "state" | "reasons"> {
  const { paused, waiting, active, workers, clearsInMs, oldestWaitMs } = row;
  const stuck = waiting > 0 && active === 0 && workers === 0;
  const reasons = [
    ...(paused ? ["It is paused"] : []),
    ...(stuck ? [`${waiting} wait and no worker takes them`] : []),
    ...(waiting > 0 && (utilizationPct ?? 0) >= FULL_PCT ? [`Its workers are full: ${utilizationPct} %`] : []),
    ...(directionOf(row) === "growing" ? ["More comes than goes"] : []),
    ...(clearsInMs !== null && clearsInMs >= LONG_MS ? [`What waits has begun in ${minutes(clearsInMs)}`] : []),
    ...(oldestWaitMs !== null && oldestWaitMs >= LONG_MS ? [`The oldest has waited ${minutes(oldestWaitMs)}`] : []),
  ];
  if (paused) return { state: "paused", reasons };
  if (stuck) return { state: "stuck", reasons };
  return { state: reasons.length === 0 ? "ok" : "busy", reasons };
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} min`;
}
