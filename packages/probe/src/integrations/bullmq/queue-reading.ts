import { QUEUE_STATES, type QueueState } from "@wsight/protocol";
import type { ProbeContext } from "../../integration.ts";
import type { BullQueue } from "./bullmq-like.ts";
import { wholeFrom } from "./job-facts.ts";

/** States that are counted; those of a paused queue wait, or are paused, as its backend has it. How many had completed says little: most queues remove them. */
const COUNTED = ["waiting", "paused", "prioritized", "active", "delayed", "waiting-children", "failed"];
/** Between two lists of workers, ms. */
const WORKERS_MS = 30_000;
/** A look may come a little early, ms. */
const SLACK_MS = 200;

/** Asks a queue now and then how it is. Never two questions at once; while its database is away, it is told as a note. */
export function watchQueue(target: BullQueue, queue: string, context: ProbeContext): { readonly end: () => void } {
  const { pollMs, workers } = context.options.jobs;
  const { mediumIntervalMs } = context.options;
  let readAt = Number.NEGATIVE_INFINITY;
  let problem: string | null = null;
  const head = createHead(target, context);
  const countWorkers = workers ? createWorkerCount(target, context.hr) : (): null => null;

  const read = async (): Promise<void> => {
    const [counts, paused, oldestWaitMs, known] = await Promise.all([
      target.getJobCounts(...COUNTED),
      target.isPaused(),
      head(),
      countWorkers(),
    ]);
    context.jobs.reading({
      at: context.now(),
      queue,
      library: "bullmq",
      paused,
      counts: countsOf(counts),
      workers: known,
      oldestWaitMs,
    });
  };

  const end = context.pull({
    name: `bullmq ${queue}`,
    tier: pollMs < mediumIntervalMs ? "fast" : "medium",
    async read() {
      const now = context.hr();
      if (now - readAt < pollMs - SLACK_MS) return;
      readAt = now;
      try {
        await read();
        problem = null;
      } catch (error) {
        problem = context.redact(error instanceof Error ? error.message : String(error)).slice(0, 200);
      }
    },
    note: () => problem,
  });
  return { end };
}

function countsOf(counts: Readonly<Record<string, number>>): Partial<Record<QueueState, number>> {
  const known: Partial<Record<QueueState, number>> = {};
  for (const state of QUEUE_STATES) {
    const count = wholeFrom(counts[state], 0);
    if (count !== null) known[state] = count;
  }
  return known;
}

/**
 * How long the job at the head has waited, ms. A job is fetched only when it is another one than before; one that waits
 * again, after a try, waits since it was first seen there.
 */
function createHead(target: BullQueue, context: ProbeContext): () => Promise<number | null> {
  let id: string | null = null;
  let since = 0;
  const sinceOf = async (head: string): Promise<number> => {
    const now = context.now();
    const job = await target.getJob(head);
    if (job === undefined || wholeFrom(job.attemptsStarted, 1) !== null) return now;
    return Math.min(now, job.timestamp + (wholeFrom(job.opts.delay, 1) ?? 0));
  };
  return async () => {
    const [head] = [
      ...(await target.getRanges(["waiting"], 0, 0, true)),
      ...(await target.getRanges(["prioritized"], 0, 0, true)),
    ];
    if (head === undefined) {
      id = null;
      return null;
    }
    if (head !== id) {
      since = await sinceOf(head);
      id = head;
    }
    return Math.max(0, context.now() - since);
  };
}

function createWorkerCount(target: BullQueue, hr: () => number): () => Promise<number | null> {
  let askedAt = Number.NEGATIVE_INFINITY;
  let count: number | null = null;
  return async () => {
    if (hr() - askedAt < WORKERS_MS) return count;
    askedAt = hr();
    // Where clients may not be listed, nobody can say.
    count = await target.getWorkers().then(
      (workers) => workers.length,
      () => null,
    );
    return count;
  };
}
