import { setImmediate as nextTurn } from "node:timers/promises";
import type { TierStats } from "../store.ts";
import type { TierIndex } from "./block-tables.ts";
import { ColumnMemory, lowerBound, type Piece } from "./columns.ts";
import { extentOf } from "./history-reader.ts";
import type { HourMemory } from "./memory.ts";
import { piecesOf } from "./memory-pieces.ts";
import { mayBeInBlocks } from "./notes.ts";
import type { OpenHistory } from "./open-history.ts";
import { BLOCK_SPANS_MS, floorTo, HOUR_SPAN_MS, STEPS_MS, TIERS } from "./tiers.ts";

/** Those who read get a turn after this many ms of counting. */
const SLICE_MS = 8;

/** Counts what each tier holds, blocks and memory together; nothing may be written meanwhile. */
export async function tierStats(history: OpenHistory): Promise<readonly TierStats[]> {
  const inMemory = TIERS.map(() => 0);
  const segmentBytes = TIERS.map(() => 0);
  for (const hour of history.memory.hours.values()) {
    for (const { segment, bytes } of hour.segments)
      segmentBytes[segment.tier] = (segmentBytes[segment.tier] ?? 0) + bytes;
    const counts = await countHour(history, hour);
    for (const tier of TIERS) inMemory[tier] = (inMemory[tier] ?? 0) + (counts[tier] ?? 0);
  }
  return TIERS.map((tier) => {
    const { samples = 0, bytes = 0 } = history.notes.totals[tier] ?? {};
    return {
      ...extentOf(history, tier),
      samples: samples + (inMemory[tier] ?? 0),
      bytes: bytes + (segmentBytes[tier] ?? 0),
    };
  });
}

/** Samples of an hour that memory holds and blocks do not, by tier. */
async function countHour(history: OpenHistory, hour: HourMemory): Promise<readonly number[]> {
  const memory = new ColumnMemory();
  const counts = TIERS.map(() => 0);
  const covered = TIERS.map(() => new Map<number, readonly (readonly [number, number])[]>());
  let since = performance.now();
  for (const [series, held] of hour.series) {
    const seconds = piecesIn(history, hour, series, 0, memory);
    for (const tier of TIERS) {
      const pieces = tier === 0 || !held.isRead ? seconds : piecesIn(history, hour, series, tier, memory);
      counts[tier] = (counts[tier] ?? 0) + countIntervals(pieces, STEPS_MS[tier]);
      // Of the coarse tiers, memory holds all of the hour.
      const ranges =
        tier > 0 && pieces.length > 0 ? [{ fromAt: hour.startAt, toAt: hour.startAt + HOUR_SPAN_MS }] : pieces;
      covered[tier]?.set(
        series,
        ranges.map(({ fromAt, toAt }) => [fromAt, toAt]),
      );
    }
    memory.reuse();
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  if (!mayBeInBlocks(history.notes, hour.startAt)) return counts;
  const twice = await Promise.all(TIERS.map((tier) => countTwice(history, hour, tier, covered[tier] ?? new Map())));
  return counts.map((count, tier) => count - (twice[tier] ?? 0));
}

function piecesIn(
  history: OpenHistory,
  hour: HourMemory,
  series: number,
  tier: TierIndex,
  memory: ColumnMemory,
): readonly Piece[] {
  const shape = { kind: history.series.kind(series), stepMs: STEPS_MS[tier], want: [] };
  return piecesOf(history, [hour], series, [hour.startAt, hour.startAt + HOUR_SPAN_MS], shape, memory);
}

/** How many intervals of that length the pieces are about; they come in order of time. */
function countIntervals(pieces: readonly Piece[], stepMs: number): number {
  let count = 0;
  let endAt = 0;
  for (const { columns } of pieces) {
    for (let row = 0; row < columns.length; row++) {
      const at = columns.at[row] as number;
      if (at < endAt) continue;
      count++;
      endAt = floorTo(at, stepMs) + stepMs;
    }
  }
  return count;
}

/** Samples of blocks that memory holds too. */
async function countTwice(
  history: OpenHistory,
  hour: HourMemory,
  tier: TierIndex,
  covered: ReadonlyMap<number, readonly (readonly [number, number])[]>,
): Promise<number> {
  const startAt = floorTo(hour.startAt, BLOCK_SPANS_MS[tier]);
  const range = { tier, series: [...covered.keys()], fromAt: startAt, toAt: startAt + 1, own: true };
  let count = 0;
  for (const row of await history.tables.readBlocks(range)) {
    const columns = history.blocks.decode(row, []);
    if (columns === null) continue;
    for (const [fromAt, toAt] of covered.get(row.series) ?? []) {
      count += lowerBound(columns.at, columns.length, toAt) - lowerBound(columns.at, columns.length, fromAt);
    }
  }
  return count;
}
