import { DamagedBlockError } from "./block-columns.ts";
import {
  FIRST_MEAN,
  FIRST_RUN,
  MOST_ONES,
  meanAfterZeros,
  nextMean,
  RUN_BELOW,
  RUN_BITS,
  riceBits,
  WIDTH_BITS,
} from "./rice.ts";

const PIECE_BITS = 24;

/** Reads what `BitWriter` wrote. What goes past the end throws a `DamagedBlockError`. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;
  /** Bits that were taken from the bytes and not read yet, lowest first. */
  #bits = 0;
  #waiting = 0;

  constructor(bytes: Uint8Array, from = 0, to: number = bytes.length) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = from;
    this.#end = to;
  }

  u8(): number {
    this.#need(1);
    return this.#bytes[this.#at++] as number;
  }

  u32(): number {
    this.#need(4);
    this.#at += 4;
    return this.#view.getUint32(this.#at - 4, true);
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 56; scale *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    throw new DamagedBlockError("block: expected a varint below 2^53");
  }

  /** A varint that must not exceed `most`: guards what is allocated because of it. */
  count(most: number): number {
    const value = this.varint();
    if (value > most) throw new DamagedBlockError(`block: expected a count of at most ${most}, got ${value}`);
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  bytes(length: number): Uint8Array {
    this.#need(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A reader of the next section alone; this one goes on behind it. */
  section(): BitReader {
    const size = this.varint();
    this.#need(size);
    this.#at += size;
    return new BitReader(this.#bytes, this.#at - size, this.#at);
  }

  fixed(length: number, width: number): Uint32Array {
    const values = new Uint32Array(length);
    for (let i = 0; i < length; i++) values[i] = this.#wide(width);
    this.#align();
    return values;
  }

  rice(length: number): Float64Array {
    const low = this.u8();
    if (low > 32) throw new DamagedBlockError(`block: expected at most 32 low bits, got ${low}`);
    const rest = low === 0 ? null : this.fixed(length, low);
    const values = this.#rice(length);
    if (rest === null) return values;
    const scale = 2 ** low;
    for (let i = 0; i < length; i++) values[i] = (values[i] as number) * scale + (rest[i] as number);
    return values;
  }

  #rice(length: number): Float64Array {
    const values = new Float64Array(length);
    let mean = FIRST_MEAN;
    let run = FIRST_RUN;
    for (let i = 0; i < length; i++) {
      let base = 0;
      if (mean < RUN_BELOW) {
        const start = i;
        let bits = RUN_BITS[run] as number;
        while (i < length && this.#take(1) === 1) {
          i += 1 << bits;
          run = Math.min(run + 1, RUN_BITS.length - 1);
          bits = RUN_BITS[run] as number;
        }
        if (i >= length) break;
        i += this.#take(bits);
        if (i >= length) throw new DamagedBlockError("block: expected a number behind a run of zeros");
        run = Math.max(0, run - 1);
        mean = meanAfterZeros(mean, i - start);
        base = 1;
      }
      const value = this.#number(riceBits(mean)) + base;
      values[i] = value;
      mean = nextMean(mean, value);
    }
    this.#align();
    return values;
  }

  #number(low: number): number {
    this.#fill();
    const zeros = ~this.#bits | (1 << MOST_ONES);
    const ones = 31 - Math.clz32(zeros & -zeros);
    if (ones < MOST_ONES) {
      this.#bits >>>= ones + 1;
      this.#waiting -= ones + 1;
      return (ones << low) | this.#take(low);
    }
    this.#bits >>>= MOST_ONES;
    this.#waiting -= MOST_ONES;
    return this.#wide(this.#take(WIDTH_BITS));
  }

  #wide(width: number): number {
    let value = 0;
    let scale = 1;
    let left = width;
    for (; left > PIECE_BITS; left -= PIECE_BITS) {
      value += this.#take(PIECE_BITS) * scale;
      scale *= 2 ** PIECE_BITS;
    }
    return value + this.#take(left) * scale;
  }

  /** Up to 24 bits. */
  #take(width: number): number {
    // Not a mere shortcut: a shift by zero would leave a number that is no 32-bit integer.
    if (width === 0) return 0;
    if (this.#waiting < width) this.#fill();
    const bits = this.#bits & ((1 << width) - 1);
    this.#bits >>>= width;
    this.#waiting -= width;
    return bits;
  }

  /** Has at least 24 bits wait; behind the end they are zero, which {@link #align} notices. */
  #fill(): void {
    while (this.#waiting <= 24) {
      if (this.#at < this.#end) this.#bits |= (this.#bytes[this.#at] as number) << this.#waiting;
      this.#at++;
      this.#waiting += 8;
    }
  }

  /** Goes on at the next whole byte. */
  #align(): void {
    this.#at -= this.#waiting >> 3;
    this.#bits = this.#waiting = 0;
    if (this.#at > this.#end) throw new DamagedBlockError("block: expected more bits than there are");
  }

  #need(count: number): void {
    if (this.#at + count > this.#end) throw new DamagedBlockError(`block: expected ${count} more bytes`);
  }
}
