// A log is played as it happened: an estimate is made when a job is submitted
// and knows of those alone that had ended by then. Failed jobs are estimated by
// nobody and learned from by nobody.

import { lastTwoOfUser, runningMean, staticTable } from "./baselines.mjs";

/** Jobs from which on estimates count, and those that count as a cold start. */
const COUNTED_FROM = 500;
const COLD = [20, 320];
/** Of what was said, how long a run goes on already when its rest is asked for. */
export const REST_AT = [0.5, 1, 1.5, 2];

/** Features of a job as the estimator takes them. */
export function featuresOf(job) {
  return {
    queue: "log",
    name: job.name,
    sizeBytes: job.size,
    sizeCategory: null,
    plan: null,
    userId: job.user,
    load: null,
  };
}

/** Calls `submit` and `end` in the order of time. */
function play(jobs, { submit, end }) {
  const ends = jobs.toSorted((a, b) => a.end - b.end);
  let next = 0;
  for (const job of jobs) {
    for (; next < ends.length && ends[next].end <= job.at; next++) end(ends[next]);
    submit(job);
  }
  for (; next < ends.length; next++) end(ends[next]);
}

/** Errors by estimator, of all that count and of the cold start; rests of runs under way. */
export function replay(jobs, estimator) {
  const peers = {
    "static table": staticTable(),
    "last two of the user": lastTwoOfUser(),
    "running mean": runningMean(),
  };
  const wsight = wsightAs(estimator);
  const all = { wsight, ...peers };
  const counted = Object.fromEntries(Object.keys(all).map((name) => [name, []]));
  const cold = Object.fromEntries(Object.keys(all).map((name) => [name, []]));
  const rests = new Map(REST_AT.map((at) => [at, []]));
  let done = 0;
  play(jobs, {
    submit(job) {
      if (!job.ok) return;
      for (const [name, { predict }] of Object.entries(all)) {
        const said = predict(job);
        if (said === null) continue;
        if (done >= COUNTED_FROM) counted[name].push({ runMs: job.runMs, ...said });
        if (done >= COLD[0] && done < COLD[1]) cold[name].push({ runMs: job.runMs, ...said });
      }
    },
    end(job) {
      if (!job.ok) return;
      if (done >= COUNTED_FROM) for (const at of REST_AT) rests.get(at).push(...wsight.rest(job, at));
      done += 1;
      for (const { learn } of Object.values(all)) learn(job);
    },
  });
  return { counted, cold, rests };
}

function wsightAs(estimator) {
  const said = new Map();
  return {
    predict(job) {
      const estimate = estimator.predict(featuresOf(job));
      said.set(job, estimate);
      return estimate;
    },
    learn(job) {
      const outcome = { job: "", runMs: job.runMs, endedAt: job.end, said: said.get(job) ?? null, progress: [] };
      estimator.learn(featuresOf(job), outcome);
      said.delete(job);
    },
    /** What was said of the rest of a run that goes on at a multiple of its estimate; nothing when it had ended. */
    rest(job, at) {
      const first = said.get(job);
      if (first === undefined) return [];
      const elapsedMs = at * first.p50;
      if (job.runMs <= elapsedMs) return [];
      const rest = estimator.remaining(featuresOf(job), first, { elapsedMs, percent: null, stuckForMs: null });
      return [{ leftMs: job.runMs - elapsedMs, naive: Math.max(0, first.p50 - elapsedMs), ...rest }];
    },
  };
}

/** CPU of learning and predicting, µs a job, in blocks; nothing else happens. */
export function timeOf(jobs, estimator) {
  const good = jobs.filter(({ ok }) => ok);
  const blocks = [];
  for (let from = 0; from + 500 <= good.length; from += 500) {
    const before = process.cpuUsage();
    for (const job of good.slice(from, from + 500)) {
      const features = featuresOf(job);
      const said = estimator.predict(features);
      estimator.learn(features, { job: "", runMs: job.runMs, endedAt: job.end, said, progress: [] });
    }
    const { user, system } = process.cpuUsage(before);
    blocks.push((user + system) / 500);
  }
  return blocks.sort((a, b) => a - b);
}
