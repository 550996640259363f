import type { JobEstimate } from "./estimate.ts";
import type { JobPlan } from "./job-classes.ts";

/** Events about jobs that their owner is told, over Socket.IO and `/ws/jobs` alike. */
export const JOB_USER_EVENTS = [
  "job-queued",
  "job-started",
  "job-progress",
  "job-completed",
  "job-failed",
  "queue-status",
] as const;
export type JobUserEvent = (typeof JOB_USER_EVENTS)[number];

/** Events that administrators are told; `dashboard-alert` and `dashboard-alert-resolved` are those of alerts. */
export const JOB_ADMIN_EVENTS = ["admin-metrics", "worker-metrics-update", "admin-queue-status"] as const;
export type JobAdminEvent = (typeof JOB_ADMIN_EVENTS)[number];

/** How often `queue-status` and the events of administrators are told, ms. */
export const QUEUE_STATUS_MS = 5_000;

/** What every message about a job says. */
interface AnyJobMessage {
  readonly jobId: string;
  /** The same as `jobId`, for clients of the calls `notifyDocument…`. */
  readonly documentId: string;
  readonly queue: string;
  readonly name: string;
  /** What people call it. */
  readonly fileName: string | null;
  readonly attempt: number;
  /** When it happened, UTC, ISO 8601. */
  readonly timestamp: string;
  /** True when it is told again to a client that came (back). */
  readonly restored: boolean;
}

/** `job-queued` */
export interface JobQueuedMessage extends AnyJobMessage {
  readonly priority: number | null;
  readonly userPlan: JobPlan | null;
  readonly position: number | null;
  /** Seconds from now to the end; `null`: nothing is known. */
  readonly estimatedTime: number | null;
  readonly confidence: number | null;
  readonly estimate: JobEstimate | null;
}

/** `job-started` */
export interface JobStartedMessage extends AnyJobMessage {
  readonly worker: string | null;
  readonly estimatedTimeRemaining: number | null;
  readonly confidence: number | null;
  readonly estimate: JobEstimate | null;
}

/** `job-progress` */
export interface JobProgressMessage extends AnyJobMessage {
  /** 0 to 100; never runs backwards within one attempt. */
  readonly progress: number;
  readonly stage: string | null;
  /** Seconds; `null`: nothing is known. */
  readonly estimatedTimeRemaining: number | null;
  readonly confidence: number | null;
  readonly estimate: JobEstimate | null;
}

/** `job-completed` */
export interface JobCompletedMessage extends AnyJobMessage {
  readonly result: unknown;
  /** Seconds from its start; `null`: not known. */
  readonly processingTime: number | null;
}

/** `job-failed`: an end when `final`, else it is tried again. */
export interface JobFailedMessage extends AnyJobMessage {
  readonly error: string;
  readonly final: boolean;
  readonly retry: {
    readonly willRetry: boolean;
    readonly attemptsLeft: number;
    /** Seconds until the next try begins at the soonest. */
    readonly retryIn: number | null;
  };
}

/** `queue-status`: what a user may know of queues: those its own live jobs are in. */
export interface QueueStatusMessage {
  readonly timestamp: string;
  readonly queues: readonly {
    readonly queue: string;
    readonly waiting: number;
    readonly active: number;
    readonly workers: number | null;
    /** Seconds until what waits now has begun. */
    readonly clearsIn: number | null;
    readonly paused: boolean;
  }[];
  /** Own live jobs, at most 100. */
  readonly jobs: readonly {
    readonly jobId: string;
    readonly queue: string;
    readonly state: string;
    readonly position: number | null;
    readonly progress: number | null;
    readonly estimatedTimeRemaining: number | null;
  }[];
}

/** Answer to `authenticate`, as its acknowledgement and as the event `authenticated` or `authentication-failed`. */
export type AuthenticateAnswer =
  | {
      readonly ok: true;
      readonly userId: string;
      readonly role: string;
      /** What the verified token says, whatever was wished for. */
      readonly isAdmin: boolean;
      /** Why a wish to be an administrator was not granted. */
      readonly note?: string;
    }
  | { readonly ok: false; readonly error: { readonly code: string; readonly message: string } };
