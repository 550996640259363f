import { BucketCounts } from "./bucket-counts.ts";
import type { BucketLog } from "./bucket-log.ts";

/** Logs that are merged, and a number that changes when they do. */
export interface LogSet {
  readonly version: number;
  readonly logs: readonly BucketLog[];
}

/**
 * The merged distribution of many logs over a trailing window of seconds. It
 * slides: a step adds the new second and takes the expired one away, so its
 * cost does not depend on the length of the window.
 *
 * Not the protocol's `Histogram`, which can't forget and would have to be
 * built anew from every entry each second.
 */
export class BucketWindow {
  /** Seconds of single distributions that were read to get here: what it has cost. */
  entriesRead = 0;
  readonly #seconds: number;
  readonly #counts = new BucketCounts();
  readonly #maxima: Float64Array;
  #second = -1;
  #version = -1;

  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#maxima = new Float64Array(seconds).fill(-Infinity);
  }

  /** Observations within the window. */
  get count(): number {
    return this.#counts.count;
  }

  /** Their sum. */
  get sum(): number {
    return this.#counts.sum;
  }

  /** True when it can slide to `second`; else everything in it must be read anew. */
  slidesTo(set: LogSet, second: number): boolean {
    const steps = second - this.#second;
    return set.version === this.#version && steps >= 0 && steps < this.#seconds && this.#second >= 0;
  }

  /** Moves to the window that ends with `second`. */
  moveTo(set: LogSet, second: number): void {
    if (!this.slidesTo(set, second)) {
      this.#rebuild(set, second);
      return;
    }
    for (let s = this.#second + 1; s <= second; s++) {
      for (const log of set.logs) this.#take(log, s - this.#seconds, -1);
      this.#add(set, s);
    }
    this.#second = second;
  }

  /** Mean within the window; NaN while it holds nothing. */
  mean(): number {
    return this.count > 0 ? this.sum / this.count : Number.NaN;
  }

  /** Largest value within the window, exact or to its bucket (2.2 %) when a larger one came before it; NaN while it holds nothing. */
  max(): number {
    if (this.count === 0) return Number.NaN;
    let max = -Infinity;
    for (const value of this.#maxima) if (value > max) max = value;
    return max;
  }

  /** Nearest-rank quantile within 1.1 %; NaN while the window holds nothing. */
  quantile(q: number): number {
    return this.#counts.quantile(q, this);
  }

  /** Observations within `(2^(octave−1), 2^octave]`. */
  octave(octave: number): number {
    return this.#counts.octave(octave);
  }

  #rebuild(set: LogSet, second: number): void {
    this.#counts.clear();
    this.#maxima.fill(-Infinity);
    for (let s = second - this.#seconds + 1; s <= second; s++) this.#add(set, s);
    this.#second = second;
    this.#version = set.version;
  }

  #add(set: LogSet, second: number): void {
    let max = -Infinity;
    for (const log of set.logs) max = Math.max(max, this.#take(log, second, 1));
    this.#maxima[second % this.#seconds] = max;
  }

  #take(log: BucketLog, second: number, sign: 1 | -1): number {
    const max = this.#counts.take(log, second, sign);
    if (max > -Infinity) this.entriesRead++;
    return max;
  }
}
