import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { type BlockColumns, DamagedBlockError } from "./block-columns.ts";
import { allSame, sameBits } from "./words.ts";

/** Count is 1, and all other columns are `last`. */
const READINGS = 1;
/** Count is 1, and min and max are `sum`. */
const GROWTH = 2;
/** Whole multiples of 1 ÷ these are told as distances from the least of them. */
const SCALES: readonly number[] = [1, 1e6];
/** Bytes a number, by their place in a tag; the last are doubles as they are. */
const WIDTHS: readonly number[] = [0, 1, 2, 4, 8];
const RAW = 4;
const SCALE_SHIFT = 4;
const DOUBLE_BYTES = 8;
const MOST_WHOLE = 2 ** 52;

/** A column that is told by distances. */
interface Fit {
  readonly tag: number;
  readonly scale: number;
  readonly least: number;
}

/**
 * Writes columns that will be read once and written anew soon: hardly smaller
 * than they must be, ten times as fast. False, with nothing written, when they are of
 * no such form.
 */
export function writeQuickly(writer: BitWriter, { length, min, max, sum, count, last }: BlockColumns): boolean {
  const of = (column: Float64Array): Float64Array => column.subarray(0, length);
  const once = count[0] === 1 && allSame(of(count));
  if (!once || !sameBits(of(min), of(sum)) || !sameBits(of(max), of(sum))) return false;
  const readings = sameBits(of(sum), of(last));
  writer.u8(readings ? READINGS : GROWTH);
  writeDistances(writer, of(last));
  if (!readings) writeDistances(writer, of(sum));
  return true;
}

/** Reads what {@link writeQuickly} wrote. */
export function readQuickly(
  reader: BitReader,
  length: number,
): Pick<BlockColumns, "min" | "max" | "sum" | "count" | "last"> {
  const form = reader.u8();
  if (form !== READINGS && form !== GROWTH) throw new DamagedBlockError(`block: expected a form, got ${form}`);
  const last = readDistances(reader, length);
  const sum = form === READINGS ? last : readDistances(reader, length);
  return { min: sum, max: sum, sum, count: new Float64Array(length).fill(1), last };
}

function writeDistances(writer: BitWriter, values: Float64Array): void {
  const fit = fitOf(values);
  writer.u8(fit?.tag ?? RAW);
  if (fit === null) writer.bytes(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  else {
    writer.bytes(new Uint8Array(Float64Array.of(fit.least).buffer));
    writer.bytes(distancesOf(values, fit));
  }
}

function readDistances(reader: BitReader, length: number): Float64Array {
  const tag = reader.u8();
  const width = WIDTHS[tag & (2 ** SCALE_SHIFT - 1)];
  const scale = SCALES[tag >> SCALE_SHIFT];
  if (width === undefined || scale === undefined) throw new DamagedBlockError(`block: expected a width, got ${tag}`);
  if (width === DOUBLE_BYTES) return new Float64Array(copyOf(reader.bytes(length * width)));
  const least = new Float64Array(copyOf(reader.bytes(DOUBLE_BYTES)))[0] as number;
  const values = new Float64Array(length);
  if (width === 0) return values.fill(least / scale);
  const distances = numbersIn(copyOf(reader.bytes(length * width)), width);
  for (let i = 0; i < length; i++) values[i] = (least + (distances[i] as number)) / scale;
  return values;
}

/** Memory of its own, since numbers must lie at multiples of their size; a `Buffer`'s `slice` would be no copy. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** `null` when not all values are whole multiples that lie close enough together. */
function fitOf(values: Float64Array): Fit | null {
  for (const [place, scale] of SCALES.entries()) {
    const range = rangeOf(values, scale);
    if (range === null) continue;
    const [least, most] = range;
    const width = widthOf(most - least);
    return width === RAW ? null : { tag: width | (place << SCALE_SHIFT), scale, least };
  }
  return null;
}

function rangeOf(values: Float64Array, scale: number): readonly [number, number] | null {
  let least: number = Infinity;
  let most: number = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const whole = wholeOf(value, scale);
    // A zero of the other sign is none.
    if (whole / scale !== value || (value === 0 && 1 / value < 0)) return null;
    if (whole < least) least = whole;
    if (whole > most) most = whole;
  }
  return least >= -MOST_WHOLE && most <= MOST_WHOLE ? [least, most] : null;
}

function wholeOf(value: number, scale: number): number {
  return Math.floor(value * scale + 0.5);
}

function widthOf(range: number): number {
  if (range === 0) return 0;
  if (range < 2 ** 8) return 1;
  if (range < 2 ** 16) return 2;
  return range < 2 ** 32 ? 3 : RAW;
}

function distancesOf(values: Float64Array, { tag, scale, least }: Fit): Uint8Array {
  const width = WIDTHS[tag & (2 ** SCALE_SHIFT - 1)] as number;
  const bytes = new Uint8Array(values.length * width);
  if (width === 0) return bytes;
  const distances = numbersIn(bytes.buffer, width);
  for (let i = 0; i < values.length; i++) distances[i] = wholeOf(values[i] as number, scale) - least;
  return bytes;
}

/** Little-endian like everything that Node runs on. */
function numbersIn(buffer: ArrayBuffer, width: number): Uint8Array | Uint16Array | Uint32Array {
  if (width === 1) return new Uint8Array(buffer);
  return width === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}
