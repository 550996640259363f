import type { Finding, JobEvent } from "@wsight/protocol";
import type { IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import type { BullQueueEvents } from "./bullmq-like.ts";
import { isMadeBy } from "./bullmq-worker.ts";
import { jobName, queueName } from "./job-facts.ts";
import { readProgress } from "./job-progress.ts";
import { resultOf } from "./job-result.ts";
import { StreamClock } from "./stream-clock.ts";
import { type Hear, watchEmit } from "./watch-emit.ts";

/** Jobs whose tries are counted; of further ones the oldest are told without the number of their try. */
const MAX_COUNTED = 20_000;

/** Fields of the events of a queue, as they are used. */
interface Told {
  readonly jobId?: unknown;
  readonly name?: unknown;
  readonly prev?: unknown;
  readonly data?: unknown;
  readonly delay?: unknown;
  readonly returnvalue?: unknown;
  readonly failedReason?: unknown;
}

/** Watches what a queue tells of all its jobs, wherever they are added and worked on. */
export function attachQueueEvents(target: BullQueueEvents, name: string, context: ProbeContext): IntegrationHandle {
  const { guard } = context;
  const queue = queueName(target.name);
  const source = `bullmq events ${queue}`;
  const watch = watchEmit(target, createHears(queue, context), { source, context });
  const version = libraryVersion(target, "/classes/queue-events.js", ({ QueueEvents }) =>
    isMadeBy(target, QueueEvents),
  );
  return {
    finding(): Finding {
      const gaps = [
        ...(watch.watching ? [] : ["they can't be watched: emit is locked"]),
        ...(guard.isOpen(source) ? ["switched off after repeated faults of the probe"] : []),
      ];
      const state = gaps.length === 0 ? "attached" : "partial";
      return { library: "bullmq", server: name, version, state, notes: [`events of ${queue}`, ...gaps] };
    },
    detach: () => watch.end(),
  };
}

/**
 * What the queue's stream says of a job is little: an id, and what became of it. The number of its try is counted from
 * the moment that it was added, so that what its worker tells elsewhere is known to be the same.
 */
function createHears(queue: string, context: ProbeContext): Readonly<Record<string, Hear>> {
  const clock = new StreamClock(context.now);
  const tries = new Map<string, number>();
  const { results } = context.options.jobs;

  const base = ({ jobId }: Told, id: unknown): Pick<JobEvent, "queue" | "job" | "at" | "attempt"> => {
    const job = jobName(jobId);
    const attempt = tries.get(job) ?? 0;
    return { queue, job, at: clock.at(id), ...(attempt === 0 ? {} : { attempt }) };
  };
  const begin = ({ jobId }: Told): void => {
    const job = jobName(jobId);
    const before = tries.get(job);
    if (before !== undefined) tries.set(job, before + 1);
  };
  const count = ({ jobId }: Told): void => {
    tries.set(jobName(jobId), 0);
    if (tries.size <= MAX_COUNTED) return;
    for (const oldest of tries.keys()) {
      tries.delete(oldest);
      return;
    }
  };
  const end = ({ jobId }: Told): void => void tries.delete(jobName(jobId));
  const tell = (event: JobEvent): void => context.jobs.event(event);

  return {
    added(told: Told, id: unknown) {
      count(told);
      tell({ kind: "queued", ...base(told, id), ...(typeof told.name === "string" ? { name: told.name } : {}) });
    },
    active(told: Told, id: unknown) {
      begin(told);
      tell({ kind: "started", ...base(told, id) });
    },
    progress(told: Told, id: unknown) {
      const read = readProgress(told.data, context.redact);
      if (read !== null) tell({ kind: "progress", ...base(told, id), ...read });
    },
    completed(told: Told, id: unknown) {
      const result = results ? resultOf(told.returnvalue) : null;
      tell({ kind: "completed", ...base(told, id), ...(result === null ? {} : { result }) });
      end(told);
    },
    // The stream tells it of the last try alone; of others only that they wait again.
    failed(told: Told, id: unknown) {
      tell({ kind: "failed", ...base(told, id), error: String(told.failedReason ?? ""), final: true });
      end(told);
    },
    // Whether a try failed, or its processor put the job off, the stream does not say.
    delayed(told: Told, id: unknown) {
      const since = base(told, id);
      if ((since.attempt ?? 0) === 0) return;
      tell({ kind: "retried", ...since, delayMs: Math.max(0, Math.round(Number(told.delay) - context.now())) });
    },
    waiting(told: Told, id: unknown) {
      if (told.prev === "active" || told.prev === "failed" || told.prev === "completed")
        tell({ kind: "retried", ...base(told, id) });
    },
    stalled: (told: Told, id: unknown) => tell({ kind: "stalled", ...base(told, id) }),
    removed(told: Told, id: unknown) {
      tell({ kind: "removed", ...base(told, id) });
      end(told);
    },
  };
}
