import type {
  BlockRange,
  BlockRow,
  DroppedBlocks,
  HeadRow,
  OldSamples,
  SegmentRow,
  SeriesRow,
  TablesChange,
  TablesContent,
  TierIndex,
} from "../blocks/block-tables.ts";
import { BLOCK_SPANS_MS, TIERS } from "../blocks/tiers.ts";
import type { PackedSeries } from "../pack.ts";
import { type Connection, readPragma } from "./connection.ts";

/** A block's place: 3 bits of tier, 24 of series, 21 of span. Blocks of a series lie side by side in order of time. */
const SERIES_FACTOR = 2 ** 21;
const TIER_FACTOR = 2 ** 45;

/** Rows of series, head, segments and blocks of an open database. Callers bring the transactions. */
export class LibsqlRows {
  readonly #connection: Connection;
  readonly #statements: ReturnType<typeof prepare>;
  #hasOld: boolean;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#statements = prepare(connection);
    this.#hasOld = this.#statements.hasOld.get() !== undefined;
  }

  load(): TablesContent {
    const { series, head, segments, notes } = this.#statements;
    const noted = notes.get() as [string] | undefined;
    return {
      series: (series.all() as [number, string, string, string, string][]).map(([id, node, key, metric, labels]) => ({
        id,
        node,
        key,
        metric,
        labels,
      })) satisfies SeriesRow[],
      head: (head.all() as [number, Uint8Array][]).map(([id, data]) => ({ id, data })) satisfies HeadRow[],
      segments: (segments.all() as [number, Uint8Array][]).map(([id, data]) => ({ id, data })) satisfies SegmentRow[],
      notes: noted?.[0] ?? null,
    };
  }

  addSeries(series: readonly PackedSeries[]): readonly number[] {
    return series.map(({ node, key, metric, labels }) => {
      this.#statements.addSeries.run(node, key, metric, labels);
      return (this.#statements.findSeries.get(node, key) as [number])[0];
    });
  }

  apply(change: TablesChange): void {
    const statements = this.#statements;
    const {
      addHead,
      dropHeadTo,
      addSegments = [],
      dropSegments = [],
      putBlocks = [],
      seen = [],
      notes,
      dropOld,
    } = change;
    if (addHead !== undefined) statements.addHead.run(addHead.id, addHead.data);
    if (dropHeadTo !== undefined) statements.dropHead.run(dropHeadTo);
    for (const { id, data } of addSegments) statements.addSegment.run(id, data);
    for (const id of dropSegments) statements.dropSegment.run(id);
    for (const { tier, series, startAt, samples, data } of putBlocks) {
      statements.putBlock.run(placeOf(tier, series, startAt), samples, data);
    }
    for (const [series, at] of seen) statements.touch.run(at, series);
    if (notes !== undefined) statements.putNotes.run(notes);
    if (dropOld !== undefined) statements.dropOld?.run(dropOld);
  }

  readBlocks({ tier, series, fromAt, toAt }: BlockRange): readonly BlockRow[] {
    const found: BlockRow[] = [];
    for (const id of series) {
      const rows = this.#statements.blocks.all(...placesOf(tier, id, fromAt, toAt)) as [number, number, Uint8Array][];
      for (const [place, samples, data] of rows) {
        found.push({ tier, series: id, startAt: (place % SERIES_FACTOR) * BLOCK_SPANS_MS[tier], samples, data });
      }
    }
    return found;
  }

  dropBlocks({ tier, series, fromAt, toAt }: BlockRange): DroppedBlocks {
    const dropped = { blocks: 0, samples: 0, bytes: 0, oldestAt: null as number | null };
    for (const id of series) {
      const places = placesOf(tier, id, fromAt, toAt);
      const [blocks, samples, bytes] = this.#statements.sumBlocks.get(...places) as [number, number, number];
      if (blocks > 0) this.#statements.dropBlocks.run(...places);
      dropped.blocks += blocks;
      dropped.samples += samples;
      dropped.bytes += bytes;
      const first = this.#firstOf(tier, id);
      if (first !== null) dropped.oldestAt = Math.min(dropped.oldestAt ?? first, first);
    }
    return dropped;
  }

  dropSeries(seenBefore: number, keep: ReadonlySet<number>, limit: number): readonly number[] {
    const ids = (this.#statements.unseen.all(seenBefore) as [number][])
      .map(([id]) => id)
      .filter((id) => !keep.has(id) && TIERS.every((tier) => this.#firstOf(tier, id) === null))
      .slice(0, limit);
    for (const id of ids) this.#statements.dropSeries.run(id);
    return ids;
  }

  /** Bytes of the file that hold something. */
  usedBytes(): number {
    const pages = readPragma(this.#connection, "page_count") - readPragma(this.#connection, "freelist_count");
    return pages * readPragma(this.#connection, "page_size");
  }

  nextOld(): OldSamples | null {
    if (!this.#hasOld) return null;
    const first = this.#connection.prepare("SELECT series FROM old_samples LIMIT 1").raw().get() as
      | [number]
      | undefined;
    if (first === undefined) {
      this.#connection.exec("DROP TABLE old_samples");
      this.#hasOld = false;
      return null;
    }
    const rows = this.#connection
      .prepare(
        `SELECT at, interval_ms, min, max, sum, count, last, histogram FROM old_samples
         WHERE series = ? ORDER BY at`,
      )
      .raw()
      .all(first[0]) as [number, number, number, number, number, number, number, Uint8Array | null][];
    return {
      series: first[0],
      rows: rows.map((row) => row.slice(0, 7) as number[]),
      histograms: rows.map((row) => row[7]),
    };
  }

  #firstOf(tier: TierIndex, series: number): number | null {
    const first = this.#statements.firstBlock.get(...placesOf(tier, series, 0, Infinity)) as [number] | undefined;
    return first === undefined ? null : (first[0] % SERIES_FACTOR) * BLOCK_SPANS_MS[tier];
  }
}

function placeOf(tier: TierIndex, series: number, startAt: number): number {
  return tier * TIER_FACTOR + series * SERIES_FACTOR + startAt / BLOCK_SPANS_MS[tier];
}

/** First place of the blocks whose span starts in `[fromAt, toAt)`, and the one behind the last. */
function placesOf(tier: TierIndex, series: number, fromAt: number, toAt: number): readonly [number, number] {
  const span = (at: number): number => Math.min(SERIES_FACTOR, Math.max(0, Math.ceil(at / BLOCK_SPANS_MS[tier])));
  const base = tier * TIER_FACTOR + series * SERIES_FACTOR;
  return [base + span(fromAt), base + span(toAt)];
}

function prepare(connection: Connection) {
  const hasOld = connection.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'old_samples'").raw();
  return {
    hasOld,
    series: connection.prepare("SELECT id, node, key, metric, labels FROM series ORDER BY id").raw(),
    head: connection.prepare("SELECT id, data FROM head ORDER BY id").raw(),
    segments: connection.prepare("SELECT id, data FROM segments ORDER BY id").raw(),
    notes: connection.prepare("SELECT text FROM notes").raw(),
    addSeries: connection.prepare(
      "INSERT INTO series (node, key, metric, labels, seen_at) VALUES (?, ?, ?, ?, 0) ON CONFLICT DO NOTHING",
    ),
    findSeries: connection.prepare("SELECT id FROM series WHERE node = ? AND key = ?").raw(),
    touch: connection.prepare("UPDATE series SET seen_at = max(seen_at, ?) WHERE id = ?"),
    unseen: connection.prepare("SELECT id FROM series WHERE seen_at < ?").raw(),
    dropSeries: connection.prepare("DELETE FROM series WHERE id = ?"),
    addHead: connection.prepare("INSERT INTO head (id, data) VALUES (?, ?)"),
    dropHead: connection.prepare("DELETE FROM head WHERE id <= ?"),
    addSegment: connection.prepare("INSERT INTO segments (id, data) VALUES (?, ?)"),
    dropSegment: connection.prepare("DELETE FROM segments WHERE id = ?"),
    putBlock: connection.prepare("INSERT OR REPLACE INTO blocks (place, samples, data) VALUES (?, ?, ?)"),
    blocks: connection
      .prepare("SELECT place, samples, data FROM blocks WHERE place >= ? AND place < ? ORDER BY place")
      .raw(),
    firstBlock: connection
      .prepare("SELECT place FROM blocks WHERE place >= ? AND place < ? ORDER BY place LIMIT 1")
      .raw(),
    sumBlocks: connection
      .prepare("SELECT count(*), total(samples), total(length(data)) FROM blocks WHERE place >= ? AND place < ?")
      .raw(),
    dropBlocks: connection.prepare("DELETE FROM blocks WHERE place >= ? AND place < ?"),
    putNotes: connection.prepare("INSERT OR REPLACE INTO notes (id, text) VALUES (1, ?)"),
    dropOld: hasOld.get() === undefined ? null : connection.prepare("DELETE FROM old_samples WHERE series = ?"),
  };
}
