import { WsightError } from "@wsight/protocol";
import type { BlockTables, HeadRow, SegmentRow, TierIndex } from "./block-tables.ts";
import { decodeBlock } from "./codec/block.ts";
import type { BlockColumns } from "./codec/block-columns.ts";
import { ALL_COLUMNS } from "./columns.ts";
import { decodeHeadRow } from "./head-row.ts";
import type { HourMemory } from "./memory.ts";
import { emptyNotes, mayBeInBlocks, type Notes } from "./notes.ts";
import { migrateOld } from "./old-samples.ts";
import { OpenHistory, type Report } from "./open-history.ts";
import { decodeSegment, type Segment } from "./segment.ts";
import { HOUR_SPAN_MS, WINDOW_MS } from "./tiers.ts";
import { bringBack, eachRow, fillSeconds, readWindow, writeRows } from "./write-rows.ts";

/**
 * Opens the tables and holds what is not in blocks in memory, as it was:
 * segments in their order, then the appends that followed them, in theirs.
 */
export async function loadHistory(tables: BlockTables, report: Report): Promise<OpenHistory> {
  const content = await tables.open();
  const history = new OpenHistory(tables, report);
  for (const row of content.series) history.series.add(row);
  history.notes = parseNotes(history, content.notes);
  await migrateOld(history);
  for (const row of content.segments) await loadSegment(history, row);
  for (const row of content.head) await loadHead(history, row);
  history.lastHeadId = content.head.at(-1)?.id ?? 0;
  history.lastSegmentId = content.segments.at(-1)?.id ?? 0;
  return history;
}

function parseNotes(history: OpenHistory, text: string | null): Notes {
  if (text === null) return emptyNotes();
  try {
    return JSON.parse(text) as Notes;
  } catch (error) {
    // Nothing is lost by it but totals; every hour may be in blocks.
    history.damaged("notes", error);
    return { ...emptyNotes(), compactedTo: Number.MAX_SAFE_INTEGER };
  }
}

/** Takes a segment into memory: after those before it, and before the appends that followed. */
export async function loadSegment(history: OpenHistory, row: SegmentRow): Promise<void> {
  const segment = decodeSegment(row.data);
  if (segment === null) {
    history.damaged(`segment ${row.id}`, new Error("the checksum is another one"));
    return;
  }
  const hour = history.memory.hourOf(segment.windowAt);
  if (mayBeInBlocks(history.notes, hour.startAt)) {
    await bringBack(history, hour, new Map([...segment.blocks.keys()].map((series) => [series, new Set<number>()])));
  }
  // Coarser intervals that were written as they are count by the order in which they came.
  const inOrder = segment.tier > 0 || mayBeInBlocks(history.notes, hour.startAt) || hour.hasCoarse;
  const window = (segment.windowAt - hour.startAt) / WINDOW_MS;
  const isOpen = (series: number): boolean => (hour.series.get(series)?.seconds(window) ?? null) !== null;
  hour.segments.push({ id: row.id, segment, bytes: row.data.length });
  for (const [series, block] of segment.blocks) {
    try {
      if (inOrder || isOpen(series)) loadBlock(history, segment, series, block);
      else leaveBlock(history, segment, series, block);
    } catch (error) {
      history.damaged(`segment ${row.id}, series ${series}`, error);
    }
  }
}

/** Reads nothing but the times of seconds: what is coarser is put together when it is asked for. */
function leaveBlock(history: OpenHistory, { windowAt }: Segment, series: number, block: Uint8Array): void {
  const hour = history.memory.hourOf(windowAt);
  const held = history.memory.seriesHour(hour, series);
  extendBy(hour, 0, decodeBlock(block, []));
  held.readLater((windowAt - hour.startAt) / WINDOW_MS, (window) => readWindow(history, hour, series, window));
}

function extendBy(hour: HourMemory, tier: TierIndex, { at, length }: BlockColumns): void {
  for (const row of [0, length - 1]) hour.extend(tier, at[row] as number);
}

function loadBlock(history: OpenHistory, { tier, windowAt }: Segment, series: number, block: Uint8Array): void {
  const { memory } = history;
  const hour = memory.hourOf(windowAt);
  const held = memory.seriesHour(hour, series);
  // What came before, first.
  history.rollUp(held);
  const window = (windowAt - hour.startAt) / WINDOW_MS;
  const columns = decodeBlock(block, ALL_COLUMNS);
  extendBy(hour, tier, columns);
  if (tier === 0) {
    held.openWindow(window, memory.takeSeconds());
    fillSeconds(held, window, columns);
    held.touch(window);
  } else {
    hour.hasCoarse = true;
    eachRow(columns, hour.startAt, HOUR_SPAN_MS, (at, numbers, histogram) =>
      held.write(tier, at, numbers, 0, histogram),
    );
  }
  history.rollUp(held);
  const seconds = held.closeWindow(window);
  if (seconds !== null) memory.giveBack(seconds);
}

/** Takes an append into memory. */
export async function loadHead(history: OpenHistory, { id, data }: HeadRow): Promise<void> {
  const row = decodeHeadRow(data);
  if (row === null) {
    history.damaged(`append ${id}`, new Error("the checksum is another one"));
    return;
  }
  try {
    history.head.push({ id, windows: await writeRows(history, row.series, row.rows, id) });
  } catch (error) {
    // What the tables could not do is no damage of the row.
    if (error instanceof WsightError && error.code === "STORE_UNAVAILABLE") throw error;
    history.damaged(`append ${id}`, error);
  }
}
