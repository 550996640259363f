import type { Finding } from "@wsight/protocol";
import type { IntegrationHandle, ProbeContext } from "../../integration.ts";
import { libraryVersion } from "../../library-version.ts";
import { behind, cover, uncover } from "../../shadow.ts";
import { AddedJobs } from "./added-jobs.ts";
import type { BullJob, BullQueue } from "./bullmq-like.ts";
import { isMadeBy } from "./bullmq-worker.ts";
import { jobName, keyOf, queueName, wholeFrom } from "./job-facts.ts";
import { createJobLooks } from "./job-look.ts";
import { readProgress } from "./job-progress.ts";
import { watchQueue } from "./queue-reading.ts";
import { watchEmit } from "./watch-emit.ts";

/** Ids of one cleaning that are told. */
const MAX_CLEANED = 10_000;

/** Watches what an application adds to a queue and takes from it, and asks the queue now and then how it is. */
export function attachQueue(target: BullQueue, name: string, context: ProbeContext): IntegrationHandle {
  const { guard } = context;
  const queue = queueName(target.name);
  const source = `bullmq queue ${queue}`;
  const added = new AddedJobs({ target, queue, context });
  const watch = watchEmit(target, createHears(queue, added, context), { source, context });
  const bulk = watchBulk(target, added, { source, context });
  const reading = watchQueue(target, queue, context);
  const endLooks = context.provideJobs({ queue, ...createJobLooks(target, queue, context) });
  const version = libraryVersion(target, "/classes/queue.js", ({ Queue }) => isMadeBy(target, Queue));
  return {
    finding(): Finding {
      const gaps = [
        ...(watch.watching ? [] : ["jobs that are added can't be seen: emit is locked"]),
        ...(bulk.watching ? [] : ["jobs of addBulk can't be seen until they begin: it is locked"]),
        ...(guard.isOpen(source) ? ["switched off after repeated faults of the probe"] : []),
      ];
      const state = gaps.length === 0 ? "attached" : "partial";
      return { library: "bullmq", server: name, version, state, notes: [`queue ${queue}`, ...gaps] };
    },
    detach() {
      watch.end();
      bulk.end();
      reading.end();
      endLooks();
      added.end();
    },
  };
}

/** What a queue tells of itself; of what happens elsewhere it hears nothing. */
function createHears(queue: string, added: AddedJobs, context: ProbeContext): Parameters<typeof watchEmit>[1] {
  const { jobs, now, redact } = context;
  const removed = (id: unknown): void => {
    context.recentJobs.delete(queue, jobName(id));
    jobs.event({ kind: "removed", queue, job: jobName(id), at: now() });
  };
  return {
    // With each single add, whatever state the job begins in.
    waiting: (job: BullJob) => added.take(job),
    removed: (job: BullJob | string) => removed(typeof job === "string" ? job : job.id),
    cleaned(ids: readonly string[], state: string) {
      // What had ended stays known as what it was.
      if (state !== "completed" && state !== "failed") for (const id of ids.slice(0, MAX_CLEANED)) removed(id);
    },
    // Of a job that somebody fetched, or named by its id.
    progress(job: BullJob | string, progress: unknown) {
      const read = readProgress(progress, redact);
      const key = typeof job === "string" ? { queue, job: jobName(job) } : keyOf(queue, job);
      if (read === null || key === null) return;
      const running = typeof job === "string" || wholeFrom(job.attemptsStarted, 1) !== null;
      if (running) jobs.event({ kind: "progress", ...key, at: now(), ...read });
    },
  };
}

/** Jobs that are added together are told by nobody but the answer of the call. */
function watchBulk(
  target: BullQueue,
  added: AddedJobs,
  { source, context }: { readonly source: string; readonly context: ProbeContext },
): { readonly watching: boolean; readonly end: () => void } {
  const { guard } = context;
  const before = Object.getOwnPropertyDescriptor(target, "addBulk");
  const add = behind(target, "addBulk", before) as (...args: unknown[]) => unknown;
  const see = (jobs: unknown): void => {
    context.hookCalls.value++;
    if (Array.isArray(jobs)) for (const job of jobs as BullJob[]) added.take(job);
  };
  function addBulk(this: unknown, ...args: unknown[]): unknown {
    const answer = Reflect.apply(add, this, args);
    if (!(answer instanceof Promise) || guard.isOpen(source)) return answer;
    // Beside the application's own promise: its rejection stays the application's.
    answer.then(
      (jobs) => guard.run("hook", () => see(jobs), undefined, source),
      () => undefined,
    );
    return answer;
  }
  const watching = cover(target, "addBulk", addBulk as (...args: never[]) => unknown);
  return { watching, end: () => uncover(target, "addBulk", addBulk as (...args: never[]) => unknown, before) };
}
