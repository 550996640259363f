import { bucketBound, MAX_INDEX, MIN_INDEX, SCALE } from "@wsight/protocol";
import type { BucketLog, LogEntry } from "./bucket-log.ts";

const BUCKETS = MAX_INDEX - MIN_INDEX + 1;
const PER_OCTAVE = 1 << SCALE;

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
  /** Observations within the window. */
  count = 0;
  /** Their sum. */
  sum = 0;
  /** Seconds of single distributions that were read to get here: what it has cost. */
  entriesRead = 0;
  readonly #seconds: number;
  readonly #buckets = new Uint32Array(BUCKETS);
  readonly #maxima: Float64Array;
  readonly #entry: LogEntry = { bytes: new Uint8Array(0), start: 0, end: 0 };
  #zeroCount = 0;
  #second = -1;
  #version = -1;

  constructor(seconds: number) {
    this.#seconds = seconds;
    this.#maxima = new Float64Array(seconds).fill(-Infinity);
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
    if (this.count === 0) this.sum = 0;
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
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count - 1e-9));
    let seen = this.#zeroCount;
    if (rank <= seen) return 0;
    for (let i = 0; i < BUCKETS; i++) {
      seen += this.#buckets[i] as number;
      if (seen < rank) continue;
      const low = bucketBound(MIN_INDEX + i);
      const high = bucketBound(MIN_INDEX + i + 1);
      return Math.min((2 * low * high) / (low + high), this.max());
    }
    return this.max();
  }

  /** Observations within `(2^(octave−1), 2^octave]`. */
  octave(octave: number): number {
    let count = 0;
    const first = (octave - 1) * PER_OCTAVE - MIN_INDEX;
    for (let i = Math.max(0, first); i < first + PER_OCTAVE && i < BUCKETS; i++) count += this.#buckets[i] as number;
    return count;
  }

  #rebuild(set: LogSet, second: number): void {
    this.count = this.sum = this.#zeroCount = 0;
    this.#buckets.fill(0);
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

  /** Adds (or takes away) one second of one log; returns its largest value. */
  #take(log: BucketLog, second: number, sign: 1 | -1): number {
    const entry = this.#entry;
    if (!log.find(second, entry)) return -Infinity;
    this.entriesRead++;
    const { bytes, end } = entry;
    const view = new DataView(bytes.buffer, bytes.byteOffset + entry.start, 16);
    this.sum += sign * view.getFloat64(0, true);
    let at = entry.start + 16;
    let slot = -1;
    let total = 0;
    // Varints alternate: zero count, then gap and count of each bucket.
    for (let field = 0; at < end; field++) {
      let value = 0;
      let scale = 1;
      let byte = 0;
      do {
        byte = bytes[at++] as number;
        value += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte >= 0x80);
      if (field === 0) this.#zeroCount += sign * value;
      else if (field % 2 === 1) {
        slot += value + 1;
        continue;
      } else this.#buckets[slot] = (this.#buckets[slot] as number) + sign * value;
      total += value;
    }
    this.count += sign * total;
    return view.getFloat64(8, true);
  }
}
