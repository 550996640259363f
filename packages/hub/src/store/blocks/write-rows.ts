import type { TierIndex } from "./block-tables.ts";
import { decodeBlock } from "./codec/block.ts";
import type { BlockColumns } from "./codec/block-columns.ts";
import { ALL_COLUMNS } from "./columns.ts";
import { FIELDS, type Intervals } from "./intervals.ts";
import type { HourMemory } from "./memory.ts";
import { mayBeInBlocks } from "./notes.ts";
import type { OpenHistory } from "./open-history.ts";
import { forEachRow } from "./rows.ts";
import { type SeriesHour, WINDOW_SLOTS } from "./series-hour.ts";
import { BLOCK_SPANS_MS, floorTo, HOUR_SPAN_MS, STEPS_MS, TIERS, WINDOW_MS } from "./tiers.ts";

/** A row whose hour or window has to be read from blocks first. */
interface LateRow {
  readonly series: number;
  readonly tier: TierIndex;
  readonly at: number;
  readonly numbers: Float64Array;
  readonly histogram: Uint8Array | undefined;
}

/**
 * Takes rows, which lie in a head row already, into memory. Samples of an hour
 * that is in blocks bring what is known of their series and hour along, so that
 * memory always holds all of a window, and of the coarser tiers all of an hour.
 * Answers the windows that were written to.
 */
export async function writeRows(
  history: OpenHistory,
  series: Uint32Array,
  rows: Uint8Array,
  append: number,
): Promise<ReadonlySet<number>> {
  const windows = new Set<number>();
  const late: LateRow[] = [];
  const { memory } = history;
  let hour: HourMemory | null = null;
  let windowAt = Number.NaN;
  let newestAt = 0;
  let count = 0;
  forEachRow(rows, (index, tier, at, numbers, histogram) => {
    const id = series[index] as number;
    if (hour === null || at < windowAt || at >= windowAt + WINDOW_MS) {
      hour = memory.hourOf(at);
      windowAt = floorTo(at, WINDOW_MS);
      windows.add(windowAt);
      hour.writtenBy = append;
      hour.written.set((windowAt - hour.startAt) / WINDOW_MS, append);
    }
    count++;
    if (at > newestAt) newestAt = at;
    hour.extend(tier, at);
    const held = place(history, hour, id, tier, at);
    if (held === null) late.push({ series: id, tier, at, numbers: numbers.slice(), histogram });
    else prepare(history, held, tier).write(tier, at, numbers, 0, histogram);
  });
  if (late.length > 0) await writeLate(history, late);
  history.newestAt = newestAt;
  history.rowsSinceFlush += count;
  return windows;
}

/** Has what was left to be read be read: what is written as it is counts more than what came before. */
function prepare(history: OpenHistory, held: SeriesHour, tier: TierIndex): SeriesHour {
  if (tier > 0 && !held.isRead) history.rollUp(held);
  return held;
}

/** Where a sample goes; `null` when blocks have to be asked first. */
function place(history: OpenHistory, hour: HourMemory, series: number, tier: TierIndex, at: number): SeriesHour | null {
  let held = hour.series.get(series);
  if (held === undefined) {
    if (mayBeInBlocks(history.notes, hour.startAt)) return null;
    held = history.memory.seriesHour(hour, series);
  }
  if (tier !== 0) return held;
  const window = Math.floor((at - hour.startAt) / WINDOW_MS);
  if (held.seconds(window) !== null) return held;
  if (mayBeInBlocks(history.notes, hour.startAt)) return null;
  openWindow(history, hour, held, series, window);
  return held;
}

/** Opens a window with the seconds of it that lie in a segment. */
function openWindow(history: OpenHistory, hour: HourMemory, held: SeriesHour, series: number, window: number): void {
  held.openWindow(window, readWindow(history, hour, series, window) ?? history.memory.takeSeconds());
}

/** The seconds of a window that lie in a segment; `null` where there are none, or they are damaged. */
export function readWindow(history: OpenHistory, hour: HourMemory, series: number, window: number): Intervals | null {
  const block = hour.block(series, window);
  if (block === undefined) return null;
  const windowAt = hour.startAt + window * WINDOW_MS;
  try {
    const columns = decodeBlock(block, ALL_COLUMNS);
    const seconds = history.memory.takeSeconds();
    eachRow(columns, windowAt, WINDOW_MS, (at, numbers, histogram) =>
      seconds.set((at - windowAt) / STEPS_MS[0], numbers, 0, histogram),
    );
    return seconds;
  } catch (error) {
    history.damaged(`segment of ${new Date(windowAt).toISOString()}, series ${series}`, error);
    return null;
  }
}

async function writeLate(history: OpenHistory, late: readonly LateRow[]): Promise<void> {
  for (const hourAt of new Set(late.map(({ at }) => floorTo(at, HOUR_SPAN_MS)))) {
    const rows = late.filter(({ at }) => floorTo(at, HOUR_SPAN_MS) === hourAt);
    const hour = history.memory.hourOf(hourAt);
    await bringBack(history, hour, windowsOf(rows, hourAt));
    for (const { series, tier, at, numbers, histogram } of rows) {
      const held = hour.series.get(series);
      if (held !== undefined) prepare(history, held, tier).write(tier, at, numbers, 0, histogram);
    }
  }
}

/** Of each series, the windows that seconds are written to. */
function windowsOf(rows: readonly LateRow[], hourAt: number): ReadonlyMap<number, ReadonlySet<number>> {
  const windows = new Map<number, Set<number>>();
  for (const { series, tier, at } of rows) {
    const ofSeries = windows.get(series) ?? new Set<number>();
    windows.set(series, ofSeries);
    if (tier === 0) ofSeries.add(Math.floor((at - hourAt) / WINDOW_MS));
  }
  return windows;
}

/**
 * Holds series of an hour in memory with all that blocks have of it: the
 * coarser tiers of the hour, and the seconds of the windows that are named.
 */
export async function bringBack(
  history: OpenHistory,
  hour: HourMemory,
  windows: ReadonlyMap<number, ReadonlySet<number>>,
): Promise<void> {
  const fresh = [...windows.keys()].filter((series) => !hour.series.has(series));
  for (const series of fresh) history.memory.seriesHour(hour, series);
  for (const tier of TIERS.slice(1)) {
    for (const [series, columns] of await readHour(history, hour.startAt, tier, fresh)) {
      const held = hour.series.get(series);
      eachRow(columns, hour.startAt, HOUR_SPAN_MS, (at, numbers, histogram) =>
        held?.fill(tier, at, numbers, histogram),
      );
    }
  }
  const opening = [...windows].filter(([series, ofSeries]) => {
    const held = hour.series.get(series);
    return [...ofSeries].some((window) => held?.seconds(window) === null);
  });
  const seconds = await readHour(
    history,
    hour.startAt,
    0,
    opening.map(([series]) => series),
  );
  for (const [series, ofSeries] of opening) {
    const held = history.memory.seriesHour(hour, series);
    for (const window of ofSeries) {
      if (held.seconds(window) !== null) continue;
      openWindow(history, hour, held, series, window);
      // A segment has all of its window, and is newer.
      const columns = seconds.get(series);
      if (columns !== undefined && hour.block(series, window) === undefined) fillSeconds(held, window, columns);
    }
  }
}

/** The blocks that hold the hour, of those series that have one. */
async function readHour(
  history: OpenHistory,
  hourAt: number,
  tier: TierIndex,
  series: readonly number[],
): Promise<ReadonlyMap<number, BlockColumns>> {
  const found = new Map<number, BlockColumns>();
  if (series.length === 0) return found;
  const startAt = floorTo(hourAt, BLOCK_SPANS_MS[tier]);
  for (const row of await history.tables.readBlocks({ tier, series, fromAt: startAt, toAt: startAt + 1, own: true })) {
    const columns = history.blocks.decode(row);
    if (columns !== null) found.set(row.series, columns);
  }
  return found;
}

/** Fills an open window with the seconds of columns that lie in it; nothing becomes stale. */
export function fillSeconds(held: SeriesHour, window: number, columns: BlockColumns): void {
  const seconds = held.seconds(window);
  const startAt = held.startAt + window * WINDOW_MS;
  eachRow(columns, startAt, WINDOW_SLOTS * STEPS_MS[0], (at, numbers, histogram) =>
    seconds?.set((at - startAt) / STEPS_MS[0], numbers, 0, histogram),
  );
}

/** Visits the intervals of columns that begin within `[startAt, startAt + spanMs)`. */
export function eachRow(
  { length, at: times, min, max, sum, count, last, histogram }: BlockColumns,
  startAt: number,
  spanMs: number,
  visit: (at: number, numbers: Float64Array, histogram: Uint8Array | undefined) => void,
): void {
  const numbers = new Float64Array(FIELDS);
  for (let row = 0; row < length; row++) {
    const at = times[row] as number;
    if (at < startAt || at >= startAt + spanMs) continue;
    numbers[0] = min[row] as number;
    numbers[1] = max[row] as number;
    numbers[2] = sum[row] as number;
    numbers[3] = count[row] as number;
    numbers[4] = last[row] as number;
    const bytes = histogram[row];
    visit(at, numbers, bytes === undefined || bytes.length === 0 ? undefined : bytes);
  }
}
