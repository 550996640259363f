import type { JobPlan, JobState, JobStep, SizeCategory } from "@wsight/protocol";
import type { KeptNode, RunEstimate } from "../estimate/estimator.ts";

/** A job as it is kept: everything, so that the newest record of a job replaces those before. */
export interface JobRecord {
  readonly queue: string;
  readonly id: string;
  /** Tells it from an older job of the same id, ms epoch. */
  readonly createdAt: number;
  readonly state: JobState;
  readonly name: string;
  readonly label: string | null;
  readonly userId: string | null;
  readonly plan: JobPlan | null;
  readonly priority: number | null;
  readonly sizeBytes: number | null;
  readonly sizeCategory: SizeCategory | null;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly stalls: number;
  readonly worker: string | null;
  readonly percent: number | null;
  readonly stage: string | null;
  readonly queuedAt: number | null;
  readonly readyAt: number | null;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly changedAt: number;
  readonly waitMs: number | null;
  readonly runMs: number | null;
  readonly error: string | null;
  readonly result: string | null;
  readonly source: "bullmq" | "app" | "api";
  readonly node: string | null;
  readonly steps: readonly JobStep[];
  readonly progress: readonly (readonly [elapsedMs: number, percent: number])[];
  /** What was said when it was queued: of its run, and of its wait (p10, p50, p90, ms). */
  readonly saidRun: RunEstimate | null;
  readonly saidWait: readonly [number, number, number] | null;
  /** What else must be known to go on with it. Left out: what can be guessed from the rest. */
  readonly more?: JobRecordMore;
}

/** What of a job nobody looks at. */
interface JobRecordMore {
  /** False: nobody told when it was made, and `createdAt` is that of its first event. */
  readonly toldCreatedAt: boolean;
  /** Why it waits, and since when it is in its state. */
  readonly cause: "queued" | "failed" | "retried" | "stalled";
  readonly phaseAt: number;
  readonly firstStartedAt: number | null;
  readonly startGuessed: boolean;
  readonly percentAt: number | null;
  readonly retries: number;
  readonly retryInMs: number | null;
  /** The newest try whose failure was counted. */
  readonly failedTry?: number;
}

/** What came to be since the last save. The newest record of a job wins; the same again changes nothing. */
export interface LedgerBatch {
  readonly jobs: readonly JobRecord[];
  readonly nodes: readonly KeptNode[];
}

/** Everything needed to go on. */
export interface LedgerBook {
  /** Live ones, all; and of those that ended the newest 1000. */
  readonly jobs: readonly JobRecord[];
  readonly nodes: readonly KeptNode[];
}

/** Which jobs that ended; newest first. */
export interface LedgerQuery {
  readonly queue: string | null;
  readonly states: readonly JobState[];
  readonly userId: string | null;
  /** Part of id, name or label; empty: all. */
  readonly search: string;
  /** Labels are not searched. @default false */
  readonly withoutLabels?: boolean | undefined;
  /** When they ended, ms epoch, `endedBefore` left out. @default any time */
  readonly endedFrom?: number | undefined;
  readonly endedBefore?: number | undefined;
  readonly offset: number;
  /** 1 to 200. */
  readonly limit: number;
}

/** How the ledger fares. */
export interface LedgerStatus {
  /** `off`: jobs are remembered while the hub lives, and nothing is kept. */
  readonly state: "ok" | "opening" | "failing" | "off";
  readonly problem: string | null;
  /** Records that gave way since the start, because more than 100,000 waited to be kept. */
  readonly dropped: number;
  /** Times that what was kept was found damaged or gone, and an empty one begun: what is still known is to be saved anew. */
  readonly beginnings: number;
}

/**
 * Keeps jobs and what was learned from them, in a process of its own, so that no disk is ever waited for. Started when
 * there is something to keep. Rejects with `STORE_UNAVAILABLE` while it can't be reached.
 */
export interface JobLedger {
  /** `null`: nothing was ever kept. */
  load(): Promise<LedgerBook | null>;
  /**
   * Resolves once it survives a crash. After a failure it is put together with what comes after it and tried again
   * until it is kept: callers need not try again.
   */
  save(batch: LedgerBatch): Promise<void>;
  ended(query: LedgerQuery): Promise<{ readonly matched: number; readonly jobs: readonly JobRecord[] }>;
  find(queue: string, id: string): Promise<JobRecord | null>;
  status(): LedgerStatus;
  /** Finishes what was accepted; safe to call twice. */
  close(): Promise<void>;
}
