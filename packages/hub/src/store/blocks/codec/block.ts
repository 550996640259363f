import { crc32, deflateRawSync, inflateRawSync } from "node:zlib";
import { METRIC_KINDS } from "@wsight/protocol";
import type { ColumnName } from "../../reader.ts";
import { type BlockColumns, DamagedBlockError } from "./block-columns.ts";

const NUMBERS = ["at", "min", "max", "sum", "count", "last"] as const;

/** The columns as one self-describing block: version, checksum, content. */
export function encodeBlock(columns: BlockColumns): Uint8Array<ArrayBuffer> {
  const head = [METRIC_KINDS.indexOf(columns.kind), columns.stepMs, columns.histogram.length];
  const parts = [
    Float64Array.from([...head, columns.length]),
    ...NUMBERS.map((name) => columns[name].slice(0, columns.length)),
  ];
  const sizes = Float64Array.from(columns.histogram, (bytes) => bytes.length);
  const content = deflateRawSync(
    Buffer.concat([...[...parts, sizes].map((part) => Buffer.from(part.buffer)), ...columns.histogram]),
  );
  const block = new Uint8Array(content.length + 5);
  block.set(content, 5);
  new DataView(block.buffer).setUint32(1, crc32(content), true);
  return block;
}

/**
 * What {@link encodeBlock} was given, bit by bit; columns that are not wanted are empty.
 * @throws DamagedBlockError when the bytes are not what was encoded, or a later version wrote them
 */
export function decodeBlock(data: Uint8Array, want: readonly ColumnName[]): BlockColumns {
  if (data.length < 5 || data[0] !== 0) throw new DamagedBlockError(`block: expected version 0, got ${data[0]}`);
  const content = data.subarray(5);
  const sum = new DataView(data.buffer, data.byteOffset).getUint32(1, true);
  if (crc32(content) !== sum) throw new DamagedBlockError("block: expected another checksum");
  const bytes = inflateRawSync(content);
  let offset = 0;
  const numbers = (count: number): Float64Array => {
    const taken = new Float64Array(new Uint8Array(bytes.subarray(offset, offset + count * 8)).buffer);
    offset += count * 8;
    return taken;
  };
  const [kind = 0, stepMs = 0, histograms = 0, length = 0] = numbers(4);
  const [at, min, max, sums, count, last] = NUMBERS.map(() => numbers(length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const histogram = Array.from(numbers(histograms), (size) => {
    const taken = new Uint8Array(bytes.subarray(offset, offset + size));
    offset += size;
    return taken;
  });
  const none = new Float64Array(0);
  const pick = (name: ColumnName, column: Float64Array): Float64Array => (want.includes(name) ? column : none);
  return {
    kind: METRIC_KINDS[kind] ?? "gauge",
    stepMs,
    length,
    at,
    min: pick("min", min),
    max: pick("max", max),
    sum: pick("sum", sums),
    count: pick("count", count),
    last: pick("last", last),
    histogram: want.includes("histogram") ? histogram : [],
  };
}
