/** Numbers that a histogram shares with the columns of its interval. */
export interface Totals {
  readonly count: Float64Array;
  readonly sum: Float64Array;
  readonly min: Float64Array;
  readonly max: Float64Array;
}

/** What a `HistogramParser` took apart. */
export interface BucketLists {
  readonly zeros: Float64Array;
  readonly used: Float64Array;
  readonly firsts: Float64Array;
  readonly gaps: Float64Array;
  readonly counts: Float64Array;
}

/** Bytes of the totals of one histogram at most: six varints and doubles. */
const MOST_HEAD = 3 * 8 + 3 * 8;
/** Bytes of one bucket at most. */
const MOST_BUCKET = 2 * 8;

/** Puts histograms together again, byte by byte as they were; they share one piece of memory. */
export class HistogramPrinter {
  readonly #lists: BucketLists;
  readonly #totals: Totals;
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #first = 0;
  #next = 0;

  constructor(lists: BucketLists, totals: Totals) {
    this.#lists = lists;
    this.#totals = totals;
  }

  print(): readonly Uint8Array[] {
    const { length } = this.#lists.zeros;
    const ends = new Uint32Array(length);
    for (let row = 0; row < length; row++) {
      this.#print(row);
      ends[row] = this.#at;
    }
    return Array.from(ends, (end, row) => this.#bytes.subarray(row === 0 ? 0 : ends[row - 1], end));
  }

  #print(row: number): void {
    const { count, sum, min, max } = this.#totals;
    const zeros = this.#lists.zeros[row] as number;
    const used = this.#lists.used[row] as number;
    this.#reserve(MOST_HEAD + used * MOST_BUCKET);
    this.#varint(count[row] as number);
    for (const total of [sum, min, max]) this.#double(total[row] as number);
    this.#varint(zeros);
    this.#varint(used);
    this.#buckets(used, (count[row] as number) - zeros);
  }

  #buckets(used: number, total: number): void {
    const { firsts, gaps, counts } = this.#lists;
    let left = total;
    for (let i = 0; i < used; i++) {
      this.#varint((i === 0 ? firsts[this.#first++] : gaps[this.#next - 1]) as number);
      const count = i < used - 1 ? (counts[this.#next++] as number) + 1 : left;
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
