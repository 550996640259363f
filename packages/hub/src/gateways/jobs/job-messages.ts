import type {
  JobCompletedMessage,
  JobFailedMessage,
  JobProgressMessage,
  JobQueuedMessage,
  JobRow,
  JobStartedMessage,
  JobUserEvent,
} from "@wsight/protocol";
import type { JobChange } from "../../jobs/jobs.ts";

/** What is told under which name. */
interface JobMessages {
  readonly "job-queued": JobQueuedMessage;
  readonly "job-started": JobStartedMessage;
  readonly "job-progress": JobProgressMessage;
  readonly "job-completed": JobCompletedMessage;
  readonly "job-failed": JobFailedMessage;
}

/** A message to the owner of a job: an event and what it says. */
export type JobMessage = {
  readonly [E in keyof JobMessages]: { readonly event: E; readonly data: JobMessages[E] };
}[keyof JobMessages];

/** Says what a row does not. */
interface Further {
  readonly restored: boolean;
  readonly final: boolean;
  readonly result: string | null;
  readonly retryInMs: number | null;
}

const EVENT_OF: Readonly<Record<JobChange["kind"], Exclude<JobUserEvent, "queue-status">>> = {
  queued: "job-queued",
  started: "job-started",
  progress: "job-progress",
  completed: "job-completed",
  failed: "job-failed",
  // It waits again.
  retried: "job-queued",
  stalled: "job-queued",
  // Nothing more will come of it, which a progress bar has to know.
  removed: "job-failed",
};

/** What a change means to the owner. */
export function messageOfChange(change: JobChange): JobMessage {
  const { kind, job, final, result, retryInMs } = change;
  return makers[EVENT_OF[kind]](job, { restored: false, final: final || kind === "removed", result, retryInMs });
}

/** A job as it stands, for a client that came (back). */
export function messageOfRow(job: JobRow, result: string | null): JobMessage {
  return makers[eventOfState(job)](job, { restored: true, final: true, result, retryInMs: null });
}

function eventOfState({ state, percent, stage }: JobRow): keyof JobMessages {
  switch (state) {
    case "waiting":
    case "delayed":
      return "job-queued";
    case "active":
      return percent === null && stage === null ? "job-started" : "job-progress";
    case "completed":
      return "job-completed";
    case "failed":
    case "removed":
      return "job-failed";
  }
}

const makers: { readonly [E in keyof JobMessages]: (job: JobRow, further: Further) => JobMessage } = {
  "job-queued": (job, further) => ({
    event: "job-queued",
    data: {
      ...common(job, further),
      priority: job.priority,
      userPlan: job.plan,
      position: job.position,
      estimatedTime: remaining(job),
      ...estimate(job),
    },
  }),
  "job-started": (job, further) => ({
    event: "job-started",
    data: { ...common(job, further), worker: job.worker, estimatedTimeRemaining: remaining(job), ...estimate(job) },
  }),
  "job-progress": (job, further) => ({
    event: "job-progress",
    data: {
      ...common(job, further),
      progress: job.percent ?? 0,
      stage: job.stage,
      estimatedTimeRemaining: remaining(job),
      ...estimate(job),
    },
  }),
  "job-completed": (job, further) => ({
    event: "job-completed",
    data: { ...common(job, further), result: readResult(further.result), processingTime: seconds(job.runMs) },
  }),
  "job-failed": (job, further) => ({
    event: "job-failed",
    data: {
      ...common(job, further),
      error: errorOf(job),
      final: further.final,
      retry: {
        willRetry: !further.final,
        // One more at least, also where nobody told how many there are.
        attemptsLeft: further.final ? 0 : Math.max(1, job.maxAttempts - job.attempt),
        retryIn: further.final ? null : seconds(further.retryInMs),
      },
    },
  }),
};

/** What every message says. */
type Common = Pick<JobStartedMessage, keyof JobStartedMessage & keyof JobCompletedMessage & keyof JobQueuedMessage>;

function errorOf({ state, error }: JobRow): string {
  return state === "removed" ? "The job was removed from its queue" : (error ?? "The job failed");
}

function common(job: JobRow, { restored }: Further): Common {
  return {
    jobId: job.id,
    documentId: job.id,
    queue: job.queue,
    name: job.name,
    fileName: job.label,
    attempt: job.attempt,
    timestamp: new Date(job.changedAt).toISOString(),
    restored,
  };
}

function estimate({ estimate: made }: JobRow): Pick<JobStartedMessage, "confidence" | "estimate"> {
  return { confidence: made?.confidence ?? null, estimate: made };
}

function remaining({ estimate: made }: JobRow): number | null {
  return seconds(made?.remaining.p50 ?? null);
}

/** To a tenth of a second: nothing is known more exactly. */
export function seconds(ms: number | null): number | null {
  return ms === null || !Number.isFinite(ms) ? null : Math.round(ms / 100) / 10;
}

/** It came as JSON text, checked where it came in; what an older version let pass is told as it is. */
function readResult(text: string | null): unknown {
  if (text === null) return null;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
