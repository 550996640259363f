import { BucketCounts } from "./bucket-counts.ts";
import type { BucketLog } from "./bucket-log.ts";
import type { WindowDistribution } from "./window-view.ts";

/** What a second of a distribution costs to read, in looks for one. */
const READ_COST = 8;

/** Looks for seconds of single distributions that may be done within a second: a millisecond or so. */
const READS_A_SECOND = 40_000;

/**
 * What windows that are read together may do in one second. Twice as much
 * after each second in which it did not suffice, so that all of them get there.
 */
export class ReadAllowance {
  left: number = READS_A_SECOND;
  #second = -1;
  #short = 0;

  /** Begins with a second, unless that was done. */
  begin(second: number): void {
    if (second === this.#second) return;
    this.#short = this.left <= 0 ? Math.min(8, this.#short + 1) : 0;
    this.#second = second;
    this.left = READS_A_SECOND * 2 ** this.#short;
  }
}

/**
 * The merged distribution of a group over a trailing window that slides. It
 * differs from `BucketWindow` in two ways. It is read in by parts,
 * so that no second takes long; and a distribution that is
 * new to the group is added alone, so that one new event name does not make
 * those of all others be read again.
 */
export class PacedWindow implements WindowDistribution {
  readonly #seconds: number;
  readonly #counts = new BucketCounts();
  readonly #maxima: Float64Array;
  #logs: readonly BucketLog[] = [];
  /** First second that was ever added, and the newest. */
  #start = 0;
  #second = -1;

  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#maxima = new Float64Array(seconds).fill(-Infinity);
  }

  get count(): number {
    return this.#counts.count;
  }

  get sum(): number {
    return this.#counts.sum;
  }

  min(): number {
    return Math.min(this.#counts.lowest(), this.max());
  }

  max(): number {
    if (this.count === 0) return Number.NaN;
    let max = -Infinity;
    for (const value of this.#maxima) if (value > max) max = value;
    return max;
  }

  quantile(q: number): number {
    return this.#counts.quantile(q, this);
  }

  /** Moves towards the window that ends with `second`; true when it is there. `logs` must be another array when others belong to it. */
  moveTo(logs: readonly BucketLog[], second: number, allowance: ReadAllowance): boolean {
    if (this.#second < 0 || second < this.#second || second - this.#second >= this.#seconds)
      this.#restart(logs, second);
    else if (logs !== this.#logs) this.#regroup(logs, second);
    while (this.#second < second) {
      if (allowance.left <= 0) return false;
      this.#step(allowance);
    }
    return true;
  }

  #restart(logs: readonly BucketLog[], second: number): void {
    this.#counts.clear();
    this.#maxima.fill(-Infinity);
    this.#logs = logs;
    this.#second = second - this.#seconds;
    this.#start = this.#second + 1;
  }

  /** Takes in what the new logs recorded; those that left did so after their last second had left the window. */
  #regroup(logs: readonly BucketLog[], second: number): void {
    const before = new Set(this.#logs);
    const after = new Set(logs);
    if (this.#logs.some((log) => log.cleared && !after.has(log))) {
      this.#restart(logs, second);
      return;
    }
    for (const log of logs) {
      if (before.has(log)) continue;
      for (let s = Math.max(this.#start, this.#second - this.#seconds + 1); s <= this.#second; s++) this.#add(log, s);
    }
    this.#logs = logs;
  }

  #step(allowance: ReadAllowance): void {
    const next = this.#second + 1;
    const expired = next - this.#seconds;
    this.#maxima[next % this.#seconds] = -Infinity;
    for (const log of this.#logs) {
      allowance.left--;
      if (expired >= this.#start && this.#counts.take(log, expired, -1) > -Infinity) allowance.left -= READ_COST;
      if (this.#add(log, next)) allowance.left -= READ_COST;
    }
    this.#second = next;
  }

  #add(log: BucketLog, second: number): boolean {
    const max = this.#counts.take(log, second, 1);
    const place = second % this.#seconds;
    if (max > (this.#maxima[place] as number)) this.#maxima[place] = max;
    return max > -Infinity;
  }
}
