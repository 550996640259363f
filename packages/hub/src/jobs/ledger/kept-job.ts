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
  const ended = hasEnded(record) ? { at: endedAt ?? changedAt, state, userId, words: wordsOf(record) } : null;
  return { queue, id, createdAt, ended, job: textOf(record) };
}

/** Reads what was kept. */
export function readJob(job: string): JobRecord {
  const { steps, ...record } = JSON.parse(job) as Omit<JobRecord, "steps"> & { readonly steps: readonly ShortStep[] };
  return {
    ...NOTHING,
    ...record,
    steps: steps.map(([at, kind, attempt, text]) => ({ at, kind, attempt, text })),
  };
}

/** A step without the names of its fields: there are many. */
type ShortStep = readonly [at: number, kind: string, attempt: number, text: string];

/** As short as it gets without being unreadable for people. */
function textOf({ steps, ...record }: JobRecord): string {
  const said = Object.entries(record).filter(([, value]) => value !== null);
  const short = steps.map(({ at, kind, attempt, text }): ShortStep => [at, kind, attempt, text]);
  return JSON.stringify({ ...Object.fromEntries(said), steps: short });
}
