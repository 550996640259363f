import { ByteReader, ByteWriter } from "./bytes.ts";
import { WsightError } from "./errors.ts";

/**
 * Base-2 exponential histogram of scale 5: bucket `i` counts values in
 * `(2^(i/32), 2^((i+1)/32)]`. The same buckets as an OpenTelemetry exponential
 * histogram of scale 5 and a Prometheus native histogram of schema 5
 * (OpenTelemetry metrics data model, "ExponentialHistogram"), so exports lose
 * nothing and a merge is an addition.
 *
 * A quantile is answered as the harmonic midpoint of its bucket, which bounds
 * the relative error by (γ−1)/(γ+1) = 1.083 % for γ = 2^(1/32).
 */
export const SCALE = 5;
const PER_OCTAVE = 1 << SCALE;

/** Lowest octave kept: values at or below 2^-20 (0.95 µs as seconds) fall into the first bucket. */
const MIN_OCTAVE = -20;
/** Highest octave kept: values above 2^32 (4 GiB as bytes) fall into the last bucket. */
const MAX_OCTAVE = 32;
/** Index of the first bucket. */
export const MIN_INDEX: number = MIN_OCTAVE * PER_OCTAVE;
/** Index of the last bucket. */
export const MAX_INDEX: number = MAX_OCTAVE * PER_OCTAVE - 1;
const BUCKETS = MAX_INDEX - MIN_INDEX + 1;
/** Buckets a page of counts holds; pages are made when first hit, so an idle range costs nothing. */
const PAGE_BITS = 7;
const PAGE_SIZE = 1 << PAGE_BITS;
const PAGES = Math.ceil(BUCKETS / PAGE_SIZE);

const BOUNDS = Float64Array.from({ length: PER_OCTAVE + 1 }, (_, i) => 2 ** (i / PER_OCTAVE));
/** Mantissa's top 11 bits → the bucket that the start of that cell lies in; a cell spans at most one bound. */
const CELLS = Uint8Array.from({ length: 2048 }, (_, cell) => {
  const start = 1 + cell / 2048;
  let bucket = 0;
  while (bucket < PER_OCTAVE - 1 && (BOUNDS[bucket + 1] as number) <= start) bucket++;
  return bucket;
});
const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);

/** Index of the bucket that holds a positive finite `value`, clamped to the kept range. */
export function bucketIndex(value: number): number {
  scratch[0] = value;
  const high = words[1] as number;
  const exponent = ((high >>> 20) & 0x7ff) - 1023;
  if (exponent < MIN_OCTAVE) return MIN_INDEX;
  if (exponent >= MAX_OCTAVE) return MAX_INDEX;
  words[1] = (high & 0xfffff) | 0x3ff00000;
  const mantissa = scratch[0] as number;
  let bucket = CELLS[(high >>> 9) & 0x7ff] as number;
  if (mantissa > (BOUNDS[bucket + 1] as number)) bucket++;
  else if (mantissa === 1) bucket--;
  const index = exponent * PER_OCTAVE + bucket;
  return Math.max(index, MIN_INDEX);
}

/** Exclusive lower bound of bucket `index`; its upper bound is `bucketBound(index + 1)`. */
export function bucketBound(index: number): number {
  return 2 ** (index / PER_OCTAVE);
}

/** Octave `e` whose range `(2^(e-1), 2^e]` holds bucket `index`. */
export function bucketOctave(index: number): number {
  return Math.floor(index / PER_OCTAVE) + 1;
}

/** Counts of a distribution that can be added to others of its kind without loss. */
export class Histogram {
  /** Values recorded, weights included. */
  count = 0;
  /** Sum of the recorded values, weights included. */
  sum = 0;
  /** Smallest value recorded; `Infinity` while empty. */
  min: number = Infinity;
  /** Largest value recorded; `-Infinity` while empty. */
  max: number = -Infinity;
  /** Values that were zero or negative. */
  zeroCount = 0;
  readonly #pages: (Uint32Array | undefined)[] = new Array(PAGES).fill(undefined);

  /** Adds `value` `weight` times; NaN and infinities are ignored. */
  record(value: number, weight = 1): void {
    if (!(value - value === 0)) return;
    this.count += weight;
    this.sum += value * weight;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    if (value <= 0) this.zeroCount += weight;
    else this.#bump(bucketIndex(value), weight);
  }

  /** Adds all of `other` to this. */
  merge(other: Histogram): void {
    this.count += other.count;
    this.sum += other.sum;
    if (other.min < this.min) this.min = other.min;
    if (other.max > this.max) this.max = other.max;
    this.zeroCount += other.zeroCount;
    other.forEachBucket((index, count) => this.#bump(index, count));
  }

  /**
   * What was recorded since `earlier`, an older state of the same histogram.
   * `min` and `max` of the difference are known to bucket resolution only.
   */
  since(earlier: Histogram): Histogram {
    const delta = new Histogram();
    delta.count = this.count - earlier.count;
    delta.sum = this.sum - earlier.sum;
    delta.zeroCount = this.zeroCount - earlier.zeroCount;
    if (delta.zeroCount > 0) delta.min = delta.max = 0;
    this.forEachBucket((index, count) => {
      const added = count - earlier.countAt(index);
      if (added <= 0) return;
      delta.#bump(index, added);
      // Kept within what was seen: the outermost buckets also hold what lies beyond their bounds.
      delta.min = Math.min(delta.min, this.#clamp(bucketBound(index)));
      delta.max = this.#clamp(bucketBound(index + 1));
    });
    return delta;
  }

  /** An independent copy. */
  clone(): Histogram {
    const copy = new Histogram();
    copy.merge(this);
    return copy;
  }

  /** Forgets everything. */
  reset(): void {
    this.count = this.sum = this.zeroCount = 0;
    this.min = Infinity;
    this.max = -Infinity;
    this.#pages.fill(undefined);
  }

  /** Count of bucket `index`. */
  countAt(index: number): number {
    const slot = index - MIN_INDEX;
    return this.#pages[slot >> PAGE_BITS]?.[slot & (PAGE_SIZE - 1)] ?? 0;
  }

  /** Visits the buckets that hold something, lowest first. */
  forEachBucket(visit: (index: number, count: number) => void): void {
    for (let p = 0; p < PAGES; p++) {
      const page = this.#pages[p];
      if (page === undefined) continue;
      for (let i = 0; i < PAGE_SIZE; i++) {
        const count = page[i] as number;
        if (count > 0) visit(MIN_INDEX + (p << PAGE_BITS) + i, count);
      }
    }
  }

  /** Bytes its counts take. */
  memoryBytes(): number {
    let bytes = PAGES * 8;
    for (const page of this.#pages) bytes += page?.byteLength ?? 0;
    return bytes;
  }

  /** Arithmetic mean, or `null` while empty. */
  mean(): number | null {
    return this.count > 0 ? this.sum / this.count : null;
  }

  /**
   * Nearest-rank quantile within 1.1 % of the exact value, or `null` while empty.
   * @param q from 0 to 1
   */
  quantile(q: number): number | null {
    if (this.count <= 0) return null;
    const rank = Math.max(1, Math.ceil(q * this.count - 1e-9));
    if (rank <= this.zeroCount) return Math.min(0, this.max);
    let seen = this.zeroCount;
    let answer = this.max;
    let found = false;
    this.forEachBucket((index, count) => {
      if (found) return;
      seen += count;
      if (seen < rank) return;
      found = true;
      const low = bucketBound(index);
      const high = bucketBound(index + 1);
      answer = (2 * low * high) / (low + high);
    });
    return Math.min(this.max, Math.max(this.min, answer));
  }

  /** Appends the sparse varint form: totals, then runs of (index gap, count). */
  write(writer: ByteWriter): void {
    writer.varint(this.count);
    if (this.count === 0) return;
    writer.f64(this.sum);
    writer.f64(this.min);
    writer.f64(this.max);
    writer.varint(this.zeroCount);
    let used = 0;
    this.forEachBucket(() => {
      used++;
    });
    writer.varint(used);
    let previous = MIN_INDEX - 1;
    this.forEachBucket((index, count) => {
      writer.varint(index - previous - 1);
      writer.varint(count);
      previous = index;
    });
  }

  /** The sparse varint form on its own. */
  encode(): Uint8Array<ArrayBuffer> {
    const writer = new ByteWriter(128);
    this.write(writer);
    return writer.finish();
  }

  /** Reads what {@link write} wrote. @throws WsightError `BAD_FRAME` when the bytes are not such a form */
  static read(reader: ByteReader): Histogram {
    const histogram = new Histogram();
    histogram.count = reader.varint();
    if (histogram.count === 0) return histogram;
    histogram.sum = reader.f64();
    histogram.min = reader.f64();
    histogram.max = reader.f64();
    histogram.zeroCount = reader.varint();
    let total = histogram.zeroCount;
    let index = MIN_INDEX - 1;
    for (let left = reader.count(BUCKETS); left > 0; left--) {
      index += reader.count(BUCKETS) + 1;
      const count = reader.count(0xffff_ffff);
      if (index > MAX_INDEX)
        throw new WsightError("BAD_FRAME", `histogram: expected an index up to ${MAX_INDEX}, got ${index}`);
      histogram.#bump(index, count);
      total += count;
    }
    if (total !== histogram.count || !(histogram.min <= histogram.max)) {
      throw new WsightError("BAD_FRAME", `histogram: expected buckets that add up to ${histogram.count}, got ${total}`);
    }
    return histogram;
  }

  /** {@link read} over a whole byte array. */
  static decode(bytes: Uint8Array): Histogram {
    return Histogram.read(new ByteReader(bytes));
  }

  #clamp(value: number): number {
    return Math.min(this.max, Math.max(this.min, value));
  }

  #bump(index: number, by: number): void {
    const slot = index - MIN_INDEX;
    const p = slot >> PAGE_BITS;
    let page = this.#pages[p];
    if (page === undefined) {
      page = new Uint32Array(PAGE_SIZE);
      this.#pages[p] = page;
    }
    page[slot & (PAGE_SIZE - 1)] = (page[slot & (PAGE_SIZE - 1)] as number) + by;
  }
}
