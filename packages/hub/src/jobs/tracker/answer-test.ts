import {
  type EstimationAnswer,
  type EstimationTest,
  PLAN_PRIORITIES,
  sizeCategoryOf,
  WsightError,
} from "@wsight/protocol";
import type { Estimator, JobFeatures } from "../estimate/estimator.ts";
import { toEstimate } from "./forecast.ts";
import type { JobQueue } from "./tracked-job.ts";
import type { Tracker } from "./tracker.ts";

/**
 * Says what would be expected of a job that was queued now.
 * @throws WsightError `NOT_FOUND` for a queue that is not known
 */
export function answerTest(
  test: EstimationTest,
  tracker: Tracker,
  estimator: Estimator,
  now: number,
): EstimationAnswer {
  const queue = queueOf(test, tracker, now);
  const sizeBytes = test.fileSize ?? null;
  const load = test.load ?? tracker.forecast.loadOf(queue, now);
  const features: JobFeatures = {
    queue: queue.name,
    name: test.name ?? "",
    sizeBytes,
    sizeCategory: test.sizeCategory ?? sizeCategoryOf(sizeBytes),
    plan: test.userPlan ?? null,
    userId: test.userId ?? null,
    load,
  };
  const queuePosition = test.queuePosition ?? placeOf(queue, test);
  // A question about a queue that nobody works for is answered as if somebody did.
  const workers = Math.max(1, test.workers ?? tracker.forecast.placesOf(queue, now).count);
  const run = estimator.predict(features);
  const estimate = toEstimate(run, tracker.forecast.simulate(queue, queuePosition, workers, now), null, now);
  return {
    timestamp: new Date(now).toISOString(),
    queue: queue.name,
    sizeCategory: features.sizeCategory,
    estimatedSeconds: estimate.remaining.p50 / 1000,
    estimate,
    explanation: estimator.explain(features),
    assumed: { queuePosition, workers, active: queue.active.size, load },
  };
}

function queueOf({ queue: name }: EstimationTest, tracker: Tracker, now: number): JobQueue {
  const busyOf = (queue: JobQueue): number => queue.doneByMinute.sum(now) + queue.active.size + queue.line.size;
  const queues = [...tracker.queues.values()];
  const queue = name === undefined ? queues.sort((a, b) => busyOf(b) - busyOf(a))[0] : tracker.queues.get(name);
  if (queue !== undefined) return queue;
  const known = queues.map((one) => one.name).sort();
  throw new WsightError(
    "NOT_FOUND",
    name === undefined
      ? "There is no queue yet"
      : `There is no queue ${name}; known: ${known.length === 0 ? "none" : known.join(", ")}`,
  );
}

/** Those that wait with its priority or a better one. */
function placeOf(queue: JobQueue, { userPlan }: EstimationTest): number {
  const priority = userPlan === undefined ? 0 : PLAN_PRIORITIES[userPlan];
  let before = 0;
  for (const job of queue.line) {
    if ((job.place?.priority ?? 0) > priority) break;
    before++;
  }
  return before;
}
