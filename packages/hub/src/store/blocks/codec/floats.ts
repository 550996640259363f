import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { DamagedBlockError } from "./block-columns.ts";
import { readWholeNumbers, writeWholeNumbers } from "./whole-numbers.ts";
import { wordsOf } from "./words.ts";

/**
 * Writes numbers that are no multiples of anything: those that differ from the
 * one before, their high words foretold, their low words as they are.
 */
export function writeFloats(writer: BitWriter, values: Float64Array): void {
  const words = wordsOf(values);
  const isNew = new Float64Array(values.length - 1);
  const high = new Float64Array(values.length);
  const low = new Uint32Array(values.length);
  let different = 0;
  for (let i = 0; i < values.length; i++) {
    const [lowWord, highWord] = [words[2 * i] as number, words[2 * i + 1] as number];
    if (i > 0) {
      if (lowWord === low[different - 1] && highWord === high[different - 1]) continue;
      isNew[i - 1] = 1;
    }
    low[different] = lowWord;
    high[different++] = highWord;
  }
  const shift = commonZeros(low.subarray(0, different));
  writer.u8(shift);
  writer.u8(different < values.length ? 1 : 0);
  if (different < values.length) writer.rice(isNew);
  writeWholeNumbers(writer, high.subarray(0, different));
  if (shift === 32) return;
  for (let i = 0; i < different; i++) low[i] = (low[i] as number) >>> shift;
  writer.fixed(low.subarray(0, different), 32 - shift);
}

/** Reads what {@link writeFloats} wrote. */
export function readFloats(reader: BitReader, length: number): Float64Array {
  const values = new Float64Array(length);
  const words = wordsOf(values);
  const shift = reader.u8();
  if (shift > 32) throw new DamagedBlockError(`block: expected at most 32 zeros, got ${shift}`);
  const isNew = reader.u8() === 0 ? null : reader.rice(length - 1);
  const different = isNew === null ? length : countOf(isNew) + 1;
  const high = readWholeNumbers(reader, different);
  const low = shift < 32 ? reader.fixed(different, 32 - shift) : new Uint32Array(different);
  let at = -1;
  for (let i = 0; i < length; i++) {
    if (i === 0 || isNew === null || isNew[i - 1] !== 0) at++;
    words[2 * i] = shift < 32 ? (low[at] as number) << shift : 0;
    words[2 * i + 1] = high[at] as number;
  }
  return values;
}

/** Zero bits that all words end with. */
function commonZeros(words: Uint32Array): number {
  let all = 0;
  for (let i = 0; i < words.length; i++) all |= words[i] as number;
  return all === 0 ? 32 : 31 - Math.clz32(all & -all);
}

function countOf(ones: Float64Array): number {
  let count = 0;
  for (let i = 0; i < ones.length; i++) if (ones[i] !== 0) count++;
  return count;
}
