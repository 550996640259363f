import { define, type MetricDefinition } from "./metric.ts";

/** Job queues, as every process that watches them reads the same figures. */
export const QUEUE_METRICS: readonly MetricDefinition[] = [
  define(
    "queue.jobs",
    "gauge",
    "{job}",
    ["queue", "queue.job.state"],
    "Jobs of a queue by state: waiting, active, delayed, prioritized, paused",
    "max",
  ),
  define("queue.workers", "gauge", "{worker}", ["queue"], "Workers that take jobs of a queue", "max"),
  define(
    "queue.job.duration",
    "histogram",
    "s",
    ["queue", "queue.job.outcome"],
    "Processing of jobs from start to end, by outcome: completed, failed",
  ),
];
