import type { JobRecord, LedgerQuery } from "./ledger.ts";
import { hasEnded, wordsOf } from "./ledger-query.ts";

/** A job as it is handed to the ledger's process: what is searched for, and everything as JSON. */
export interface KeptJob {
  readonly queue: string;
  readonly id: string;
  readonly createdAt: number;
  /** `null`: it is live. */
  readonly ended: {
    readonly at: number;
    readonly state: LedgerQuery["states"][number];
    readonly userId: string | null;
    readonly words: string;
  } | null;
  readonly job: string;
}

/** What a job says that says nothing of these: they are left out of what is kept. */
const NOTHING: Partial<JobRecord> = {
  label: null,
  userId: null,
  plan: null,
  priority: null,
  sizeBytes: null,
  sizeCategory: null,
  worker: null,
  percent: null,
  stage: null,
  queuedAt: null,
  readyAt: null,
  startedAt: null,
  endedAt: null,
  waitMs: null,
  runMs: null,
  error: null,
  result: null,
  node: null,
  saidRun: null,
  saidWait: null,
};

/** Makes a job ready to be kept. */
export function keepJob(record: JobRecord): KeptJob {
  const { queue, id, createdAt, state, userId, endedAt, changedAt } = record;
  const job = JSON.stringify(Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null)));
  const ended = hasEnded(record) ? { at: endedAt ?? changedAt, state, userId, words: wordsOf(record) } : null;
  return { queue, id, createdAt, ended, job };
}

/** Reads what was kept. */
export function readJob(job: string): JobRecord {
  return { ...NOTHING, ...JSON.parse(job) } as JobRecord;
}
