import type { Integration } from "../../integration.ts";
import { isBullQueue, isBullQueueEvents, isBullWorker } from "./bullmq-like.ts";
import { attachQueue } from "./bullmq-queue.ts";
import { attachQueueEvents } from "./bullmq-queue-events.ts";
import { attachWorker } from "./bullmq-worker.ts";

/**
 * Watches a `Queue`, a `Worker` or a `QueueEvents` of BullMQ 5 or 6, on Redis or PostgreSQL, through what they offer
 * to everybody: no key or table is read, no listener added, no option changed.
 */
export const bullmq: Integration = {
  library: "bullmq",
  detect: (target) => isBullQueue(target) || isBullWorker(target) || isBullQueueEvents(target),
  attach(target, name, context) {
    if (isBullQueue(target)) return attachQueue(target, name, context);
    if (isBullWorker(target)) return attachWorker(target, name, context);
    if (isBullQueueEvents(target)) return attachQueueEvents(target, name, context);
    throw new TypeError("expected a Queue, a Worker or a QueueEvents of BullMQ");
  },
};
