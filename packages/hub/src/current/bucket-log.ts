import { type ByteWriter, bucketBound, type Histogram, MIN_INDEX } from "@wsight/protocol";

/** Seconds of one segment. */
const SEGMENT_BITS = 6;
const SEGMENT_SECONDS = 1 << SEGMENT_BITS;

/** Bytes that all logs of a hub may take together. */
export class ByteBudget {
  /** Bytes in use. */
  used = 0;
  /** Seconds of a distribution that found no room. */
  refused = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Takes bytes; false, and counted, when there are none left. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.#limit) {
      this.refused++;
      return false;
    }
    this.used += bytes;
    return true;
  }

  /** Gives bytes back. */
  give(bytes: number): void {
    this.used -= bytes;
  }
}

interface Segment {
  /** Number of the segment: second >> SEGMENT_BITS. */
  readonly number: number;
  /** End of each second's entry; it starts where the one before ends. */
  readonly ends: Uint32Array;
  bytes: Uint8Array;
  length: number;
  newest: number;
}

/** Where a second's entry lies. */
export interface LogEntry {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/**
 * What was recorded into one distribution in each second, sparse: sum and
 * largest value as f64, zero count, then (index gap, count) pairs, varints
 * all. Seconds without a recording take nothing. A second that finds the
 * budget used up is left out for good (and counted), never half kept.
 */
export class BucketLog {
  /** True once everything was given back: what it held can't be read any more. */
  cleared = false;
  readonly #segments: (Segment | undefined)[];
  readonly #budget: ByteBudget;

  constructor(slots: number, budget: ByteBudget) {
    this.#segments = new Array(Math.ceil(slots / SEGMENT_SECONDS) + 1).fill(undefined);
    this.#budget = budget;
  }

  /** Keeps the entry of `second`; seconds must grow. */
  append(second: number, entry: Uint8Array): void {
    if (!this.#budget.take(entry.length)) return;
    const segment = this.#segmentOf(second);
    const needed = segment.length + entry.length;
    if (needed > segment.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, segment.bytes.length * 2));
      grown.set(segment.bytes.subarray(0, segment.length));
      segment.bytes = grown;
    }
    segment.bytes.set(entry, segment.length);
    const slot = second % SEGMENT_SECONDS;
    segment.ends.fill(segment.length, segment.newest + 1, slot);
    segment.length = needed;
    segment.ends[slot] = needed;
    segment.newest = slot;
  }

  /** Points `entry` at what was kept of `second`; false when nothing was. */
  find(second: number, entry: LogEntry): boolean {
    const number = second >>> SEGMENT_BITS;
    const segment = this.#segments[number % this.#segments.length];
    if (segment?.number !== number) return false;
    const slot = second % SEGMENT_SECONDS;
    if (slot > segment.newest) return false;
    entry.bytes = segment.bytes;
    entry.start = slot === 0 ? 0 : (segment.ends[slot - 1] as number);
    entry.end = segment.ends[slot] as number;
    return entry.end > entry.start;
  }

  /** Gives back what is older than `first`. */
  expire(first: number): void {
    for (let i = 0; i < this.#segments.length; i++) {
      const segment = this.#segments[i];
      if (segment !== undefined && segment.number < first >>> SEGMENT_BITS) this.#drop(i);
    }
  }

  /** Gives everything back. */
  clear(): void {
    this.cleared = true;
    for (let i = 0; i < this.#segments.length; i++) this.#drop(i);
  }

  #segmentOf(second: number): Segment {
    const number = second >>> SEGMENT_BITS;
    const place = number % this.#segments.length;
    const present = this.#segments[place];
    if (present?.number === number) return present;
    this.#drop(place);
    this.#trim((number + this.#segments.length - 1) % this.#segments.length);
    const segment: Segment = {
      number,
      ends: new Uint32Array(SEGMENT_SECONDS),
      bytes: new Uint8Array(64),
      length: 0,
      newest: -1,
    };
    this.#segments[place] = segment;
    return segment;
  }

  /** Cuts a finished segment to its size. */
  #trim(place: number): void {
    const segment = this.#segments[place];
    if (segment !== undefined) segment.bytes = segment.bytes.slice(0, segment.length);
  }

  #drop(place: number): void {
    const segment = this.#segments[place];
    if (segment === undefined) return;
    this.#budget.give(segment.length);
    this.#segments[place] = undefined;
  }
}

/**
 * Encodes what `later` holds beyond `earlier`, in the form of {@link BucketLog}.
 * Returns `null` when that is nothing.
 */
export function encodeGrowth(writer: ByteWriter, later: Histogram, earlier: Histogram | null): Uint8Array | null {
  if (later.count <= (earlier?.count ?? 0)) return null;
  writer.reset();
  writer.f64(finite(later.sum - (earlier?.sum ?? 0), 0));
  // Where the newest largest value lies is known exactly when it is the largest so far, else to its bucket.
  writer.f64(0);
  writer.varint(Math.max(0, later.zeroCount - (earlier?.zeroCount ?? 0)));
  let previous = MIN_INDEX - 1;
  let highest = MIN_INDEX - 1;
  later.forEachBucket((index, count) => {
    const added = count - (earlier?.countAt(index) ?? 0);
    if (added <= 0) return;
    writer.varint(index - previous - 1);
    writer.varint(added);
    previous = highest = index;
  });
  const entry = writer.finish();
  const bound = highest < MIN_INDEX ? 0 : bucketBound(highest + 1);
  const max = later.max > (earlier?.max ?? -Infinity) ? later.max : Math.min(bound, later.max);
  new DataView(entry.buffer).setFloat64(8, finite(max, bound), true);
  return entry;
}

function finite(value: number, otherwise: number): number {
  return Number.isFinite(value) ? value : otherwise;
}
