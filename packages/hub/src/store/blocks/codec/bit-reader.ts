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

  /** As in the writer, the bits are kept in variables of its own wherever a number is of the usual kind. */
  #rice(length: number): Float64Array {
    const values = new Float64Array(length);
    const bytes = this.#bytes;
    const end = this.#end;
    let [mean, run] = [FIRST_MEAN, FIRST_RUN];
    let [at, bits, waiting] = [this.#at, 0, 0];
    for (let i = 0; i < length; i++) {
      let base = 0;
      if (mean < RUN_BELOW) {
        const start = i;
        this.#keep(at, bits, waiting);
        [i, run] = this.#run(i, length, run);
        [at, bits, waiting] = [this.#at, this.#bits, this.#waiting];
        if (i === length) break;
        mean = meanAfterZeros(mean, i - start);
        base = 1;
      }
      const low = riceBits(mean);
      for (; waiting < PIECE_BITS; waiting += 8, at++) bits |= at < end ? (bytes[at] as number) << waiting : 0;
      const zeros = ~bits | (1 << MOST_ONES);
      const ones = 31 - Math.clz32(zeros & -zeros);
      let value: number;
      if (ones < MOST_ONES && ones + low < waiting) {
        value = ((ones << low) | ((bits >>> (ones + 1)) & ((1 << low) - 1))) + base;
        bits = (bits >>> ones) >>> (low + 1);
        waiting -= ones + 1 + low;
      } else {
        this.#keep(at, bits, waiting);
        value = this.#number(low) + base;
        [at, bits, waiting] = [this.#at, this.#bits, this.#waiting];
      }
      values[i] = value;
      mean = nextMean(mean, value);
    }
    this.#keep(at, bits, waiting);
    this.#align();
    return values;
  }

  #keep(at: number, bits: number, waiting: number): void {
    this.#at = at;
    this.#bits = bits;
    this.#waiting = waiting;
  }

  /** Passes over a run of zeros; where the next number is, and how far runs have grown. */
  #run(start: number, length: number, before: number): [at: number, run: number] {
    let at = start;
    let run = before;
    let bits = RUN_BITS[run] as number;
    while (at < length && this.#take(1) === 1) {
      at += 1 << bits;
      run = Math.min(run + 1, RUN_BITS.length - 1);
      bits = RUN_BITS[run] as number;
    }
    if (at >= length) return [length, run];
    at += this.#take(bits);
    if (at >= length) throw new DamagedBlockError("block: expected a number behind a run of zeros");
    return [at, Math.max(0, run - 1)];
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

  /** Has 24 to 31 bits wait; behind the end they are zero, which {@link #align} notices. */
  #fill(): void {
    while (this.#waiting < PIECE_BITS) {
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
