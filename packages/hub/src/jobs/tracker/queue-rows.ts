import type { QueueReading, QueueRow } from "@wsight/protocol";
import type { JobQueue } from "./tracked-job.ts";
import type { Tracker } from "./tracker.ts";

/** A queue as it stands: its own counts where it says them, else those of the jobs that are known. */
export function toQueueRow(queue: JobQueue, { roster, forecast, tally }: Tracker, now: number): QueueRow {
  const reading = queue.readingAt(now);
  const told = roster.of(queue.name, now);
  const { count: places } = forecast.placesOf(queue, now);
  const waiting = reading === null ? queue.line.size : waitingOf(reading, queue.line.size);
  const workers = reading?.workers ?? told.workers;
  // Of a queue from which nobody was ever seen to take a job, and nobody said to, nobody knows.
  const isTaken = places > 0 && (workers !== null || queue.peakAt(now) > 0);
  const clears = isTaken ? forecast.waitAt(queue, queue.line.size, now) : null;
  const waits = queue.waits.read(now);
  const runs = queue.runs.read(now);
  return {
    queue: queue.name,
    library: queue.library,
    paused: reading?.paused ?? false,
    waiting,
    active: reading?.counts.active ?? queue.active.size,
    delayed: reading?.counts.delayed ?? queue.delayed.size,
    failed: reading?.counts.failed ?? queue.failedOfDay.sum(now),
    workers,
    capacity: told.capacity,
    donePerMinute: queue.done.sum(now),
    failedPerMinute: queue.failed.sum(now),
    addedPerMinute: queue.added.sum(now),
    oldestWaitMs: waiting === 0 ? null : (reading?.oldestWaitMs ?? oldestWaitOf(queue, now)),
    waitP50: waits.quantile(0.5),
    waitP95: waits.quantile(0.95),
    runP50: runs.quantile(0.5),
    runP95: runs.quantile(0.95),
    clearsInMs: clears?.p50 ?? null,
    clearsLowMs: clears?.p10 ?? null,
    clearsHighMs: clears?.p90 ?? null,
    confidence: tally.scores.confidenceOf(queue.name),
    spark: queue.doneByMinute.list(now),
  };
}

function waitingOf({ counts }: QueueReading, known: number): number {
  const { waiting, prioritized, paused } = counts;
  if (waiting === undefined && prioritized === undefined && paused === undefined) return known;
  return (waiting ?? 0) + (prioritized ?? 0) + (paused ?? 0);
}

function oldestWaitOf(queue: JobQueue, now: number): number | null {
  const oldestAt = queue.oldestAt();
  return oldestAt === null ? null : Math.max(0, now - oldestAt);
}
