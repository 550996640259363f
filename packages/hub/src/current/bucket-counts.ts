import { bucketBound, MAX_INDEX, MIN_INDEX, SCALE } from "@wsight/protocol";
import type { BucketLog, LogEntry } from "./bucket-log.ts";

const BUCKETS = MAX_INDEX - MIN_INDEX + 1;
const PER_OCTAVE = 1 << SCALE;

/**
 * Seconds of distributions added up, from which seconds can be taken away
 * again. Holds only the octaves that were ever used: what is timed spans few.
 */
export class BucketCounts {
  /** Values, zeros included. */
  count = 0;
  sum = 0;
  #counts = new Uint32Array(0);
  /** Slot of the first of the counts; slot 0 is the bucket of `MIN_INDEX`. */
  #first = 0;
  #zeroCount = 0;
  /** Where the next varint is read. */
  #at = 0;
  readonly #entry: LogEntry = { bytes: new Uint8Array(0), start: 0, end: 0 };

  /** Adds (or takes away) one second of one log; returns its largest value, −Infinity when it recorded nothing. */
  take(log: BucketLog, second: number, sign: 1 | -1): number {
    const entry = this.#entry;
    if (!log.find(second, entry)) return -Infinity;
    const { bytes, start, end } = entry;
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, 16);
    this.#takeBuckets(bytes, start + 16, end, sign, false);
    this.#addSum(sign * view.getFloat64(0, true));
    return view.getFloat64(8, true);
  }

  /** The same of what `Histogram.encode` wrote. */
  takeForm(bytes: Uint8Array, sign: 1 | -1): number {
    let at = 0;
    while ((bytes[at] as number) >= 0x80) at++;
    if (bytes.length < at + 27) return -Infinity;
    const view = new DataView(bytes.buffer, bytes.byteOffset + at + 1, 24);
    this.#takeBuckets(bytes, at + 25, bytes.length, sign, true);
    this.#addSum(sign * view.getFloat64(0, true));
    return view.getFloat64(16, true);
  }

  /** Forgets everything. */
  clear(): void {
    this.count = this.sum = this.#zeroCount = 0;
    this.#counts.fill(0);
  }

  /** Lower bound of the lowest bucket that holds something, 0 for zeros; NaN while empty. */
  lowest(): number {
    if (this.count === 0) return Number.NaN;
    if (this.#zeroCount > 0) return 0;
    const place = this.#counts.findIndex((count) => count > 0);
    return place < 0 ? Number.NaN : bucketBound(MIN_INDEX + this.#first + place);
  }

  /** Nearest-rank quantile within 1.1 %, at most what `of.max` says; NaN while empty. */
  quantile(q: number, of: { max(): number }): number {
    if (this.count === 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count - 1e-9));
    if (rank <= this.#zeroCount) return 0;
    const counts = this.#counts;
    // High ranks are near the end.
    let above = this.count - rank;
    let i = counts.length - 1;
    for (; i >= 0; i--) {
      above -= counts[i] as number;
      if (above < 0) break;
    }
    const low = bucketBound(MIN_INDEX + this.#first + i);
    const high = bucketBound(MIN_INDEX + this.#first + i + 1);
    const middle = (2 * low * high) / (low + high);
    // Where a higher bucket holds something, the largest value is beyond this one.
    const isHighest = above + (counts[i] as number) === this.count - rank;
    return isHighest ? Math.min(middle, of.max()) : middle;
  }

  /** Values within `(2^(octave−1), 2^octave]`. */
  octave(octave: number): number {
    let count = 0;
    const first = (octave - 1) * PER_OCTAVE - MIN_INDEX - this.#first;
    for (let i = Math.max(0, first); i < first + PER_OCTAVE && i < this.#counts.length; i++) {
      count += this.#counts[i] as number;
    }
    return count;
  }

  /** Varints: zero count, then (number of buckets, when that is told, and) gap and count of each bucket in turns. */
  #takeBuckets(bytes: Uint8Array, start: number, end: number, sign: 1 | -1, toldBuckets: boolean): void {
    this.#at = start;
    const zeros = this.#varint(bytes);
    if (toldBuckets) this.#varint(bytes);
    let slot = -1;
    let total = zeros;
    let at = this.#at;
    while (at < end) {
      // Nearly all of them are one byte long.
      let gap = bytes[at++] as number;
      if (gap >= 0x80) {
        this.#at = at - 1;
        gap = this.#varint(bytes);
        at = this.#at;
      }
      let value = bytes[at++] as number;
      if (value >= 0x80) {
        this.#at = at - 1;
        value = this.#varint(bytes);
        at = this.#at;
      }
      slot += gap + 1;
      total += value;
      if (slot < this.#first || slot >= this.#first + this.#counts.length) this.#reach(slot);
      const place = slot - this.#first;
      this.#counts[place] = (this.#counts[place] as number) + sign * value;
    }
    this.#zeroCount += sign * zeros;
    this.count += sign * total;
  }

  #varint(bytes: Uint8Array): number {
    let value = 0;
    let scale = 1;
    let byte = 0;
    do {
      byte = bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80);
    return value;
  }

  /** What is left of sums of fractions once all of them are gone is noise. */
  #addSum(sum: number): void {
    this.sum = this.count === 0 ? 0 : this.sum + sum;
  }

  /** Makes room for a slot, by whole octaves. */
  #reach(slot: number): void {
    const octave = slot - (slot % PER_OCTAVE);
    const empty = this.#counts.length === 0;
    const first = empty ? octave : Math.min(this.#first, octave);
    const end = Math.min(
      BUCKETS,
      empty ? octave + PER_OCTAVE : Math.max(this.#first + this.#counts.length, octave + PER_OCTAVE),
    );
    const counts = new Uint32Array(end - first);
    counts.set(this.#counts, empty ? 0 : this.#first - first);
    this.#counts = counts;
    this.#first = first;
  }
}
