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
  define("queue.job.wait", "histogram", "s", ["queue"], "From being ready to the first start of a job"),
  define("queue.jobs.added", "counter", "{job}", ["queue"], "Jobs that were added to a queue"),
  define(
    "queue.jobs.ended",
    "counter",
    "{job}",
    ["queue", "queue.job.outcome"],
    "Jobs that ended, by outcome, also those whose start nobody told of: completed, failed",
  ),
  define("queue.job.retries", "counter", "{job}", ["queue"], "Tries of jobs that failed and were to be tried again"),
  define("queue.job.stalls", "counter", "{job}", ["queue"], "Jobs that their worker lost"),
  define("queue.oldest_wait", "gauge", "s", ["queue"], "How long the job has waited that waits longest", "max"),
  define("queue.capacity", "gauge", "{job}", ["queue"], "Jobs that the workers of a queue take at once", "max"),
  define(
    "queue.worker.utilization",
    "gauge",
    "1",
    ["queue"],
    "Share of the places of a queue's workers in use over the last minute",
    "max",
  ),
  define(
    "queue.workers.unwell",
    "gauge",
    "{worker}",
    ["queue", "queue.worker.state"],
    "Workers that are stalled (a job for far too long, without progress) or dead (silent, with jobs)",
    "max",
  ),
];
