import { crc32 } from "node:zlib";
import { METRIC_KINDS } from "@wsight/protocol";
import type { ColumnName } from "../../reader.ts";
import { BitReader } from "./bit-reader.ts";
import { BitWriter } from "./bit-writer.ts";
import { type BlockColumns, DamagedBlockError } from "./block-columns.ts";
import { parseBuckets } from "./bucket-parser.ts";
import { printBuckets } from "./bucket-printer.ts";
import type { Buckets } from "./buckets.ts";
import { type HistogramContent, readHistograms, writeHistograms } from "./histogram-column.ts";
import { readColumn, writeColumn } from "./number-column.ts";
import { readPresence, writePresence } from "./presence.ts";
import { readQuickly, writeQuickly } from "./quick-columns.ts";
import { COLUMN_ORDER, type Known, type NumberColumn } from "./relations.ts";

/** First byte of a block; what comes behind its checksum depends on it. */
const VERSION = 1;
/** The same of a block that was written quickly. */
const QUICK = 2;
const CONTENT_AT = 5;
/** Longest block that is read: 400 days at one hour, or a day at one second, are far below. */
const MOST_INTERVALS = 1_000_000;
const NONE = new Float64Array(0);

/**
 * The columns as one self-describing block: version, checksum, then what is in
 * it. Nothing is rounded: any numbers come back bit by bit.
 */
export function encodeBlock(columns: BlockColumns): Uint8Array<ArrayBuffer> {
  const writer = beginBlock(VERSION, columns);
  if (columns.length > 0) writeContent(writer, columns);
  return endBlock(writer);
}

/** The same for what will soon be written anew: larger, but done with little work. */
export function encodeQuickBlock(columns: BlockColumns): Uint8Array<ArrayBuffer> {
  const { kind, stepMs, length } = columns;
  if (kind === "histogram" || length === 0) return encodeBlock(columns);
  const writer = beginBlock(QUICK, columns);
  writePresence(writer, columns.at.subarray(0, length), stepMs);
  return writeQuickly(writer, columns) ? endBlock(writer) : encodeBlock(columns);
}

function beginBlock(version: number, { kind, stepMs, length }: BlockColumns): BitWriter {
  const writer = new BitWriter(64 + 2 * length);
  writer.u8(version);
  writer.u32(0);
  writer.u8(METRIC_KINDS.indexOf(kind));
  writer.varint(stepMs);
  writer.varint(length);
  return writer;
}

function endBlock(writer: BitWriter): Uint8Array<ArrayBuffer> {
  const block = writer.written().slice();
  new DataView(block.buffer).setUint32(1, checksum(block), true);
  return block;
}

function writeContent(writer: BitWriter, columns: BlockColumns): void {
  const { kind, stepMs, length } = columns;
  const column = (name: NumberColumn): Float64Array => columns[name].subarray(0, length);
  const buckets = kind === "histogram" ? parseBuckets(columns.histogram, columns, length) : null;
  const known: Known = { column, buckets: () => buckets };
  writePresence(writer, columns.at.subarray(0, length), stepMs);
  for (const name of COLUMN_ORDER[kind]) {
    writer.section(() => writeColumn(writer, column(name), { kind, name, known }));
  }
  if (kind === "histogram") writer.section(() => writeHistograms(writer, columns.histogram, buckets));
}

/**
 * What {@link encodeBlock} or {@link encodeQuickBlock} was given; columns that are not wanted are empty.
 * @throws DamagedBlockError when the bytes are not what was encoded, or a later version wrote them
 */
export function decodeBlock(data: Uint8Array, want: readonly ColumnName[]): BlockColumns {
  const isQuick = data[0] === QUICK;
  if (data[0] !== VERSION && !isQuick) {
    throw new DamagedBlockError(`block: expected version ${VERSION} or ${QUICK}, got ${data[0]}`);
  }
  const reader = new BitReader(data, 1);
  const expected = reader.u32();
  if (checksum(data) !== expected) throw new DamagedBlockError("block: the checksum is another one");
  const kind = METRIC_KINDS[reader.u8()];
  if (kind === undefined) throw new DamagedBlockError("block: expected a kind of metric");
  const stepMs = reader.varint();
  const length = reader.count(MOST_INTERVALS);
  const at = length === 0 ? NONE : readPresence(reader, length, stepMs);
  if (isQuick) return quickColumns({ kind, stepMs, length, at }, want, readQuickly(reader, length));
  const book = new ColumnBook(reader, { kind, length });
  const wanted = (name: NumberColumn): Float64Array => (want.includes(name) ? book.column(name) : NONE);
  return {
    kind,
    stepMs,
    length,
    at,
    min: wanted("min"),
    max: wanted("max"),
    sum: wanted("sum"),
    count: wanted("count"),
    last: wanted("last"),
    histogram: want.includes("histogram") ? book.histograms() : [],
  };
}

function quickColumns(
  frame: Pick<BlockColumns, "kind" | "stepMs" | "length" | "at">,
  want: readonly ColumnName[],
  { min, max, sum, count, last }: ReturnType<typeof readQuickly>,
): BlockColumns {
  const wanted = (name: NumberColumn, column: Float64Array): Float64Array => (want.includes(name) ? column : NONE);
  return {
    ...frame,
    min: wanted("min", min),
    max: wanted("max", max),
    sum: wanted("sum", sum),
    count: wanted("count", count),
    last: wanted("last", last),
    histogram: [],
  };
}

/** The columns of one block, each read when it is asked for, since it may be foretold by others. */
class ColumnBook implements Known {
  readonly #kind: BlockColumns["kind"];
  readonly #length: number;
  readonly #sections = new Map<NumberColumn, BitReader>();
  readonly #columns = new Map<NumberColumn, Float64Array>();
  readonly #histogramSection: BitReader | null;
  #histogramContent: HistogramContent | null = null;

  constructor(reader: BitReader, { kind, length }: Pick<BlockColumns, "kind" | "length">) {
    this.#kind = kind;
    this.#length = length;
    if (length > 0) for (const name of COLUMN_ORDER[kind]) this.#sections.set(name, reader.section());
    this.#histogramSection = length > 0 && kind === "histogram" ? reader.section() : null;
  }

  column(name: NumberColumn): Float64Array {
    const known = this.#columns.get(name);
    if (known !== undefined) return known;
    const section = this.#sections.get(name);
    if (section === undefined) return NONE;
    const column = readColumn(section, this.#length, { kind: this.#kind, name, known: this });
    this.#columns.set(name, column);
    return column;
  }

  buckets(): Buckets | null {
    return this.#histograms()?.buckets ?? null;
  }

  histograms(): readonly Uint8Array[] {
    const content = this.#histograms();
    if (content === null || content.buckets === null) return content?.bytes ?? [];
    return printBuckets(content.buckets, {
      count: this.column("count"),
      sum: this.column("sum"),
      min: this.column("min"),
      max: this.column("max"),
    });
  }

  #histograms(): HistogramContent | null {
    if (this.#histogramSection === null) return null;
    this.#histogramContent ??= readHistograms(this.#histogramSection, this.#length);
    return this.#histogramContent;
  }
}

/** Of everything but the checksum itself. */
function checksum(block: Uint8Array): number {
  return crc32(block.subarray(CONTENT_AT), block[0]);
}
