import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { DamagedBlockError } from "./block-columns.ts";
import { type Buckets, canBeUsed } from "./buckets.ts";
import { readWholeNumbers, writeWholeNumbers } from "./whole-numbers.ts";

/** How distributions are written: not at all, taken apart, byte by byte. */
const NONE = 0;
const TAKEN_APART = 1;
const AS_THEY_ARE = 2;

/** What {@link readHistograms} finds: buckets that need their totals to be bytes again, or the bytes. */
export interface HistogramContent {
  readonly buckets: Buckets | null;
  readonly bytes: readonly Uint8Array[];
}

/** Writes the distributions of a block; `buckets` is `null` when they can't be taken apart. */
export function writeHistograms(writer: BitWriter, histograms: readonly Uint8Array[], buckets: Buckets | null): void {
  if (buckets === null) {
    writeAsTheyAre(writer, histograms);
    return;
  }
  const { zeros, used, firsts, gaps, counts } = buckets;
  writer.u8(TAKEN_APART);
  writeWholeNumbers(writer, zeros);
  writeWholeNumbers(writer, used);
  if (firsts.length > 0) writeWholeNumbers(writer, firsts);
  if (gaps.length > 0) {
    writer.rice(gaps);
    writer.rice(counts);
  }
}

/** Reads what {@link writeHistograms} wrote. */
export function readHistograms(reader: BitReader, length: number): HistogramContent {
  switch (reader.u8()) {
    case NONE:
      return { buckets: null, bytes: [] };
    case TAKEN_APART:
      return { buckets: readBuckets(reader, length), bytes: [] };
    case AS_THEY_ARE:
      return { buckets: null, bytes: Array.from({ length }, () => reader.bytes(reader.varint())) };
    default:
      throw new DamagedBlockError("block: expected a way of writing distributions");
  }
}

function readBuckets(reader: BitReader, length: number): Buckets {
  const zeros = readWholeNumbers(reader, length);
  const used = readWholeNumbers(reader, length);
  let withAny = 0;
  let all = 0;
  for (const buckets of used) {
    if (!canBeUsed(buckets)) throw new DamagedBlockError(`block: expected a number of buckets, got ${buckets}`);
    if (buckets > 0) withAny++;
    all += buckets;
  }
  const none = new Float64Array(0);
  const firsts = withAny > 0 ? readWholeNumbers(reader, withAny) : none;
  const between = all - withAny;
  const gaps = between > 0 ? reader.rice(between) : none;
  return { zeros, used, firsts, gaps, counts: between > 0 ? reader.rice(between) : none };
}

function writeAsTheyAre(writer: BitWriter, histograms: readonly Uint8Array[]): void {
  writer.u8(histograms.length === 0 ? NONE : AS_THEY_ARE);
  for (const bytes of histograms) {
    writer.varint(bytes.length);
    writer.bytes(bytes);
  }
}
