import { setImmediate as nextTurn } from "node:timers/promises";
import type { MetricKind } from "@wsight/protocol";
import type { SegmentRow, TierIndex } from "./block-tables.ts";
import { encodeBlock, encodeQuickBlock } from "./codec/block.ts";
import type { BlockColumns } from "./codec/block-columns.ts";
import { ALL_COLUMNS, columnsOf } from "./columns.ts";
import { Intervals } from "./intervals.ts";
import type { HourMemory } from "./memory.ts";
import type { HeadEntry, OpenHistory } from "./open-history.ts";
import { encodeSegment, type Segment } from "./segment.ts";
import { type SeriesHour, WINDOW_SLOTS } from "./series-hour.ts";
import { STEPS_MS, TIERS, WINDOW_MS } from "./tiers.ts";

/** Those who read get a turn after this many ms of encoding. */
const SLICE_MS = 8;

/** A window that was written to. */
export interface WrittenWindow {
  readonly hour: HourMemory;
  readonly window: number;
}

/**
 * Moves windows from memory and head rows to segments: compressed, and out of
 * the way of a restart. Head rows that no other window needs go in the same
 * transaction, oldest first and without a gap: what is left of them can be
 * done again on top of the segments, in order, with the same result.
 */
export async function flushWindows(history: OpenHistory, due: readonly WrittenWindow[]): Promise<void> {
  const segments: { readonly row: SegmentRow; readonly segment: Segment; readonly hour: HourMemory }[] = [];
  for (const { hour, window } of due) {
    for (const segment of await segmentsOf(history, hour, window)) {
      const row = { id: history.lastSegmentId + segments.length + 1, data: encodeSegment(segment) };
      segments.push({ row, segment, hour });
    }
  }
  const head = entriesNeeded(history, due);
  const dropped = history.head[history.head.length - head.length - 1];
  await history.tables.write({
    addSegments: segments.map(({ row }) => row),
    ...(dropped === undefined ? {} : { dropHeadTo: dropped.id }),
  });
  history.lastSegmentId += segments.length;
  history.head = head;
  for (const { row, segment, hour } of segments) hour.segments.push({ id: row.id, segment, bytes: row.data.length });
  for (const { hour, window } of due) close(history, hour, window);
  history.rowsSinceFlush = 0;
  history.flushedAt = performance.now();
}

/** Head rows that have to stay: from the first on that wrote to a window which is not moved. */
function entriesNeeded(history: OpenHistory, due: readonly WrittenWindow[]): HeadEntry[] {
  const staying = new Set<number>();
  for (const hour of history.memory.hours.values()) {
    for (const window of hour.written.keys()) {
      if (!due.some((moved) => moved.hour === hour && moved.window === window)) {
        staying.add(hour.startAt + window * WINDOW_MS);
      }
    }
  }
  const first = history.head.findIndex(({ windows }) => [...windows].some((at) => staying.has(at)));
  return first === -1 ? [] : history.head.slice(first);
}

async function segmentsOf(history: OpenHistory, hour: HourMemory, window: number): Promise<readonly Segment[]> {
  const windowAt = hour.startAt + window * WINDOW_MS;
  const byTier = TIERS.map(() => new Map<number, Uint8Array>());
  let since = performance.now();
  for (const [series, held] of hour.series) {
    held.rollUpWritten(history.together, history.notes.deletedTo);
    for (const [tier, columns] of writtenColumns(history, held, series, window)) {
      byTier[tier]?.set(series, encodeQuickBlock(plainWhereBare(columns)));
      history.scratch.reuse();
    }
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  return TIERS.map((tier) => ({ tier, windowAt, blocks: byTier[tier] ?? new Map() })).filter(
    ({ blocks }) => blocks.size > 0,
  );
}

/** What was written to a window, by tier: all its seconds, and coarser intervals that are not put together from finer ones. */
function* writtenColumns(
  history: OpenHistory,
  held: SeriesHour,
  series: number,
  window: number,
): Generator<readonly [TierIndex, BlockColumns]> {
  const kind = history.series.kind(series);
  const windowAt = held.startAt + window * WINDOW_MS;
  const seconds = held.seconds(window);
  if (seconds !== null) {
    const shape = { kind, stepMs: STEPS_MS[0], want: ALL_COLUMNS };
    const columns = columnsOf(seconds, [0, WINDOW_SLOTS], windowAt, shape, history.scratch);
    if (columns !== null) yield [0, columns];
  }
  if (!held.hasUnsaved(window)) return;
  for (const tier of TIERS.slice(1)) {
    const columns = ownColumns(history, held, [tier, windowAt], kind);
    if (columns !== null) yield [tier, columns];
  }
}

function ownColumns(
  history: OpenHistory,
  held: SeriesHour,
  [tier, windowAt]: readonly [TierIndex, number],
  kind: MetricKind,
): BlockColumns | null {
  const stepMs = STEPS_MS[tier];
  const { intervals, from } = held.coarse(tier);
  const slots = Math.max(1, WINDOW_MS / stepMs);
  const own = new Intervals(slots);
  for (let index = 0; index < slots; index++) {
    const at = windowAt + index * stepMs;
    const slot = from + (at - held.startAt) / stepMs;
    if (!Number.isInteger(slot) || !held.isOwn(tier, at)) continue;
    own.set(index, intervals.numbers, slot * 5, intervals.histogram(slot));
  }
  return columnsOf(own, [0, slots], windowAt, { kind, stepMs, want: ALL_COLUMNS }, history.scratch);
}

/** Columns as a block of their own kind. */
export function encode(columns: BlockColumns): Uint8Array {
  return encodeBlock(plainWhereBare(columns));
}

/** A series of distributions may have intervals without one; when none has, its blocks are those of plain numbers. */
function plainWhereBare(columns: BlockColumns): BlockColumns {
  if (columns.kind === "histogram" && columns.histogram.some((bytes) => bytes.length > 0)) return columns;
  if (columns.histogram.some((bytes) => bytes.length > 0)) return { ...columns, kind: "histogram" };
  if (columns.kind !== "histogram" && columns.histogram.length === 0) return columns;
  return { ...columns, kind: columns.kind === "histogram" ? "gauge" : columns.kind, histogram: [] };
}

function close({ memory }: OpenHistory, hour: HourMemory, window: number): void {
  hour.written.delete(window);
  for (const held of hour.series.values()) {
    const seconds = held.closeWindow(window);
    if (seconds !== null) memory.giveBack(seconds);
  }
}
