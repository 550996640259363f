import { setImmediate as nextTurn } from "node:timers/promises";
import type { TierStats } from "../store.ts";
import type { TierIndex } from "./block-tables.ts";
import { ColumnMemory, lowerBound } from "./columns.ts";
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
    for (const tier of TIERS) inMemory[tier] = (inMemory[tier] ?? 0) + (await countHour(history, hour, tier));
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

/** Samples of an hour that memory holds and blocks do not. */
async function countHour(history: OpenHistory, hour: HourMemory, tier: TierIndex): Promise<number> {
  const memory = new ColumnMemory();
  const range: readonly [number, number] = [hour.startAt, hour.startAt + HOUR_SPAN_MS];
  const covered = new Map<number, readonly (readonly [number, number])[]>();
  let count = 0;
  let since = performance.now();
  for (const series of hour.series.keys()) {
    const shape = { kind: history.series.kind(series), stepMs: STEPS_MS[tier], want: [] };
    const pieces = piecesOf(history, [hour], series, range, shape, memory);
    for (const { columns } of pieces) count += columns.length;
    covered.set(
      series,
      pieces.map(({ fromAt, toAt }) => [fromAt, toAt]),
    );
    memory.reuse();
    if (performance.now() - since < SLICE_MS) continue;
    await nextTurn();
    since = performance.now();
  }
  return mayBeInBlocks(history.notes, hour.startAt) ? count - (await countTwice(history, hour, tier, covered)) : count;
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
