import type { HistoryEvent } from "@wsight/protocol";
import type { PackedSeries } from "../pack.ts";
import type { EventQuery } from "../reader.ts";

/** Place of a tier in `HISTORY_TIERS`: 0 for the finest. */
export type TierIndex = 0 | 1 | 2 | 3 | 4;

/** A series with its number. */
export interface SeriesRow extends PackedSeries {
  /** From 1 to 2^24 − 1. */
  readonly id: number;
}

/** What one append brought, as it came. The bytes are the engine's (see `head-row.ts`). */
export interface HeadRow {
  /** Given by the engine: grows by one with each append. */
  readonly id: number;
  readonly data: Uint8Array;
}

/** Samples of many series over one window of time, moved there from head rows. The bytes are the engine's. */
export interface SegmentRow {
  /** Given by the engine; a later segment holds what is newer. */
  readonly id: number;
  readonly data: Uint8Array;
}

/** The block of one series at one tier: all its samples within one span of that tier. There is at most one. */
export interface BlockRow {
  readonly tier: TierIndex;
  readonly series: number;
  /** Start of the span, ms epoch, a multiple of `BLOCK_SPANS_MS[tier]`. */
  readonly startAt: number;
  /** Samples within. */
  readonly samples: number;
  readonly data: Uint8Array;
}

/** Which blocks: of these series, whose span starts in `[fromAt, toAt)`. */
export interface BlockRange {
  readonly tier: TierIndex;
  readonly series: readonly number[];
  readonly fromAt: number;
  readonly toAt: number;
  /** Only what this writer put there; without it, of all writers of the database. */
  readonly own?: boolean;
  /** Only what this other writer put there (see {@link OtherWriter}). */
  readonly writer?: string;
}

/** All that a crash must not lose beside blocks and events. */
export interface TablesContent {
  readonly series: readonly SeriesRow[];
  /** In order of id. */
  readonly head: readonly HeadRow[];
  /** In order of id. */
  readonly segments: readonly SegmentRow[];
  /** The engine's notes (see {@link TablesChange.notes}); `null` while nothing was noted. */
  readonly notes: string | null;
}

/** One step from one whole state to the next: all of it or nothing. */
export interface TablesChange {
  readonly addHead?: HeadRow;
  /** Deletes head rows up to this id, inclusive. */
  readonly dropHeadTo?: number;
  readonly addSegments?: readonly SegmentRow[];
  /** Ids. */
  readonly dropSegments?: readonly number[];
  /** Replaces the blocks of the same tier, series and start. */
  readonly putBlocks?: readonly BlockRow[];
  /** Newest sample of each series in `putBlocks`, ms epoch: `[series, at]`; a series keeps its largest. */
  readonly seen?: readonly (readonly [series: number, at: number])[];
  /** Replaces the engine's notes: a short JSON text. */
  readonly notes?: string;
  /** Deletes the rows of a series that {@link BlockTables.nextOld} gave. */
  readonly dropOld?: number;
}

/** Samples of the schema before blocks: of one series, in order of time, of whatever lengths. */
export interface OldSamples {
  readonly series: number;
  /** A row each: at, intervalMs, min, max, sum, count, last. */
  readonly rows: readonly (readonly number[])[];
  /** As in `rows`; `null` for none. */
  readonly histograms: readonly (Uint8Array | null)[];
}

/** What a deletion took away. */
export interface DroppedBlocks {
  readonly blocks: number;
  readonly samples: number;
  readonly bytes: number;
  /** Start of the oldest block that is left of these series at this tier; `null` for none. */
  readonly oldestAt: number | null;
}

/** What another writer of the same database holds that is not in blocks yet. */
export interface OtherWriter {
  readonly writer: string;
  /** Another one whenever the writer was opened anew: its numbers of rows begin anew, too. */
  readonly generation: string;
  /** Its notes (see {@link TablesChange.notes}). */
  readonly notes: string | null;
  /** In order of id. */
  readonly head: readonly HeadRow[];
  /** In order of id. */
  readonly segments: readonly SegmentRow[];
}

/**
 * What the block engine needs of a database. Implementations only store bytes:
 * they know nothing of tiers, roll-ups or codecs. The engine calls `write`,
 * `addSeries`, `dropBlocks`, `dropSeries` and `appendEvents` one at a time;
 * reads may come at any moment, also while a write is under way, and see the
 * state before or after it.
 *
 * Everything rejects with `STORE_UNAVAILABLE` when a later try may help. After
 * any rejection the engine calls `close`, forgets what it holds in memory, and
 * begins again with `open` when it is next asked.
 */
export interface BlockTables {
  /** Opens the database, brings its schema forward, and tells all that has to be in memory. May be called again after `close`. */
  open(): Promise<TablesContent>;
  /** Numbers for series, in the order given; the same series keeps its number. Durable, in a transaction of its own. */
  addSeries(series: readonly PackedSeries[]): Promise<readonly number[]>;
  /** Applies a change in one transaction. Resolves once it survives a crash, and a power cut as far as the database can. */
  write(change: TablesChange): Promise<void>;
  /** Blocks in order of (series, startAt); of several writers each one's own, in any order among them. */
  readBlocks(range: BlockRange): Promise<readonly BlockRow[]>;
  /** Deletes this writer's blocks in the range, in one transaction. */
  dropBlocks(range: BlockRange): Promise<DroppedBlocks>;
  /** Deletes up to `limit` series last seen before `seenBefore` that have no blocks, except those in `keep`; answers the ids. */
  dropSeries(seenBefore: number, keep: ReadonlySet<number>, limit: number): Promise<readonly number[]>;
  /** Keeps events, each once, in one transaction. */
  appendEvents(events: readonly HistoryEvent[]): Promise<void>;
  readEvents(query: EventQuery): Promise<readonly HistoryEvent[]>;
  /** Deletes up to `limit` events: those before `beforeAt`, and the oldest of what is more than `most`. Answers how many went. */
  dropEvents(beforeAt: number, most: number, limit: number): Promise<number>;
  /** Bytes on disk (`null` when it can't say), bytes of them in use, events held. */
  sizes(): Promise<{ readonly bytes: number | null; readonly usedBytes: number | null; readonly events: number }>;
  /** The next series of the schema before blocks, `null` when there is none left. */
  nextOld(): Promise<OldSamples | null>;
  /** Other writers of the same database, and what each holds outside of blocks; absent where there is one writer only. */
  others?(): Promise<readonly OtherWriter[]>;
  /** Tables of writers that nobody works for any more, to be looked after; absent where there is one writer only. */
  abandoned?(): Promise<readonly BlockTables[]>;
  /** Series that other writers added since `open` or the last call; absent where there is one writer only. */
  newSeries?(): Promise<readonly SeriesRow[]>;
  /**
   * Runs `work`, which opens the tables again, while no other process can write to them; what it changed is kept as a
   * whole, or not at all when it or this rejects. They need to be opened again after that. Absent where no other process
   * writes to the same tables.
   */
  alone?<T>(work: () => Promise<T>): Promise<T>;
  /** A whole copy at `path`. Rejects with `BAD_REQUEST` where the store has no files of its own, saying what to use. */
  backup(path: string): Promise<void>;
  /** Closes; safe to call twice. */
  close(): Promise<void>;
}

/** The database is another one than was loaded, or holds something else: what was asked can be asked again after `open`. */
export class TablesReplacedError extends Error {
  override readonly name = "TablesReplacedError";
}
