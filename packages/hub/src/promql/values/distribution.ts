import { ByteReader, bucketBound, MIN_INDEX } from "@wsight/protocol";

/** A native histogram of schema 5: counts may be any share of one, since rates are. */
export class Distribution {
  count = 0;
  sum = 0;
  zeroCount = 0;
  /** Count by the index of `bucketIndex`. */
  readonly buckets: Map<number, number> = new Map();

  /** One with these totals and buckets, the first of them that of `MIN_INDEX`, `factor` times. */
  static of(count: number, sum: number, zeroCount: number, buckets: Float64Array, factor: number): Distribution {
    const made = new Distribution();
    made.count = count * factor;
    made.sum = sum * factor;
    made.zeroCount = zeroCount * factor;
    for (let i = 0; i < buckets.length; i++) {
      const held = buckets[i] as number;
      if (held !== 0) made.buckets.set(MIN_INDEX + i, held * factor);
    }
    return made;
  }

  /** Adds what `Histogram.encode` wrote. @throws WsightError `BAD_FRAME` */
  read(bytes: Uint8Array): this {
    readBuckets(bytes, this, (index, count) => this.#bump(index, count));
    return this;
  }

  /** Adds another `factor` times. */
  add(other: Distribution, factor = 1): this {
    this.count += other.count * factor;
    this.sum += other.sum * factor;
    this.zeroCount += other.zeroCount * factor;
    for (const [index, count] of other.buckets) this.#bump(index, count * factor);
    return this;
  }

  /** Forgets everything. */
  clear(): void {
    this.count = this.sum = this.zeroCount = 0;
    this.buckets.clear();
  }

  /** A new one with `factor` times as much of everything. */
  times(factor: number): Distribution {
    return new Distribution().add(this, factor);
  }

  /** Buckets that hold something, lowest first. */
  sorted(): readonly (readonly [index: number, count: number])[] {
    return [...this.buckets].filter(([, count]) => count !== 0).sort(([a], [b]) => a - b);
  }

  /** Within a bucket values are taken to lie evenly by their logarithm, as Prometheus does since 3.0. */
  quantile(q: number): number {
    if (Number.isNaN(q) || this.count === 0) return Number.NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    const rank = q * this.count;
    let before = this.zeroCount;
    if (this.zeroCount > 0 && rank <= before) return 0;
    const buckets = this.sorted();
    for (const [i, [index, count]] of buckets.entries()) {
      // What is left of rounding must not lead beyond the last bucket.
      if (before + count >= rank || i === buckets.length - 1) {
        const share = Math.min(1, (rank - before) / count);
        return bucketBound(index) * (bucketBound(index + 1) / bucketBound(index)) ** share;
      }
      before += count;
    }
    return 0;
  }

  #bump(index: number, by: number): void {
    this.buckets.set(index, (this.buckets.get(index) ?? 0) + by);
  }
}

/** How many values an encoded histogram holds. @throws WsightError `BAD_FRAME` */
export function countOf(bytes: Uint8Array): number {
  return bytes.length === 0 ? 0 : new ByteReader(bytes).varint();
}

/** Adds the totals of an encoded histogram to `totals`, and visits its buckets, lowest first. @throws WsightError `BAD_FRAME` */
export function readBuckets(
  bytes: Uint8Array,
  totals: { count: number; sum: number; zeroCount: number },
  visit: (index: number, count: number) => void,
): void {
  if (bytes.length === 0) return;
  const reader = new ByteReader(bytes);
  const count = reader.varint();
  if (count === 0) return;
  totals.count += count;
  totals.sum += reader.f64();
  reader.f64();
  reader.f64();
  totals.zeroCount += reader.varint();
  let index = MIN_INDEX - 1;
  for (let left = reader.varint(); left > 0; left--) {
    index += reader.varint() + 1;
    visit(index, reader.varint());
  }
}
