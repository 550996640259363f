// Waits in a queue that a log's runs are put through: first come first served,
// c workers, arrivals without memory (Poisson) so many that they are busy for
// the share ρ. The estimator learns on the way, from those alone that ended.

import { simulateWait } from "@wsight/hub";
import { featuresOf } from "./replay.mjs";

export const QUEUES = [
  { workers: 2, busy: 0.8 },
  { workers: 4, busy: 0.9 },
  { workers: 8, busy: 0.95 },
];
const MOST_JOBS = 6000;
const COUNTED_FROM = 500;
const LISTED = 200;
const NEWEST = 50;

/** Waits, and what was said of them. */
export function waitsOf(log, estimator, { workers, busy }) {
  const jobs = log.filter(({ ok }) => ok).slice(0, MOST_JOBS);
  const meanMs = jobs.reduce((sum, { runMs }) => sum + runMs, 0) / jobs.length;
  const unit = seeded(1);
  const queue = createQueue(estimator, workers);
  let at = 0;
  for (const job of jobs) {
    at -= (Math.log(1 - unit()) * meanMs) / (workers * busy);
    queue.add(job, at);
  }
  queue.runUntil(Number.POSITIVE_INFINITY);
  return queue.waits;
}

function createQueue(estimator, workers) {
  const active = [];
  const waiting = [];
  const newest = [];
  const waits = [];
  let done = 0;

  const start = (entry, at) => {
    active.push({ ...entry, startedAt: at, end: at + entry.job.runMs });
    active.sort((a, b) => a.end - b.end);
    if (entry.wait) waits.push({ waitMs: at - entry.at, ...entry.wait });
  };
  const end = ({ job, said, end: endedAt }) => {
    estimator.learn(featuresOf(job), { job: "", runMs: job.runMs, endedAt, said, progress: [] });
    done += 1;
    newest.push(job.runMs);
    if (newest.length > NEWEST) newest.shift();
    const next = waiting.shift();
    if (next) start(next, endedAt);
  };
  const outlook = (at) => ({
    workers,
    running: active.map(({ job, said, startedAt }) =>
      estimator.remaining(featuresOf(job), said, { elapsedMs: at - startedAt, percent: null, stuckForMs: null }),
    ),
    ahead: waiting.slice(0, LISTED).map(({ said }) => said),
    more: Math.max(0, waiting.length - LISTED),
    notBeforeMs: 0,
  });
  const waitOf = (at) => {
    const meanMs = newest.reduce((sum, each) => sum + each, 0) / newest.length;
    const position = active.length < workers ? 0 : waiting.length + 1;
    return { ...simulateWait(outlook(at)), byPosition: position * meanMs, byWorkers: (position * meanMs) / workers };
  };

  return {
    waits,
    runUntil(at) {
      while (active.length > 0 && active[0].end <= at) end(active.shift());
    },
    add(job, at) {
      this.runUntil(at);
      const said = estimator.predict(featuresOf(job));
      const entry = { job, at, said, wait: done >= COUNTED_FROM ? waitOf(at) : null };
      if (active.length < workers) start(entry, at);
      else waiting.push(entry);
    },
  };
}

function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
