import type { Selector } from "@wsight/protocol";

const MINUTE = 60;
const DURATION = "queue.job.duration";

/**
 * Jobs of the trailing minute, from their mean rate over as much of it as was counted, and how long that is. A hub that
 * has just begun hears of all that waits at once, which is not what comes each second.
 */
export function ofTrailingMinute(values: Float64Array): number {
  const [rate = Number.NaN, countedFor = Number.NaN] = values;
  return rate * (countedFor < MINUTE ? Math.max(1, countedFor) : MINUTE);
}

/** Series of the queues, or of one of them. */
export interface QueueSelectors {
  readonly waiting: Selector;
  readonly active: Selector;
  readonly delayed: Selector;
  readonly added: Selector;
  readonly done: Selector;
  readonly failed: Selector;
  readonly waitP50: Selector;
  readonly waitP95: Selector;
  readonly runP50: Selector;
  readonly runP95: Selector;
  readonly workers: Selector;
  readonly oldestWait: Selector;
  /** How long the hub has counted jobs, s. */
  readonly countedFor: Selector;
}

/** @param queue one of them, `null` for all */
export function queueSelectors(queue: string | null): QueueSelectors {
  const own = queue === null ? {} : { queue };
  const jobs = (state: string): Selector => ({
    metric: "queue.jobs",
    agg: "sum",
    where: { ...own, "queue.job.state": state },
  });
  const ended = (outcome: string): Selector => ({
    metric: "queue.jobs.ended",
    agg: "rate",
    where: { ...own, "queue.job.outcome": outcome },
    window: MINUTE,
  });
  const time = (metric: string, agg: "p50" | "p95"): Selector => ({ metric, agg, where: own, window: MINUTE });
  return {
    waiting: jobs("waiting"),
    active: jobs("active"),
    delayed: jobs("delayed"),
    added: { metric: "queue.jobs.added", agg: "rate", where: own, window: MINUTE },
    done: ended("completed"),
    failed: ended("failed"),
    waitP50: time("queue.job.wait", "p50"),
    waitP95: time("queue.job.wait", "p95"),
    runP50: time(DURATION, "p50"),
    runP95: time(DURATION, "p95"),
    workers: { metric: "queue.workers", agg: "sum", where: own },
    oldestWait: { metric: "queue.oldest_wait", agg: "max", where: own },
    countedFor: { metric: "wsight.jobs.uptime", agg: "max" },
  };
}
