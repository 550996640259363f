import type { MetricKind, TierStep } from "@wsight/protocol";
import type { ColumnName } from "../reader.ts";
import type { BlockColumns } from "./codec/block-columns.ts";
import { FIELDS, type Intervals } from "./intervals.ts";

/** All columns of numbers, in the order of {@link Intervals}. */
const NUMBER_NAMES = ["min", "max", "sum", "count", "last"] as const;
/** All columns. */
export const ALL_COLUMNS: readonly ColumnName[] = [...NUMBER_NAMES, "histogram"];

const NONE = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);
/** Memory that columns are cut from: little for a small answer, more with each piece. */
const FIRST_SLAB = 2_048;
const LARGEST_SLAB = 65_536;

/** Rows `[from, to)` of columns. */
interface Part {
  readonly columns: BlockColumns;
  readonly from: number;
  readonly to: number;
}

/** What memory holds of `[fromAt, toAt)`, all of it: what blocks have there is older. */
export interface Piece {
  readonly fromAt: number;
  readonly toAt: number;
  readonly columns: BlockColumns;
}

/** Cuts columns from large pieces of memory: thousands of small ones are slow to make. */
export class ColumnMemory {
  #slab: Float64Array = NONE;
  #used = 0;

  take(length: number): Float64Array {
    if (this.#used + length > this.#slab.length) {
      if (length > FIRST_SLAB / 4 && length * 8 > this.#slab.length) return new Float64Array(length);
      this.#slab = new Float64Array(Math.min(LARGEST_SLAB, Math.max(FIRST_SLAB, this.#slab.length * 2)));
      this.#used = 0;
    }
    this.#used += length;
    return this.#slab.subarray(this.#used - length, this.#used);
  }

  /** What was taken may be overwritten from now on. */
  reuse(): void {
    this.#used = 0;
  }
}

/** What kind of columns, and which. */
export interface ColumnShape {
  readonly kind: MetricKind;
  readonly stepMs: TierStep;
  readonly want: readonly ColumnName[];
}

/** The slots `[from, to)` that are set as columns; slot `from` begins at `startAt`. `null` when none is set. */
export function columnsOf(
  intervals: Intervals,
  [from, to]: readonly [number, number],
  startAt: number,
  { kind, stepMs, want }: ColumnShape,
  memory: ColumnMemory,
): BlockColumns | null {
  const length = intervals.countIn(from, to);
  if (length === 0) return null;
  const { numbers } = intervals;
  const at = memory.take(length);
  const columns = NUMBER_NAMES.map((name) => (want.includes(name) ? memory.take(length) : NONE));
  const histogram: Uint8Array[] = [];
  const withHistograms = want.includes("histogram") && intervals.hasHistograms;
  let row = 0;
  for (let slot = from; slot < to; slot++) {
    if (!intervals.has(slot)) continue;
    at[row] = startAt + (slot - from) * stepMs;
    if (withHistograms) histogram.push(intervals.histogram(slot) ?? NO_BYTES);
    row++;
  }
  columns.forEach((column, field) => {
    if (column === NONE) return;
    let next = 0;
    for (let slot = from; slot < to; slot++) {
      if (intervals.has(slot)) column[next++] = numbers[slot * FIELDS + field] as number;
    }
  });
  const [min = NONE, max = NONE, sum = NONE, count = NONE, last = NONE] = columns;
  return { kind, stepMs, length, at, min, max, sum, count, last, histogram };
}

/**
 * Puts blocks and pieces of memory together within `[fromAt, toAt)`; where a
 * piece is, it counts. Blocks and pieces each come in order of time and do not
 * overlap among themselves. `null` for nothing.
 */
export function assemble(
  blocks: readonly BlockColumns[],
  pieces: readonly Piece[],
  [fromAt, toAt]: readonly [number, number],
  shape: ColumnShape,
  memory: ColumnMemory,
): BlockColumns | null {
  const parts: Part[] = [];
  for (const block of blocks) addUncovered(block, pieces, [fromAt, toAt], parts);
  for (const { columns } of pieces) addPart(columns, fromAt, toAt, parts);
  if (parts.length > 1) parts.sort((a, b) => (a.columns.at[a.from] as number) - (b.columns.at[b.from] as number));
  const [only] = parts;
  if (only === undefined) return null;
  if (parts.length === 1) return cut(only);
  return join(parts, shape, memory);
}

/** The parts of a block that no piece covers. */
function addUncovered(
  block: BlockColumns,
  pieces: readonly Piece[],
  [fromAt, toAt]: readonly [number, number],
  parts: Part[],
): void {
  let startAt = fromAt;
  for (const piece of pieces) {
    if (piece.toAt <= startAt) continue;
    if (piece.fromAt >= toAt) break;
    addPart(block, startAt, piece.fromAt, parts);
    startAt = piece.toAt;
  }
  addPart(block, startAt, toAt, parts);
}

function addPart(columns: BlockColumns, fromAt: number, toAt: number, parts: Part[]): void {
  if (fromAt >= toAt) return;
  const from = lowerBound(columns.at, columns.length, fromAt);
  const to = lowerBound(columns.at, columns.length, toAt);
  if (from < to) parts.push({ columns, from, to });
}

function cut({ columns, from, to }: Part): BlockColumns {
  if (from === 0 && to === columns.length) return columns;
  const of = (column: Float64Array): Float64Array => (column.length === 0 ? NONE : column.subarray(from, to));
  return {
    kind: columns.kind,
    stepMs: columns.stepMs,
    length: to - from,
    at: of(columns.at),
    min: of(columns.min),
    max: of(columns.max),
    sum: of(columns.sum),
    count: of(columns.count),
    last: of(columns.last),
    histogram: columns.histogram.length === 0 ? [] : columns.histogram.slice(from, to),
  };
}

function join(parts: readonly Part[], { kind, stepMs, want }: ColumnShape, memory: ColumnMemory): BlockColumns {
  const length = parts.reduce((sum, { from, to }) => sum + to - from, 0);
  const of = (name: "at" | (typeof NUMBER_NAMES)[number]): Float64Array => {
    if (name !== "at" && !want.includes(name)) return NONE;
    const joined = memory.take(length);
    let offset = 0;
    for (const { columns, from, to } of parts) {
      joined.set(columns[name].subarray(from, to), offset);
      offset += to - from;
    }
    return joined;
  };
  return {
    kind,
    stepMs,
    length,
    at: of("at"),
    min: of("min"),
    max: of("max"),
    sum: of("sum"),
    count: of("count"),
    last: of("last"),
    histogram: want.includes("histogram") ? joinHistograms(parts) : [],
  };
}

function joinHistograms(parts: readonly Part[]): readonly Uint8Array[] {
  if (parts.every(({ columns }) => columns.histogram.length === 0)) return [];
  return parts.flatMap(({ columns, from, to }) =>
    columns.histogram.length === 0
      ? new Array<Uint8Array>(to - from).fill(NO_BYTES)
      : columns.histogram.slice(from, to),
  );
}

/** Place of the first time at or after `at`. */
export function lowerBound(times: Float64Array, length: number, at: number): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}
