import type { DurationEstimate } from "@wsight/protocol";
import type { RunEstimate } from "../estimate/estimator.ts";
import { PRIOR_SPREAD } from "../estimate/prior.ts";

/** Failed tries whose times are held, and tries that their share is taken of, newest first. */
const HELD = 16;
/** So many tries are taken to have ended well before the first. */
const WELL_AT_FIRST = 2;
/** Kinds of jobs; the one that is heard of least lately gives way. */
const MAX_NAMES = 64;

/** Tries of one kind of job. */
class Tries {
  /** That did not end well, 0–1. */
  share = 0;
  readonly times: number[] = [];
  #count = WELL_AT_FIRST;

  note(failedMs: number | null): void {
    this.#count = Math.min(HELD, this.#count + 1);
    this.share += ((failedMs === null ? 0 : 1) - this.share) / this.#count;
    if (failedMs === null) return;
    this.times.push(failedMs);
    if (this.times.length > HELD) this.times.shift();
  }
}

/**
 * How long tries take that do not end well, and how many of a queue's do. Nothing is said of a job's own run by them,
 * but they free a worker like any other: whoever waits, waits for them, too.
 */
export class FailedTries {
  readonly #all = new Tries();
  #hasEndedWell = false;
  readonly #byName = new Map<string, Tries>();

  /** A try ended: well (`null`), or not, and took so long. */
  note(name: string, failedMs: number | null): void {
    if (failedMs === null) this.#hasEndedWell = true;
    this.#all.note(failedMs);
    const known = this.#byName.get(name);
    const tries = known ?? new Tries();
    this.#byName.delete(name);
    this.#byName.set(name, tries);
    tries.note(failedMs);
    const [oldest] = this.#byName.keys();
    if (this.#byName.size > MAX_NAMES && oldest !== undefined) this.#byName.delete(oldest);
  }

  /** How long a job is expected to keep a worker, whether its try ends well or not. `name` is `null` for any. */
  occupied(name: string | null, run: RunEstimate): DurationEstimate {
    const { share, times } = this.#of(name);
    if (times.length === 0) return run;
    // Where nothing has ended well, what is said of a run is a guess, and this was seen.
    return mixed(run, spanOf(times), run.prior && !this.#hasEndedWell ? 1 : share);
  }

  /** What is left of a run until its worker is free: `left` if it ends well. */
  left(name: string, left: DurationEstimate, elapsedMs: number): DurationEstimate {
    const { share, times } = this.#of(name);
    const longer = times.filter((ms) => ms > elapsedMs).map((ms) => ms - elapsedMs);
    if (longer.length === 0) return left;
    const failing = (share * longer.length) / times.length;
    return mixed(left, spanOf(longer), failing / (failing + 1 - share));
  }

  #of(name: string | null): Tries {
    return (name === null ? undefined : this.#byName.get(name)) ?? this.#all;
  }
}

function mixed(well: DurationEstimate, failing: DurationEstimate, share: number): DurationEstimate {
  const between = (from: number, to: number): number => from + share * (to - from);
  return {
    p10: between(well.p10, failing.p10),
    p50: between(well.p50, failing.p50),
    p90: between(well.p90, failing.p90),
  };
}

/** A few are not taken at their word. */
function spanOf(times: readonly number[]): DurationEstimate {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? 0;
  const doubt = PRIOR_SPREAD ** (1 / (1 + (sorted.length / WELL_AT_FIRST) ** 2));
  return { p10: at(0.1) / doubt, p50: at(0.5), p90: at(0.9) * doubt };
}
