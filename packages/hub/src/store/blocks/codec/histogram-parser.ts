import { MAX_INDEX, MIN_INDEX } from "@wsight/protocol";
import type { Totals } from "./histogram-printer.ts";

/** Takes histograms apart, one after the other, so that what is alike stands together. */
export class HistogramParser {
  /** Values at or below zero, for each histogram. */
  readonly zeros: number[] = [];
  /** How many buckets hold something, for each histogram. */
  readonly used: number[] = [];
  /** Place of the lowest bucket, for each histogram that has any. */
  readonly firsts: number[] = [];
  /** How many empty buckets lie between one bucket and the next. */
  readonly gaps: number[] = [];
  /** Counts less one of all buckets but the highest of each histogram, which follows from the total. */
  readonly counts: number[] = [];
  readonly #double = new Float64Array(1);
  readonly #doubleBytes = new Uint8Array(this.#double.buffer);
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;

  /**
   * Takes the histogram of interval `row`; `false` when it can't be put
   * together again from its buckets and that interval's totals, byte by byte.
   */
  take(bytes: Uint8Array, totals: Totals, row: number): boolean {
    this.#bytes = bytes;
    this.#at = 0;
    const count = this.#varint();
    const agrees =
      count > 0 &&
      count === totals.count[row] &&
      this.#is(totals.sum[row]) &&
      this.#is(totals.min[row]) &&
      this.#is(totals.max[row]);
    if (!agrees) return false;
    const zeros = this.#varint();
    const used = this.#varint();
    if (!(zeros >= 0 && used >= 0 && used <= MAX_INDEX - MIN_INDEX + 1)) return false;
    this.zeros.push(zeros);
    this.used.push(used);
    return this.#takeBuckets(used, count - zeros) && this.#at === bytes.length;
  }

  #takeBuckets(used: number, total: number): boolean {
    let left = total;
    for (let i = 0; i < used; i++) {
      const gap = this.#varint();
      const count = this.#varint();
      if (!(gap >= 0 && gap <= MAX_INDEX - MIN_INDEX && count > 0)) return false;
      if (i === 0) this.firsts.push(gap);
      else this.gaps.push(gap);
      if (i < used - 1) this.counts.push(count - 1);
      left -= count;
    }
    return left === 0;
  }

  /** A varint in its shortest form up to 2^53 − 1; −1 for anything else. */
  #varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return -1;
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      const shortest = byte > 0 || scale === 1;
      return shortest && value <= Number.MAX_SAFE_INTEGER ? value : -1;
    }
    return -1;
  }

  /** Whether the next eight bytes are this number, bit by bit. */
  #is(expected: number | undefined): boolean {
    this.#double[0] = expected as number;
    for (const byte of this.#doubleBytes) if (this.#bytes[this.#at++] !== byte) return false;
    return true;
  }
}
