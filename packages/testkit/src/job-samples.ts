import type { JobRecord, LedgerBatch, LedgerQuery } from "@wsight/hub";

const DAY_MS = 86_400_000;
/** When sample jobs begin, ms epoch: of late, so that nothing is forgotten for its age. */
export const JOBS_START_AT: number = (Math.floor(Date.now() / DAY_MS) - 2) * DAY_MS;

/** Nothing to keep. */
export const EMPTY_BATCH: LedgerBatch = { jobs: [], nodes: [] };

/** Every job that ended. */
export const ALL_ENDED: LedgerQuery = { queue: null, states: [], userId: null, search: "", offset: 0, limit: 200 };

/** The record of a job that waits, number by number a second later. */
export function sampleJob(number: number, changes: Partial<JobRecord> = {}): JobRecord {
  const at = JOBS_START_AT + number * 1_000;
  return {
    queue: "documents",
    id: `job-${number}`,
    createdAt: at,
    state: "waiting",
    name: "ocr",
    label: null,
    userId: null,
    plan: null,
    priority: null,
    sizeBytes: null,
    sizeCategory: null,
    attempt: 0,
    maxAttempts: 1,
    stalls: 0,
    worker: null,
    percent: null,
    stage: null,
    queuedAt: at,
    readyAt: null,
    startedAt: null,
    endedAt: null,
    changedAt: at,
    waitMs: null,
    runMs: null,
    error: null,
    result: null,
    source: "app",
    node: null,
    steps: [],
    progress: [],
    saidRun: null,
    saidWait: null,
    ...changes,
  };
}

/** The same job at its end, half a second later. */
export function endedJob(number: number, changes: Partial<JobRecord> = {}): JobRecord {
  const at = JOBS_START_AT + number * 1_000;
  return sampleJob(number, {
    state: "completed",
    attempt: 1,
    startedAt: at + 100,
    endedAt: at + 500,
    changedAt: at + 500,
    waitMs: 100,
    runMs: 400,
    ...changes,
  });
}

/** One that says everything there is to say. */
export function fullJob(): JobRecord {
  return endedJob(7, {
    state: "failed",
    label: 'Brief an „Zoë" 🚀 100 %_!\\.pdf',
    userId: "user'; DROP TABLE job_ended; --",
    plan: "premium",
    priority: 2,
    sizeBytes: 123_456_789_012,
    sizeCategory: "xxlarge",
    attempt: 3,
    maxAttempts: 3,
    stalls: 1,
    worker: "pdf-2",
    percent: 62.5,
    stage: "analyzing",
    readyAt: JOBS_START_AT + 7_050,
    error: "boom\nat line 2",
    result: '{"pages":[1,2,{"ok":true}]}',
    source: "bullmq",
    node: "shop/1",
    steps: [
      { at: JOBS_START_AT + 7_000, kind: "queued", attempt: 0, text: "" },
      { at: JOBS_START_AT + 7_100, kind: "started", attempt: 1, text: "worker pdf-2" },
    ],
    progress: [
      [50, 10],
      [250, 62.5],
    ],
    saidRun: { p10: 10, p50: 50.5, p90: 90, confidence: 73, samples: 12, samplesWanted: 30, prior: false },
    saidWait: [1, 20, 300.25],
    more: {
      toldCreatedAt: true,
      cause: "stalled",
      phaseAt: JOBS_START_AT + 7_100,
      firstStartedAt: null,
      startGuessed: false,
      percentAt: JOBS_START_AT + 7_300,
      retries: 2,
      retryInMs: null,
    },
  });
}
