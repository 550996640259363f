const TWO_32 = 0x1_0000_0000;

/** The bits of numbers as pairs of 32-bit words, low one first; shares their memory. */
export function wordsOf(values: Float64Array): Uint32Array {
  return new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
}

/** Whether all bits are the same: zeros of both signs differ, so do kinds of NaN. */
export function sameBits(one: Float64Array, other: Float64Array): boolean {
  const a = wordsOf(one);
  const b = wordsOf(other);
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether all numbers are, bit by bit, the first one. */
export function allSame(values: Float64Array): boolean {
  const words = wordsOf(values);
  const [low, high] = words;
  for (let i = 2; i < words.length; i += 2) if (words[i] !== low || words[i + 1] !== high) return false;
  return true;
}

/** Measures and makes distances of numbers in units in the last place. */
export class Ulps {
  readonly #pair = new Float64Array(2);
  readonly #words: Uint32Array = wordsOf(this.#pair);

  /** How many units `value` is above `base`; NaN when they are not numbers of one sign, or too far apart to be told. */
  between(value: number, base: number): number {
    const words = this.#words;
    this.#pair[0] = value;
    this.#pair[1] = base;
    const [low, high, baseLow, baseHigh] = words as unknown as readonly [number, number, number, number];
    const exponents = (high & 0x7ff00000) === 0x7ff00000 || (baseHigh & 0x7ff00000) === 0x7ff00000;
    if (exponents || (high ^ baseHigh) >>> 31 !== 0) return Number.NaN;
    const units = (high - baseHigh) * TWO_32 + (low - baseLow);
    return Math.abs(units) <= 2 ** 46 ? units : Number.NaN;
  }

  /** The number so many units above `base`. */
  above(base: number, units: number): number {
    this.#pair[0] = base;
    const low = (this.#words[0] as number) + units;
    this.#words[1] = (this.#words[1] as number) + Math.floor(low / TWO_32);
    this.#words[0] = low - Math.floor(low / TWO_32) * TWO_32;
    return this.#pair[0];
  }
}
