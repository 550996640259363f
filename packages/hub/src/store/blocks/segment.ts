import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter } from "@wsight/protocol";
import type { TierIndex } from "./block-tables.ts";

const CHECKSUM_BYTES = 4;

/** What one segment holds: the samples of many series that were written to one tier within one window, a block each. */
export interface Segment {
  readonly tier: TierIndex;
  /** Start of the window, ms epoch. */
  readonly windowAt: number;
  /** By number of the series. */
  readonly blocks: ReadonlyMap<number, Uint8Array>;
}

/** A segment as the bytes of one row, with a checksum. */
export function encodeSegment({ tier, windowAt, blocks }: Segment): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(65_536);
  writer.bytes(new Uint8Array(CHECKSUM_BYTES));
  writer.u8(tier);
  writer.varint(windowAt);
  writer.varint(blocks.size);
  for (const [series, block] of blocks) {
    writer.varint(series);
    writer.block(block);
  }
  const bytes = writer.finish();
  new DataView(bytes.buffer).setUint32(0, crc32(bytes.subarray(CHECKSUM_BYTES)), true);
  return bytes;
}

/** What {@link encodeSegment} was given, as views of `data`; `null` when the bytes are damaged. */
export function decodeSegment(data: Uint8Array): Segment | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < CHECKSUM_BYTES || view.getUint32(0, true) !== crc32(data.subarray(CHECKSUM_BYTES))) return null;
  const reader = new ByteReader(data.subarray(CHECKSUM_BYTES));
  const tier = reader.u8() as TierIndex;
  const windowAt = reader.varint();
  const blocks = new Map<number, Uint8Array>();
  for (let left = reader.varint(); left > 0; left--) blocks.set(reader.varint(), reader.block());
  return { tier, windowAt, blocks };
}
