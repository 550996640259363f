import type { StoreEvent } from "../store-event.ts";
import { BlockReader } from "./block-reader.ts";
import type { BlockTables, TierIndex } from "./block-tables.ts";
import { ColumnMemory } from "./columns.ts";
import { HistogramMerger } from "./histogram-merger.ts";
import { Together } from "./intervals.ts";
import { Memory } from "./memory.ts";
import { emptyNotes, type Notes } from "./notes.ts";
import type { SeriesHour } from "./series-hour.ts";
import { SeriesNames } from "./series-names.ts";

/** A head row, and the windows it wrote to. */
export interface HeadEntry {
  readonly id: number;
  /** Starts of windows, ms epoch. */
  readonly windows: ReadonlySet<number>;
}

/** What happened that nobody waits to hear. */
export type Report = (event: StoreEvent) => void;

/**
 * Everything the engine holds of an open database. It is as good as what the
 * tables hold: after any failure it is thrown away and loaded again.
 */
export class OpenHistory {
  readonly tables: BlockTables;
  readonly report: Report;
  readonly series: SeriesNames = new SeriesNames();
  readonly memory: Memory = new Memory();
  readonly blocks: BlockReader;
  readonly merger: HistogramMerger = new HistogramMerger();
  readonly together: Together = new Together(this.merger);
  /** For what lives until the next turn only. */
  readonly scratch: ColumnMemory = new ColumnMemory();
  notes: Notes = emptyNotes();
  /** In order of id: those that are in the tables. */
  head: HeadEntry[] = [];
  lastHeadId = 0;
  lastSegmentId = 0;
  /** Rows of samples since memory was last moved to segments, and when that was (ms, monotonic). */
  rowsSinceFlush = 0;
  flushedAt: number = performance.now();
  /** Newest time of the last append, ms epoch. */
  newestAt = 0;

  constructor(tables: BlockTables, report: Report) {
    this.tables = tables;
    this.report = report;
    this.blocks = new BlockReader(
      tables,
      () => this.notes,
      (what, error) => this.damaged(what, error),
    );
  }

  /** Reports what can't be read; the rest is served. */
  damaged(what: string, error: unknown): void {
    this.report({
      type: "damaged",
      what,
      reason: `${what}: ${error instanceof Error ? error.message : String(error)}`,
    });
  }

  /** Brings the coarse tiers of a series and hour up to date. */
  rollUp(held: SeriesHour): void {
    for (const seconds of held.rollUp(this.together, this.notes.deletedTo)) this.memory.giveBack(seconds);
  }

  /** Up to where the tier below was deleted, for what is put together. */
  deletedTo(tier: TierIndex): number {
    return this.notes.deletedTo[tier] ?? 0;
  }
}
