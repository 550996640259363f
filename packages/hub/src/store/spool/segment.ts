import { crc32 } from "node:zlib";
import type { Sample } from "../old-store.ts";
import { type PackedSamples, type PackedSeries, ROW_NUMBERS, SamplePacker, SampleUnpacker } from "../pack.ts";

/** "WSSP" and the version of what follows. */
const MAGIC = 0x57535350;
const VERSION = 1;
/** Magic, version, checksum of the rest, rows, bytes of names, bytes of histograms. */
const HEAD_BYTES = 24;
const NUMBER_BYTES = 8;
const SIZE_BYTES = 4;

/** Samples as the bytes of one file, with a checksum. */
export function encodeSegment(samples: readonly Sample[]): Buffer {
  const { series, numbers, histogramSizes, histograms } = new SamplePacker().pack(samples);
  const names = Buffer.from(JSON.stringify(series));
  const body = [names, bytesOf(numbers), bytesOf(histogramSizes), histograms];
  const head = Buffer.alloc(HEAD_BYTES);
  const words = [MAGIC, VERSION, 0, samples.length, names.length, histograms.length];
  for (const [index, word] of words.entries()) head.writeUInt32BE(word, index * 4);
  const bytes = Buffer.concat([head, ...body]);
  bytes.writeUInt32BE(crc32(bytes.subarray(12)), 8);
  return bytes;
}

/**
 * Samples of one file; those of metrics this version does not know are left out.
 * @throws Error saying what is damaged
 */
export function decodeSegment(bytes: Buffer): readonly Sample[] {
  const word = (index: number): number => bytes.readUInt32BE(index * 4);
  if (bytes.length < HEAD_BYTES || word(0) !== MAGIC) throw new Error("it is not a segment");
  if (word(1) !== VERSION) throw new Error(`expected version ${VERSION}, got ${word(1)}`);
  if (word(2) !== crc32(bytes.subarray(12))) throw new Error("its checksum does not fit");
  const [rows, nameBytes, histogramBytes] = [word(3), word(4), word(5)];
  let offset = HEAD_BYTES;
  // Copies, since numbers must lie at multiples of their size.
  const next = (size: number): Uint8Array<ArrayBuffer> => {
    const part = Uint8Array.from(bytes.subarray(offset, offset + size));
    offset += size;
    return part;
  };
  const series = JSON.parse(Buffer.from(next(nameBytes)).toString()) as readonly PackedSeries[];
  const packed: PackedSamples = {
    series,
    numbers: new Float64Array(next(rows * ROW_NUMBERS * NUMBER_BYTES).buffer),
    histogramSizes: new Uint32Array(next(rows * SIZE_BYTES).buffer),
    histograms: next(histogramBytes),
  };
  const samples: Sample[] = [];
  new SampleUnpacker().unpack(packed, samples);
  return samples;
}

function bytesOf(numbers: Float64Array | Uint32Array): Uint8Array {
  return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
}
