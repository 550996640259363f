import { bucketBound, MAX_INDEX, MIN_INDEX, SCALE } from "@wsight/protocol";

const BUCKETS = MAX_INDEX - MIN_INDEX + 1;
const PER_OCTAVE = 1 << SCALE;
/** Sum, least and largest value. */
const TOTALS_BYTES = 24;

/**
 * Distributions put together from their kept form, without an object for each.
 * Counts are exact up to 2^53.
 */
export class BucketSum {
  /** Values, zeros included. */
  count = 0;
  sum = 0;
  /** `Infinity` while empty. */
  min: number = Infinity;
  /** `-Infinity` while empty. */
  max: number = -Infinity;
  /** Values that were zero or negative. */
  zeroCount = 0;
  readonly #counts = new Float64Array(BUCKETS);
  /** Buckets of the form that is being read: slot and count in turns. */
  readonly #read = new Float64Array(2 * BUCKETS);
  #lowest = BUCKETS;
  #highest = -1;

  /** Adds what `Histogram.encode` wrote; false, and nothing added, when it is not such a form. */
  add(bytes: Uint8Array): boolean {
    if (bytes.length < 2 + TOTALS_BYTES) return bytes.length === 1 && bytes[0] === 0;
    const read = this.#read;
    let at = 0;
    let field = 0;
    let count = 0;
    let zeroCount = 0;
    let used = 0;
    let total = 0;
    let slot = -1;
    let filled = 0;
    let totalsAt = 0;
    // Varints: count, then sum, min and max as they are, zero count, buckets used, then gap and count of each.
    while (at < bytes.length) {
      let value = 0;
      let scale = 1;
      let byte = 0;
      do {
        byte = bytes[at++] as number;
        value += (byte & 0x7f) * scale;
        scale *= 128;
      } while (byte >= 0x80 && at < bytes.length);
      if (byte >= 0x80) return false;
      if (field === 0) {
        count = value;
        totalsAt = at;
        at += TOTALS_BYTES;
      } else if (field === 1) zeroCount = total = value;
      else if (field === 2) used = value;
      else if (field % 2 === 1) {
        slot += value + 1;
        if (slot >= BUCKETS) return false;
        read[filled++] = slot;
      } else {
        read[filled++] = value;
        total += value;
      }
      field++;
    }
    if (total !== count || filled !== 2 * used || field < 3) return false;
    this.#take(bytes, totalsAt, filled, count, zeroCount);
    return true;
  }

  /** Adds all of another. */
  addAll(other: BucketSum): void {
    if (other.count === 0) return;
    const counts = this.#counts;
    const more = other.#counts;
    for (let i = other.#lowest; i <= other.#highest; i++) counts[i] = (counts[i] as number) + (more[i] as number);
    this.#widen(other.#lowest, other.#highest);
    this.count += other.count;
    this.sum += other.sum;
    this.zeroCount += other.zeroCount;
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
  }

  /** Forgets everything. */
  clear(): void {
    if (this.#highest >= this.#lowest) this.#counts.fill(0, this.#lowest, this.#highest + 1);
    this.#lowest = BUCKETS;
    this.#highest = -1;
    this.count = this.sum = this.zeroCount = 0;
    this.min = Infinity;
    this.max = -Infinity;
  }

  /** Nearest-rank quantile as `Histogram.quantile` gives it, within 1.1 %; NaN while empty. */
  quantile(q: number): number {
    if (this.count <= 0) return Number.NaN;
    const rank = Math.max(1, Math.ceil(q * this.count - 1e-9));
    let seen = this.zeroCount;
    if (rank <= seen) return Math.min(0, this.max);
    let slot = this.#lowest;
    for (; slot <= this.#highest; slot++) {
      seen += this.#counts[slot] as number;
      if (seen >= rank) break;
    }
    const low = bucketBound(MIN_INDEX + slot);
    const high = bucketBound(MIN_INDEX + slot + 1);
    return Math.min(this.max, Math.max(this.min, (2 * low * high) / (low + high)));
  }

  /** Values within `(2^(octave−1), 2^octave]`, by the kept buckets. */
  octave(octave: number): number {
    const first = (octave - 1) * PER_OCTAVE - MIN_INDEX;
    return this.countOf(first, first + PER_OCTAVE);
  }

  /** Values in the slots from `first` up to and without `end`; slot 0 is the bucket of `MIN_INDEX`. */
  countOf(first: number, end: number): number {
    let count = 0;
    const last = Math.min(end - 1, this.#highest);
    for (let i = Math.max(first, this.#lowest); i <= last; i++) count += this.#counts[i] as number;
    return count;
  }

  /** Lowest slot that holds something; larger than {@link highest} for none. */
  get lowest(): number {
    return this.#lowest;
  }

  /** Highest slot that holds something; −1 for none. */
  get highest(): number {
    return this.#highest;
  }

  #take(bytes: Uint8Array, totalsAt: number, filled: number, count: number, zeroCount: number): void {
    const counts = this.#counts;
    const read = this.#read;
    for (let i = 0; i < filled; i += 2) {
      const slot = read[i] as number;
      counts[slot] = (counts[slot] as number) + (read[i + 1] as number);
    }
    if (filled > 0) this.#widen(read[0] as number, read[filled - 2] as number);
    const view = new DataView(bytes.buffer, bytes.byteOffset + totalsAt, TOTALS_BYTES);
    this.count += count;
    this.sum += view.getFloat64(0, true);
    this.min = Math.min(this.min, view.getFloat64(8, true));
    this.max = Math.max(this.max, view.getFloat64(16, true));
    this.zeroCount += zeroCount;
  }

  #widen(lowest: number, highest: number): void {
    if (lowest < this.#lowest) this.#lowest = lowest;
    if (highest > this.#highest) this.#highest = highest;
  }
}
