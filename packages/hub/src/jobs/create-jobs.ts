import type { HistoryEvent, JobAction, JobDetail, JobEstimate, JobPage, JobRow } from "@wsight/protocol";
import type { Clock } from "../clock.ts";
import { createEstimator } from "./estimate/create-estimator.ts";
import type { JobMeter } from "./job-meter.ts";
import type { Jobs, JobTotals, RestoredJob } from "./jobs.ts";
import type { JobLedger, JobRecord } from "./ledger/ledger.ts";
import { createSampledEvents } from "./sampled-events.ts";
import { answerTest } from "./tracker/answer-test.ts";
import { EventGate } from "./tracker/event-gate.ts";
import { toEstimate } from "./tracker/forecast.ts";
import { JobKeeping } from "./tracker/job-keeping.ts";
import { JobListeners } from "./tracker/job-listeners.ts";
import { toLife, toRecord } from "./tracker/job-records.ts";
import { RowCache, rowOfLife, toRow } from "./tracker/job-rows.ts";
import { FEW, JobViews, type JobWindow } from "./tracker/job-views.ts";
import { toQueueRow } from "./tracker/queue-rows.ts";
import type { TrackedJob } from "./tracker/tracked-job.ts";
import { Tracker } from "./tracker/tracker.ts";

/** Most live jobs of one user that are told at once. */
const MAX_OF_USER = 100;

/** What jobs are tracked with. */
export interface JobsParts {
  readonly clock: Clock;
  readonly ledger: JobLedger;
  /** Told what is counted and timed. @default nobody */
  readonly meter?: JobMeter;
  /** Gets events of history: some of what happens, the rest is counted. @default nobody */
  readonly note?: (events: readonly HistoryEvent[]) => void;
  /** True for a process (`service/instance`) that is gone. @default none is */
  readonly isGone?: (node: string) => boolean;
  /** How loaded a process' machine is, 0–1; `null` when not known. @default it never is */
  readonly loadOf?: (node: string) => number | null;
  /** Most characters, roughly, that the past of all jobs may take in memory. @default 60,000,000 */
  readonly maxPast?: number;
  /** Told of what no caller waits for. Must not throw. */
  readonly onError: (error: unknown) => void;
}

/** Makes the part of a hub that knows of jobs: a tracker, what learns from it, and what keeps it. */
export function createJobs(parts: JobsParts): Jobs {
  const { clock, ledger, meter = null, note, isGone = () => false, loadOf = () => null, onError } = parts;
  const now = (): number => clock.now();
  const estimator = createEstimator();
  const sampled = createSampledEvents();
  let used = false;
  let dropped = 0;
  let closing: Promise<void> | null = null;
  const restoreListeners = new Set<(job: RestoredJob | null) => void>();

  const rowOf = (job: TrackedJob): JobRow => {
    tracker.say(job);
    return toRow(job, now(), tracker.forecast.estimateOf(job, now()));
  };
  const rows = new RowCache(rowOf);
  const listeners = new JobListeners({ now, toRow: rowOf, onError });
  const tracker: Tracker = new Tracker({
    estimator,
    meter,
    maxPast: parts.maxPast,
    now,
    isGone,
    loadOf,
    onChange(job, kind) {
      keeping.mark(job, kind === "progress");
      if (kind !== null) listeners.tell(job, kind);
    },
    onReuse: (job) => keeping.put(job),
  });
  const keeping: JobKeeping = new JobKeeping({
    ledger,
    toRecord: recordOf,
    takeNodes: (limit) => estimator.takeChanged(limit),
  });
  const views = new JobViews({
    queues: tracker.queues,
    ofUser: (userId) => tracker.ofUser(userId),
    forecast: tracker.forecast,
    version: () => tracker.version,
  });
  const gate = new EventGate({
    tracker,
    ledger,
    keeping,
    now,
    onBook(book) {
      used ||= book.jobs.length > 0;
      estimator.restore(book.nodes);
    },
    onRestored(job) {
      for (const hear of restoreListeners) hear(job);
    },
    onError,
  });
  if (note !== undefined) {
    listeners.add((change) => {
      const event = sampled.of(change, Math.floor(now()));
      if (event !== null) note([event]);
    });
  }
  void gate.load();

  /** What was lost on the disk is in memory still, as far as it is of use. */
  let beginnings = ledger.status().beginnings;
  function keepAnew(): void {
    const { beginnings: now } = ledger.status();
    if (now === beginnings) return;
    beginnings = now;
    for (const { jobs } of tracker.queues.values()) for (const job of jobs.values()) keeping.mark(job, false);
  }

  const pageOf = (matched: number, rows: readonly JobRow[]): JobPage => ({
    at: now(),
    known: tracker.known,
    matched,
    rows,
  });

  const pageOfWindow = ({ matched, jobs }: JobWindow): JobPage => {
    const version = matched > FEW ? null : tracker.version;
    return pageOf(
      matched,
      jobs.map((job) => rows.of(job, version, now())),
    );
  };

  return {
    get used() {
      return used;
    },
    take(events, source) {
      used ||= events.length > 0;
      return gate.take(events, source);
    },
    beat(beats, { node }) {
      used ||= beats.length > 0;
      for (const beat of beats) tracker.roster.beat(beat, node, now());
    },
    read(readings, source) {
      used ||= readings.length > 0;
      for (const reading of readings) tracker.read(reading, source);
    },
    lost(count) {
      dropped += count;
    },
    list(query) {
      return pageOfWindow(views.window(query, now()));
    },
    async listInTurns(query) {
      return pageOfWindow(await views.windowInTurns(query, now()));
    },
    async ended(query) {
      const { queue, states, userId, search, withoutLabels, endedFrom, endedBefore, offset, limit } = query;
      const ended = states.filter((state) => state === "completed" || state === "failed" || state === "removed");
      if (states.length > 0 && ended.length === 0) return pageOf(0, []);
      const when = { endedFrom, endedBefore };
      const found = await ledger.ended({ queue, states: ended, userId, search, withoutLabels, ...when, offset, limit });
      return pageOf(found.matched, found.jobs.map(rowOfRecord));
    },
    async find(queue, id) {
      const job = tracker.find(queue, id);
      if (job !== null) return detailOf(job);
      const record = await ledger.find(queue, id);
      return record === null ? null : detailOfRecord(record);
    },
    ofUser(userId, endedMs) {
      const own = [...tracker.ofUser(userId)];
      const live = own.filter(({ life }) => !life.ended).sort((a, b) => b.number - a.number);
      const ended = own
        .filter(({ life }) => life.endedAt !== null && life.ended && life.endedAt >= now() - endedMs)
        .sort((a, b) => (b.life.endedAt ?? 0) - (a.life.endedAt ?? 0));
      return [...live.slice(0, MAX_OF_USER), ...ended].map(rowOf);
    },
    liveIn: (queue) => tracker.queues.get(queue)?.live ?? 0,
    resultOf: (queue, id) => tracker.find(queue, id)?.life.result ?? null,
    queues() {
      const rows = [...tracker.queues.values()].map((queue) => toQueueRow(queue, tracker, now()));
      const { state, problem } = ledger.status();
      return {
        rows: rows.sort((a, b) => b.waiting + b.active - (a.waiting + a.active) || a.queue.localeCompare(b.queue)),
        leftOut: tracker.leftOut,
        known: tracker.known,
        evicted: tracker.evicted,
        dropped: dropped + gate.refused,
        ledger: { state, problem },
      };
    },
    workers: () => tracker.roster.table(now()),
    totals: () => totalsOf(tracker, now()),
    estimate: (test) => answerTest(test, tracker, estimator, now()),
    records: () => tracker.tally.scores.records(),
    listen: (hear) => listeners.add(hear),
    onRestored(hear) {
      restoreListeners.add(hear);
      return () => void restoreListeners.delete(hear);
    },
    observe(at) {
      tracker.observe(at);
      keepAnew();
      const leftOut = sampled.leftOut(at);
      if (leftOut !== null) note?.([leftOut]);
    },
    close() {
      closing ??= (async () => {
        gate.close();
        listeners.close();
        await keeping.close();
        await ledger.close();
      })();
      return closing;
    },
  };

  function recordOf(job: TrackedJob): JobRecord {
    tracker.say(job);
    return toRecord(job, now());
  }

  function detailOf(job: TrackedJob): JobDetail {
    const record = recordOf(job);
    return {
      ...rowOf(job),
      steps: record.steps,
      result: record.result,
      firstEstimate: firstEstimateOf(record),
      explanation: job.life.ended ? null : estimator.explain(tracker.forecast.featuresOf(job, now())),
      can: actionsOf(record),
    };
  }

  function detailOfRecord(record: JobRecord): JobDetail {
    const { steps, result } = record;
    const firstEstimate = firstEstimateOf(record);
    return { ...rowOfRecord(record), steps, result, firstEstimate, explanation: null, can: actionsOf(record) };
  }

  /** Queues that tell nothing of themselves can't be asked for anything. */
  function actionsOf({ queue, state }: JobRecord): readonly JobAction[] {
    if ((tracker.queues.get(queue)?.readingAt(now()) ?? null) === null) return [];
    if (state === "completed" || state === "failed") return ["retry", "remove"];
    if (state === "delayed") return ["promote", "remove"];
    return state === "waiting" ? ["remove"] : [];
  }
}

function rowOfRecord(record: JobRecord): JobRow {
  return rowOfLife(record.queue, record.id, record.state, toLife(record));
}

function firstEstimateOf({ saidRun, saidWait, queuedAt, changedAt }: JobRecord): JobEstimate | null {
  if (saidRun === null) return null;
  const [p10, p50, p90] = saidWait ?? [0, 0, 0];
  return toEstimate(saidRun, { p10, p50, p90 }, null, queuedAt ?? changedAt);
}

function totalsOf(tracker: Tracker, at: number): JobTotals {
  const queues = [...tracker.queues.values()];
  const rows = queues.map((queue) => toQueueRow(queue, tracker, at));
  const sum = (pick: (row: (typeof rows)[number]) => number): number => rows.reduce((all, row) => all + pick(row), 0);
  const runs = meanOf(queues.map((queue) => queue.runs.read(at)));
  const done = queues.reduce((all, queue) => all + queue.doneByMinute.sum(at), 0);
  const failed = queues.reduce((all, queue) => all + queue.failedByMinute.sum(at), 0);
  const workers = rows.flatMap((row) => (row.workers === null ? [] : [row.workers]));
  const { completed, failed: failedEver, retried, stalled } = tracker.tally.counts;
  return {
    queues: rows.length,
    waiting: sum(({ waiting }) => waiting),
    active: sum(({ active }) => active),
    delayed: sum(({ delayed }) => delayed),
    completed,
    failed: failedEver,
    retried,
    stalled,
    donePerMinute: sum(({ donePerMinute }) => donePerMinute),
    failedPerMinute: sum(({ failedPerMinute }) => failedPerMinute),
    workers: workers.length === 0 ? null : workers.reduce((all, one) => all + one, 0),
    meanRunMs: runs,
    meanWaitMs: meanOf(queues.map((queue) => queue.waits.read(at))),
    errorRate: done === 0 ? null : failed / done,
  };
}

function meanOf(parts: readonly { readonly count: number; readonly sum: number }[]): number | null {
  const count = parts.reduce((all, part) => all + part.count, 0);
  return count === 0 ? null : parts.reduce((all, part) => all + part.sum, 0) / count;
}
