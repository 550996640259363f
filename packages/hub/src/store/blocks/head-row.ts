import { crc32 } from "node:zlib";

const WORD_BYTES = 4;

/** A head row: checksum, the numbers of its series, and the rows as they came, which name series by their place in that list. */
export function encodeHeadRow(series: Uint32Array, rows: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(WORD_BYTES * (2 + series.length) + rows.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(WORD_BYTES, series.length, true);
  // Little-endian like everything that Node runs on.
  bytes.set(new Uint8Array(series.buffer, series.byteOffset, series.byteLength), WORD_BYTES * 2);
  bytes.set(rows, WORD_BYTES * (2 + series.length));
  view.setUint32(0, crc32(bytes.subarray(WORD_BYTES)), true);
  return bytes;
}

/** What {@link encodeHeadRow} was given; `null` when the bytes are damaged. */
export function decodeHeadRow(data: Uint8Array): { readonly series: Uint32Array; readonly rows: Uint8Array } | null {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length < 2 * WORD_BYTES || view.getUint32(0, true) !== crc32(data.subarray(WORD_BYTES))) return null;
  const count = view.getUint32(WORD_BYTES, true);
  // A copy, since numbers must lie at multiples of their size.
  const series = new Uint32Array(new Uint8Array(data.subarray(WORD_BYTES * 2, WORD_BYTES * (2 + count))).buffer);
  return { series, rows: data.subarray(WORD_BYTES * (2 + count)) };
}
