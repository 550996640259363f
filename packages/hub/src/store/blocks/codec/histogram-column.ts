import { MAX_INDEX, MIN_INDEX } from "@wsight/protocol";
import type { BitReader } from "./bit-reader.ts";
import type { BitWriter } from "./bit-writer.ts";
import { type BlockColumns, DamagedBlockError } from "./block-columns.ts";
import { HistogramParser } from "./histogram-parser.ts";
import { HistogramPrinter } from "./histogram-printer.ts";
import type { Known } from "./relations.ts";
import { readWholeNumbers, writeWholeNumbers } from "./whole-numbers.ts";

/** How the histograms are written. */
const NONE = 0;
const TAKEN_APART = 1;
const AS_THEY_ARE = 2;

/**
 * Writes the histograms of a block. What their totals say stands in the other
 * columns already; the rest is taken apart into lists of what is alike.
 */
export function writeHistograms(writer: BitWriter, columns: BlockColumns): void {
  const { histogram, length } = columns;
  if (histogram.length < length) {
    writer.u8(NONE);
    return;
  }
  const parser = new HistogramParser();
  for (let i = 0; i < length; i++) {
    if (parser.take(histogram[i] as Uint8Array, columns, i)) continue;
    writer.u8(AS_THEY_ARE);
    writeAsTheyAre(writer, histogram);
    return;
  }
  writer.u8(TAKEN_APART);
  const { zeros, used, firsts, gaps, counts } = parser;
  writeWholeNumbers(writer, Float64Array.from(zeros));
  writeWholeNumbers(writer, Float64Array.from(used));
  if (firsts.length > 0) writeWholeNumbers(writer, Float64Array.from(firsts));
  writer.rice(Float64Array.from(gaps));
  writer.rice(Float64Array.from(counts));
}

/** Reads what {@link writeHistograms} wrote. */
export function readHistograms(reader: BitReader, length: number, known: Known): readonly Uint8Array[] {
  switch (reader.u8()) {
    case NONE:
      return [];
    case TAKEN_APART:
      return readTakenApart(reader, length, known);
    case AS_THEY_ARE:
      return readAsTheyAre(reader, length);
    default:
      throw new DamagedBlockError("block: expected a way of writing histograms");
  }
}

function readTakenApart(reader: BitReader, length: number, known: Known): readonly Uint8Array[] {
  const zeros = readWholeNumbers(reader, length);
  const used = readWholeNumbers(reader, length);
  let withAny = 0;
  let buckets = 0;
  for (const count of used) {
    if (!(count >= 0 && count <= MAX_INDEX - MIN_INDEX + 1)) throw new DamagedBlockError("block: expected buckets");
    if (count > 0) withAny++;
    buckets += count;
  }
  const firsts = withAny > 0 ? readWholeNumbers(reader, withAny) : new Float64Array(0);
  const gaps = reader.rice(buckets - withAny);
  const counts = reader.rice(buckets - withAny);
  const totals = { count: known("count"), sum: known("sum"), min: known("min"), max: known("max") };
  return new HistogramPrinter({ zeros, used, firsts, gaps, counts }, totals).print();
}

function writeAsTheyAre(writer: BitWriter, histograms: readonly Uint8Array[]): void {
  for (const bytes of histograms) {
    writer.varint(bytes.length);
    writer.bytes(bytes);
  }
}

function readAsTheyAre(reader: BitReader, length: number): readonly Uint8Array[] {
  return Array.from({ length }, () => reader.bytes(reader.varint()));
}
