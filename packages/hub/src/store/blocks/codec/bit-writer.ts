import {
  bitLength,
  ESCAPE_FROM,
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

/** Numbers of more bits than this on average have the rest told as it is. */
const RICE_WIDTH = 18;
const PIECE_BITS = 24;
const PIECE = 2 ** PIECE_BITS;
const PIECE_BYTES = PIECE_BITS / 8;
const MOST_BYTES_A_NUMBER = 12;

/** Appends numbers to a growing byte array: whole bytes, and streams of bits. */
export class BitWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;
  /** Bits that wait for their byte to be full, lowest first: fewer than 8 between calls. */
  #bits = 0;
  #waiting = 0;

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** What was written, in the writer's own memory. */
  written(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    for (let shift = 0; shift < 32; shift += 8) this.#bytes[this.#length++] = value >>> shift;
  }

  /** A whole number from 0 to 2^53 − 1. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 128)) this.#bytes[this.#length++] = (rest % 128) | 0x80;
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number of a magnitude up to 2^52. */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** What `write` appends, behind its length, so that a reader can pass over it. */
  section(write: () => void): void {
    const start = this.#length;
    write();
    const end = this.#length;
    this.varint(end - start);
    const size = this.#bytes.slice(end, this.#length);
    this.#bytes.copyWithin(start + size.length, start, end);
    this.#bytes.set(size, start);
  }

  /** Numbers of up to `width` bits, at most 32, as they are. */
  fixed(values: Uint32Array, width: number): void {
    this.#reserve(values.length * 4 + 8);
    for (let i = 0; i < values.length; i++) this.#wide(values[i] as number, width);
    this.#align();
  }

  /** Whole numbers from 0 to 2^53 − 1, small ones short: see `rice.ts`. */
  rice(values: Float64Array): void {
    const low = lowBits(values);
    this.u8(low);
    if (low === 0) this.#rice(values);
    else {
      const { length } = values;
      const high = new Float64Array(length);
      const rest = new Uint32Array(length);
      const scale = 2 ** low;
      for (let i = 0; i < length; i++) {
        const value = values[i] as number;
        const whole = Math.floor(value / scale);
        high[i] = whole;
        rest[i] = value - whole * scale;
      }
      this.fixed(rest, low);
      this.#rice(high);
    }
  }

  /** The bits are kept in variables of its own wherever a number is of the usual kind: this is where writing spends its time. */
  #rice(values: Float64Array): void {
    const { length } = values;
    let [mean, run] = [FIRST_MEAN, FIRST_RUN];
    let [bytes, at, bits, waiting] = [this.#bytes, this.#length, 0, 0];
    for (let i = 0; i < length; i++) {
      let base = 0;
      if (mean < RUN_BELOW) {
        const start = i;
        while (i < length && values[i] === 0) i++;
        this.#keep(at, bits, waiting);
        run = this.#run(i - start, i === length, run);
        [bytes, at, bits, waiting] = [this.#bytes, this.#length, this.#bits, this.#waiting];
        if (i === length) break;
        mean = meanAfterZeros(mean, i - start);
        base = 1;
      }
      const value = values[i] as number;
      const rest = value - base;
      const low = riceBits(mean);
      const ones = rest < ESCAPE_FROM ? rest >>> low : MOST_ONES;
      if (ones < MOST_ONES && ones + low < PIECE_BITS && at + PIECE_BYTES < bytes.length) {
        bits |= (((1 << ones) - 1) | ((rest & ((1 << low) - 1)) << (ones + 1))) << waiting;
        waiting += ones + 1 + low;
        for (; waiting >= 8; waiting -= 8) {
          bytes[at++] = bits;
          bits >>>= 8;
        }
      } else {
        this.#keep(at, bits, waiting);
        this.#number(rest, low);
        [bytes, at, bits, waiting] = [this.#bytes, this.#length, this.#bits, this.#waiting];
      }
      mean = nextMean(mean, value);
    }
    this.#keep(at, bits, waiting);
    this.#align();
  }

  #keep(length: number, bits: number, waiting: number): void {
    this.#length = length;
    this.#bits = bits;
    this.#waiting = waiting;
  }

  #number(value: number, low: number): void {
    this.#reserve(MOST_BYTES_A_NUMBER);
    const ones = value < ESCAPE_FROM ? value >>> low : MOST_ONES;
    if (ones >= MOST_ONES) {
      const width = bitLength(value);
      this.#put((1 << MOST_ONES) - 1, MOST_ONES);
      this.#put(width, WIDTH_BITS);
      this.#wide(value, width);
    } else {
      this.#put((1 << ones) - 1, ones + 1);
      this.#put(value & ((1 << low) - 1), low);
    }
  }

  /** Tells a run of zeros; a one bit for each full length, which grows. Returns how far it has grown. */
  #run(zeros: number, toTheEnd: boolean, before: number): number {
    let run = before;
    let left = zeros;
    let bits = RUN_BITS[run] as number;
    while (left >= 1 << bits) {
      this.#reserve(1);
      this.#put(1, 1);
      left -= 1 << bits;
      run = Math.min(run + 1, RUN_BITS.length - 1);
      bits = RUN_BITS[run] as number;
    }
    this.#reserve(MOST_BYTES_A_NUMBER);
    if (!toTheEnd) this.#put(left << 1, bits + 1);
    else if (left > 0) this.#put(1, 1);
    return Math.max(0, run - 1);
  }

  /** Up to 53 bits. The room must be there. */
  #wide(value: number, width: number): void {
    let rest = value;
    let left = width;
    for (; left > PIECE_BITS; left -= PIECE_BITS) {
      this.#put(rest % PIECE, PIECE_BITS);
      rest = Math.floor(rest / PIECE);
    }
    this.#put(rest, left);
  }

  /** Up to 24 bits. The room must be there. */
  #put(bits: number, width: number): void {
    let all = this.#bits | (bits << this.#waiting);
    let waiting = this.#waiting + width;
    for (; waiting >= 8; waiting -= 8) {
      this.#bytes[this.#length++] = all;
      all >>>= 8;
    }
    this.#bits = all;
    this.#waiting = waiting;
  }

  #align(): void {
    if (this.#waiting > 0) this.u8(this.#bits);
    this.#bits = this.#waiting = 0;
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + count));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Low bits that are noise in most of these numbers. */
function lowBits(values: Float64Array): number {
  let bits = 0;
  for (let i = 0; i < values.length; i++) bits += bitLength(values[i] as number);
  return Math.min(32, Math.max(0, Math.round(bits / values.length) - RICE_WIDTH));
}
