import { decodeBlock } from "./codec/block.ts";
import type { BlockColumns } from "./codec/block-columns.ts";
import { type ColumnMemory, type ColumnShape, columnsOf, type Piece } from "./columns.ts";
import type { HourMemory } from "./memory.ts";
import type { OpenHistory } from "./open-history.ts";
import { type SeriesHour, WINDOW_SLOTS } from "./series-hour.ts";
import { HOUR_SPAN_MS, HOUR_WINDOWS, tierOf, WINDOW_MS } from "./tiers.ts";

/** What memory holds of a series in the hours, at one tier, oldest first. */
export function piecesOf(
  history: OpenHistory,
  hours: readonly HourMemory[],
  series: number,
  [fromAt, toAt]: readonly [number, number],
  shape: ColumnShape,
  memory: ColumnMemory,
): readonly Piece[] {
  const pieces: Piece[] = [];
  for (const hour of hours) {
    const held = hour.series.get(series);
    if (held === undefined) continue;
    if (shape.stepMs === 1_000) addSeconds(history, { hour, held, series }, [fromAt, toAt], shape, memory, pieces);
    else addCoarse(history, held, [fromAt, toAt], shape, memory, pieces);
  }
  return pieces;
}

interface Place {
  readonly hour: HourMemory;
  readonly held: SeriesHour;
  readonly series: number;
}

function addSeconds(
  history: OpenHistory,
  place: Place,
  [fromAt, toAt]: readonly [number, number],
  shape: ColumnShape,
  memory: ColumnMemory,
  pieces: Piece[],
): void {
  for (let window = 0; window < HOUR_WINDOWS; window++) {
    const windowAt = place.hour.startAt + window * WINDOW_MS;
    if (windowAt >= toAt || windowAt + WINDOW_MS <= fromAt) continue;
    const columns = secondsOf(history, place, window, shape, memory);
    if (columns !== null) pieces.push({ fromAt: windowAt, toAt: windowAt + WINDOW_MS, columns });
  }
}

function secondsOf(
  history: OpenHistory,
  { hour, held, series }: Place,
  window: number,
  shape: ColumnShape,
  memory: ColumnMemory,
): BlockColumns | null {
  const windowAt = hour.startAt + window * WINDOW_MS;
  const seconds = held.seconds(window);
  if (seconds !== null) return columnsOf(seconds, [0, WINDOW_SLOTS], windowAt, shape, memory);
  const block = hour.block(series, window);
  if (block === undefined) return null;
  try {
    return decodeBlock(block, shape.want);
  } catch (error) {
    history.damaged(`segment of ${new Date(windowAt).toISOString()}, series ${series}`, error);
    return null;
  }
}

function addCoarse(
  history: OpenHistory,
  held: SeriesHour,
  [fromAt, toAt]: readonly [number, number],
  shape: ColumnShape,
  memory: ColumnMemory,
  pieces: Piece[],
): void {
  const { startAt } = held;
  const { stepMs } = shape;
  const tier = tierOf(stepMs);
  if (tier === undefined) return;
  history.rollUp(held);
  const { intervals, from, to } = held.coarse(tier);
  const first = Math.max(from, from + Math.ceil((fromAt - startAt) / stepMs));
  const end = Math.min(to, from + Math.ceil((toAt - startAt) / stepMs));
  if (first >= end) return;
  const columns = columnsOf(intervals, [first, end], startAt + (first - from) * stepMs, shape, memory);
  if (columns !== null) pieces.push({ fromAt: startAt, toAt: startAt + HOUR_SPAN_MS, columns });
}
