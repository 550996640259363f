import { type Buckets, canBeUsed } from "./buckets.ts";
import { GrowingList } from "./growing-list.ts";

/** Numbers that a distribution shares with the columns of its interval. */
export interface Totals {
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/**
 * Takes distributions apart (see `Histogram.encode`); `null` when one of them
 * can't be put together again, byte by byte, from buckets and totals.
 */
export function parseBuckets(histograms: readonly Uint8Array[], totals: Totals, length: number): Buckets | null {
  if (length === 0 || histograms.length < length) return null;
  const parser = new BucketParser(length);
  for (let row = 0; row < length; row++) {
    if (!parser.take(histograms[row] as Uint8Array, totals, row)) return null;
  }
  return parser.buckets();
}

class BucketParser {
  readonly #zeros: GrowingList;
  readonly #used: GrowingList;
  readonly #firsts: GrowingList;
  readonly #gaps: GrowingList;
  readonly #counts: GrowingList;
  readonly #double = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#double.buffer);
  #bytes: Uint8Array = this.#doubleBytes;
  #at = 0;

  constructor(length: number) {
    this.#zeros = new GrowingList(length);
    this.#used = new GrowingList(length);
    this.#firsts = new GrowingList(length);
    this.#gaps = new GrowingList(4 * length);
    this.#counts = new GrowingList(4 * length);
  }

  take(bytes: Uint8Array, { count: counts, sum, min, max }: Totals, row: number): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    const count = this.#varint();
    if (count < 1 || count !== counts[row] || bytes.length < 24) return false;
    if (!(this.#is(sum[row] as number) && this.#is(min[row] as number) && this.#is(max[row] as number))) return false;
    const zeros = this.#varint();
    const used = this.#varint();
    if (zeros < 0 || !canBeUsed(used)) return false;
    this.#zeros.push(zeros);
    this.#used.push(used);
    return this.#takeBuckets(used, count - zeros) && this.#at === bytes.length;
  }

  buckets(): Buckets {
    return {
      zeros: this.#zeros.values(),
      used: this.#used.values(),
      firsts: this.#firsts.values(),
      gaps: this.#gaps.values(),
      counts: this.#counts.values(),
    };
  }

  #takeBuckets(used: number, total: number): boolean {
    let left = total;
    for (let i = 1; i <= used; i++) {
      const gap = this.#varint();
      const count = this.#varint();
      if (!canBeUsed(gap) || count < 1) return false;
      if (i === 1) this.#firsts.push(gap);
      else this.#gaps.push(gap);
      if (i < used) this.#counts.push(count - 1);
      left -= count;
    }
    return left === 0;
  }

  /** A varint in its shortest form, up to 2^53 − 1; −1 for anything else. */
  #varint(): number {
    const byte = this.#at < this.#bytes.length ? (this.#bytes[this.#at++] as number) : 0x80;
    return byte < 0x80 ? byte : this.#longVarint(byte & 0x7f);
  }

  #longVarint(lowest: number): number {
    let value = lowest;
    for (let scale = 128; scale < 2 ** 56 && this.#at < this.#bytes.length; scale *= 128) {
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return byte > 0 && value <= Number.MAX_SAFE_INTEGER ? value : -1;
    }
    return -1;
  }

  /** Whether the next eight bytes, which must be there, are this number, bit by bit. */
  #is(expected: number): boolean {
    this.#double[0] = expected;
    const at = this.#at;
    this.#at += 8;
    for (let i = 0; i < 8; i++) if (this.#doubleBytes[i] !== this.#bytes[at + i]) return false;
    return true;
  }
}
