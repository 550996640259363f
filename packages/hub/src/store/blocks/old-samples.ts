import type { BlockRow, OldSamples, TierIndex } from "./block-tables.ts";
import { ALL_COLUMNS, columnsOf } from "./columns.ts";
import { encode } from "./flush.ts";
import { FIELDS, Intervals } from "./intervals.ts";
import { copyNotes, countBlock, type TierTotals } from "./notes.ts";
import type { OpenHistory } from "./open-history.ts";
import { BLOCK_SPANS_MS, floorTo, HOUR_SPAN_MS, STEPS_MS } from "./tiers.ts";

/** The tiers that samples of the schema before blocks go to. */
const TIERS_OF_OLD: readonly TierIndex[] = [3, 4];

/**
 * Brings samples of the schema before blocks forward, series by series: each
 * series goes in the transaction that puts its blocks. They were of any length
 * up to some minutes, so they become intervals of five minutes, those of one
 * interval together; readings of counters are told as one for each second.
 */
export async function migrateOld(history: OpenHistory): Promise<void> {
  for (let old = await history.tables.nextOld(); old !== null; old = await history.tables.nextOld()) {
    await migrateSeries(history, old);
  }
}

async function migrateSeries(history: OpenHistory, old: OldSamples): Promise<void> {
  const notes = copyNotes(history.notes);
  const putBlocks: BlockRow[] = [];
  for (const tier of TIERS_OF_OLD) {
    for (const [startAt, intervals] of spansOf(history, old, tier)) {
      const shape = { kind: history.series.kind(old.series), stepMs: STEPS_MS[tier], want: ALL_COLUMNS };
      const columns = columnsOf(intervals, [0, intervals.slots], startAt, shape, history.scratch);
      if (columns === null) continue;
      const row = { tier, series: old.series, startAt, samples: columns.length, data: encode(columns) };
      const newestAt = columns.at[columns.length - 1] as number;
      countBlock(notes.totals[tier] as TierTotals, undefined, row, [columns.at[0] as number, newestAt]);
      notes.compactedTo = Math.max(notes.compactedTo, floorTo(newestAt, HOUR_SPAN_MS) + HOUR_SPAN_MS);
      putBlocks.push(row);
    }
  }
  history.scratch.reuse();
  const seen = old.rows.reduce((newest, [at = 0]) => Math.max(newest, at), 0);
  await history.tables.write({
    putBlocks,
    seen: [[old.series, seen]],
    notes: JSON.stringify(notes),
    dropOld: old.series,
  });
  history.notes = notes;
}

/** The intervals of each span of a tier, by its start. */
function spansOf(history: OpenHistory, old: OldSamples, tier: TierIndex): ReadonlyMap<number, Intervals> {
  const spans = new Map<number, Intervals>();
  const counter = history.series.kind(old.series) === "counter";
  const pair = new Intervals(2);
  old.rows.forEach((row, index) => {
    const [at = 0] = row;
    const startAt = floorTo(at, BLOCK_SPANS_MS[tier]);
    const intervals = spans.get(startAt) ?? new Intervals(BLOCK_SPANS_MS[tier] / STEPS_MS[tier]);
    spans.set(startAt, intervals);
    const slot = Math.floor((at - startAt) / STEPS_MS[tier]);
    pair.set(1, numbersOf(row, counter), 0, old.histograms[index] ?? undefined);
    // The first of two is the one before in time, or empty.
    pair.numbers.fill(Number.NaN, 0, FIELDS);
    if (intervals.has(slot)) pair.set(0, intervals.numbers, slot * FIELDS, intervals.histogram(slot));
    if (history.together.of(pair, 0, 2)) intervals.set(slot, history.together.numbers, 0, history.together.histogram);
  });
  return spans;
}

function numbersOf([, intervalMs = 0, ...rest]: readonly number[], counter: boolean): Float64Array {
  const numbers = Float64Array.from(rest);
  if (!counter) return numbers;
  const seconds = Math.max(1, Math.round(intervalMs / STEPS_MS[0]));
  const growth = numbers[2] ?? 0;
  numbers[0] = numbers[1] = growth / seconds;
  numbers[3] = seconds;
  return numbers;
}
