import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { DamagedBlockError } from "./block-columns.ts";
import { readWholeNumbers, writeWholeNumbers } from "./whole-numbers.ts";
import { wordsOf } from "./words.ts";

/** Writes numbers that are no multiples of anything: those that differ from the one before, their high words foretold, their low words as they are. */
export function writeFloats(writer: BitWriter, values: Float64Array): void {
  const words = wordsOf(values);
  const isNew = new Float64Array(values.length - 1);
  const high: number[] = [words[1] as number];
  const low: number[] = [words[0] as number];
  for (let i = 2; i < words.length; i += 2) {
    const [lowWord, highWord] = [words[i] as number, words[i + 1] as number];
    if (lowWord === words[i - 2] && highWord === words[i - 1]) continue;
    isNew[i / 2 - 1] = 1;
    high.push(highWord);
    low.push(lowWord);
  }
  const repeats = high.length < values.length;
  const shift = commonZeros(low);
  writer.u8(shift);
  writer.u8(repeats ? 1 : 0);
  if (repeats) writer.rice(isNew);
  writeWholeNumbers(writer, Float64Array.from(high));
  if (shift < 32)
    writer.fixed(
      Uint32Array.from(low, (word) => word >>> shift),
      32 - shift,
    );
}

/** Reads what {@link writeFloats} wrote. */
export function readFloats(reader: BitReader, length: number): Float64Array {
  const values = new Float64Array(length);
  const words = wordsOf(values);
  const shift = reader.u8();
  if (shift > 32) throw new DamagedBlockError(`block: expected at most 32 zeros, got ${shift}`);
  const isNew = reader.u8() === 0 ? null : reader.rice(length - 1);
  const different = isNew === null ? length : isNew.reduce((count, one) => count + one, 1);
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
function commonZeros(words: readonly number[]): number {
  let all = 0;
  for (const word of words) all |= word;
  return all === 0 ? 32 : 31 - Math.clz32(all & -all);
}
