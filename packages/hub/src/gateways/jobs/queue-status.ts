import type { JobRow, QueueRow, QueueStatusMessage } from "@wsight/protocol";
import { seconds } from "./job-messages.ts";

/** Own jobs that one status lists. */
const MAX_JOBS = 100;

/** What a user may know of queues: those that its own live jobs are in, and where these stand. */
export function queueStatus(
  jobs: readonly JobRow[],
  queues: ReadonlyMap<string, QueueRow>,
  timestamp: string,
): QueueStatusMessage {
  const live = jobs.filter(isLive).slice(0, MAX_JOBS);
  const names = new Set(live.map(({ queue }) => queue));
  return {
    timestamp,
    queues: [...names].flatMap((name) => {
      const row = queues.get(name);
      if (row === undefined) return [];
      const { queue, waiting, active, workers, clearsInMs, paused } = row;
      return [{ queue, waiting, active, workers, clearsIn: seconds(clearsInMs), paused }];
    }),
    jobs: live.map(({ id, queue, state, position, percent, estimate }) => ({
      jobId: id,
      queue,
      state,
      position,
      progress: percent,
      estimatedTimeRemaining: seconds(estimate?.remaining.p50 ?? null),
    })),
  };
}

/** It has not ended. */
export function isLive({ state }: Pick<JobRow, "state">): boolean {
  return state === "waiting" || state === "delayed" || state === "active";
}
