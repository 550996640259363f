import type { Totals } from "./bucket-parser.ts";
import type { Buckets } from "./buckets.ts";

/** Bytes that come before the buckets at most: three varints, three doubles. */
const MOST_HEAD = 6 * 8;
/** Bytes of one bucket at most. */
const MOST_BUCKET = 2 * 8;

/** Puts distributions together again, byte by byte as they were; they share one piece of memory. */
export function printBuckets(buckets: Buckets, totals: Totals): readonly Uint8Array[] {
  return new BucketPrinter(buckets, totals).print();
}

class BucketPrinter {
  readonly #buckets: Buckets;
  readonly #totals: Totals;
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #at = 0;
  #first = 0;
  #next = 0;

  constructor(buckets: Buckets, totals: Totals) {
    this.#buckets = buckets;
    this.#totals = totals;
    this.#bytes = new Uint8Array(40 * buckets.used.length + 2 * buckets.gaps.length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  print(): readonly Uint8Array[] {
    const { length } = this.#buckets.used;
    const ends = new Uint32Array(length);
    for (let row = 0; row < length; row++) {
      this.#print(row);
      ends[row] = this.#at;
    }
    return Array.from(ends, (end, row) => this.#bytes.subarray(row === 0 ? 0 : ends[row - 1], end));
  }

  #print(row: number): void {
    const { count, sum, min, max } = this.#totals;
    const total = count[row] as number;
    const zeros = this.#buckets.zeros[row] as number;
    const used = this.#buckets.used[row] as number;
    this.#reserve(MOST_HEAD + used * MOST_BUCKET);
    this.#varint(total);
    this.#double(sum[row] as number);
    this.#double(min[row] as number);
    this.#double(max[row] as number);
    this.#varint(zeros);
    this.#varint(used);
    this.#printBuckets(used, total - zeros);
  }

  #printBuckets(used: number, total: number): void {
    const { firsts, gaps, counts } = this.#buckets;
    let left = total;
    for (let i = 1; i <= used; i++) {
      // One gap lies behind each count that is told: both lists go on together.
      this.#varint((i === 1 ? firsts[this.#first++] : gaps[this.#next - 1]) as number);
      const count = i < used ? (counts[this.#next++] as number) + 1 : left;
      this.#varint(count);
      left -= count;
    }
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#bytes[this.#at++] = (rest % 128) | 0x80;
    this.#bytes[this.#at++] = rest;
  }

  #double(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#at + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
