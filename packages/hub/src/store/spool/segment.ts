import { crc32 } from "node:zlib";
import { HISTORY_TIERS, type HistoryEvent } from "@wsight/protocol";
import { type PackedSamples, type PackedSeries, ROW_NUMBERS } from "../pack.ts";
import type { Batch } from "./batch.ts";

/** "WSSP". */
const MAGIC = 0x57535350;
/** Version 1 had no events, and intervals of any length. */
const VERSION = 2;
/** Magic, version, checksum of the rest, rows, bytes of names, of histograms; from version 2 on of events. */
const HEAD_WORDS: Readonly<Record<number, number>> = { 1: 6, 2: 7 };
const WORD_BYTES = 4;
const NUMBER_BYTES = 8;

/** A batch as the bytes of one file, with a checksum. */
export function encodeSegment({ samples, events }: Batch): Buffer {
  const { series, numbers, histogramSizes, histograms } = samples;
  const names = Buffer.from(JSON.stringify(series));
  const happened = Buffer.from(JSON.stringify(events));
  const words = [MAGIC, VERSION, 0, histogramSizes.length, names.length, histograms.length, happened.length];
  const head = Buffer.alloc(words.length * WORD_BYTES);
  for (const [index, word] of words.entries()) head.writeUInt32BE(word, index * WORD_BYTES);
  const bytes = Buffer.concat([head, names, bytesOf(numbers), bytesOf(histogramSizes), histograms, happened]);
  bytes.writeUInt32BE(crc32(bytes.subarray(3 * WORD_BYTES)), 2 * WORD_BYTES);
  return bytes;
}

/**
 * The batch of one file.
 * @throws Error saying what is damaged
 */
export function decodeSegment(bytes: Buffer): Batch {
  const word = (index: number): number => bytes.readUInt32BE(index * WORD_BYTES);
  if (bytes.length < 3 * WORD_BYTES || word(0) !== MAGIC) throw new Error("it is not a segment");
  const headWords = HEAD_WORDS[word(1)];
  if (headWords === undefined) throw new Error(`expected version ${VERSION} or older, got ${word(1)}`);
  if (word(2) !== crc32(bytes.subarray(3 * WORD_BYTES))) throw new Error("its checksum does not fit");
  const [rows, nameBytes, histogramBytes] = [word(3), word(4), word(5)];
  let offset = headWords * WORD_BYTES;
  // Copies, since numbers must lie at multiples of their size.
  const next = (size: number): Uint8Array<ArrayBuffer> => {
    const part = Uint8Array.from(bytes.subarray(offset, offset + size));
    offset += size;
    return part;
  };
  const samples: PackedSamples = {
    series: JSON.parse(Buffer.from(next(nameBytes)).toString()) as readonly PackedSeries[],
    numbers: new Float64Array(next(rows * ROW_NUMBERS * NUMBER_BYTES).buffer),
    histogramSizes: new Uint32Array(next(rows * WORD_BYTES).buffer),
    histograms: next(histogramBytes),
  };
  if (word(1) === 1) fitToTiers(samples.numbers);
  const events = word(1) === 1 ? [] : (JSON.parse(Buffer.from(next(word(6))).toString()) as readonly HistoryEvent[]);
  return { samples, events };
}

/** Intervals that no tier has become those of the next longer one. */
function fitToTiers(numbers: Float64Array): void {
  for (let start = 0; start < numbers.length; start += ROW_NUMBERS) {
    const interval = numbers[start + 2] as number;
    const step = (HISTORY_TIERS.find(({ stepMs }) => stepMs >= interval) ?? HISTORY_TIERS.at(-1))?.stepMs ?? interval;
    numbers[start + 1] = Math.floor((numbers[start + 1] as number) / step) * step;
    numbers[start + 2] = step;
  }
}

function bytesOf(numbers: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
