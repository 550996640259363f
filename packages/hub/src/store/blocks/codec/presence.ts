import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { DamagedBlockError } from "./block-columns.ts";

/** Writes which intervals there are: the first, then runs without a gap and the gaps between. At least one. */
export function writePresence(writer: BitWriter, at: Float64Array, stepMs: number): void {
  const runs: number[] = [];
  let start = 0;
  for (let i = 1; i < at.length; i++) {
    const gap = ((at[i] as number) - (at[i - 1] as number)) / stepMs - 1;
    if (gap === 0) continue;
    runs.push(i - start, gap);
    start = i;
  }
  writer.zigzag((at[0] as number) / stepMs);
  writer.varint(runs.length / 2);
  for (const run of runs) writer.varint(run);
}

/** Reads what {@link writePresence} wrote. */
export function readPresence(reader: BitReader, length: number, stepMs: number): Float64Array {
  const at = new Float64Array(length);
  let next = reader.zigzag();
  let i = 0;
  for (let left = reader.count(length); left >= 0; left--) {
    const run = left === 0 ? length - i : reader.count(length - i);
    for (const end = i + run; i < end; i++) at[i] = next++ * stepMs;
    if (left > 0) next += reader.varint();
  }
  if (!((at[length - 1] as number) <= Number.MAX_SAFE_INTEGER)) throw new DamagedBlockError("block: expected times");
  return at;
}
