import type { JobRow } from "@wsight/protocol";
import { about } from "./eta.ts";

/** What of a queue moves estimates. */
export interface QueueThen {
  readonly workers: number | null;
  readonly paused: boolean;
}

/** A job and its queue at one moment. */
export interface EtaMoment {
  readonly job: JobRow;
  /** `null` while nothing is known of it. */
  readonly queue: QueueThen | null;
}

/** An expected end that moved, and why. */
export interface EtaShift {
  /** ms; below zero: sooner. */
  readonly byMs: number;
  /** For people: `12 s sooner: documents moved to 2 workers`. */
  readonly text: string;
}

/** Smaller moves than this are no news: of what was left, and ms. */
const LEAST_SHARE = 0.15;
const LEAST_MS = 2000;
/** Progress ahead of or behind what the time that passed stands for, points of 100. */
const PACE_POINTS = 5;

/** Why the expected end of a job moved since an earlier moment; `null` while it has not, by much. */
export function etaShift(before: EtaMoment, after: EtaMoment): EtaShift | null {
  const [said, says] = [before.job.estimate, after.job.estimate];
  if (said === null || says === null) return null;
  const byMs = says.finishAt - said.finishAt;
  if (Math.abs(byMs) < Math.max(LEAST_MS, said.remaining.p50 * LEAST_SHARE)) return null;
  const sooner = byMs < 0;
  const reason = REASONS.map((read) => read(before, after, sooner)).find((text) => text !== null);
  return {
    byMs,
    text: `${about(Math.abs(byMs))} ${sooner ? "sooner" : "later"}: ${reason ?? "what is known of such jobs changed"}`,
  };
}

type Reason = (before: EtaMoment, after: EtaMoment, sooner: boolean) => string | null;

/** The most telling first. */
const REASONS: readonly Reason[] = [
  ({ job: then }, { job: now }) =>
    now.attempt > then.attempt && then.attempt > 0
      ? `it is tried again, try ${now.attempt} of ${now.maxAttempts}`
      : null,
  ({ job: then }, { job: now }) => (now.stalls > then.stalls ? "its worker lost it, and it waits again" : null),
  ({ queue: then }, { job, queue: now }) =>
    then === null || now === null || then.paused === now.paused
      ? null
      : `${job.queue} ${now.paused ? "was paused" : "goes on"}`,
  ({ queue: then }, { job, queue: now }, sooner) => {
    const [had, has] = [then?.workers ?? null, now?.workers ?? null];
    if (had === null || has === null || had === has || has > had !== sooner) return null;
    return `${job.queue} moved to ${has} ${has === 1 ? "worker" : "workers"}, from ${had}`;
  },
  ({ job: then }, { job: now }, sooner) =>
    then.startedAt === null && now.startedAt !== null ? `it began ${sooner ? "sooner" : "later"} than expected` : null,
  ({ job: then }, { job: now }, sooner) => {
    if (then.position === null || now.position === null) return null;
    const moved = now.position - then.position;
    if (sooner) return moved < 0 ? `it is number ${now.position} in line, from ${then.position}` : null;
    return moved > 0 ? `${moved} ${moved === 1 ? "job" : "jobs"} went before it` : null;
  },
  ({ job: then }, { job: now }, sooner) => {
    if (now.startedAt === null || now.percent === null || then.percent === null) return null;
    const left = (then.estimate?.remaining.p50 ?? 0) / Math.max(1, 100 - then.percent);
    const expected = left === 0 ? 0 : (now.changedAt - then.changedAt) / left;
    const gained = now.percent - then.percent;
    if (sooner)
      return gained > expected + PACE_POINTS ? `it goes on faster than such jobs do, now at ${now.percent} %` : null;
    return gained < expected ? `it goes on slower than such jobs do, at ${now.percent} %` : null;
  },
  ({ job: then }, { job: now }, sooner) =>
    !sooner && now.startedAt !== null && now.startedAt === then.startedAt
      ? "it already takes longer than such jobs do"
      : null,
  ({ job: then }, { job: now }, sooner) => {
    const more = (now.estimate?.samples ?? 0) - (then.estimate?.samples ?? 0);
    if (more <= 0) return null;
    return `${more} more such ${more === 1 ? "job" : "jobs"} ended, ${sooner ? "faster" : "slower"} than expected`;
  },
];
