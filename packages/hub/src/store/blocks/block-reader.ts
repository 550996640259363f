import type { ColumnName } from "../reader.ts";
import type { BlockRange, BlockRow, BlockTables, TierIndex } from "./block-tables.ts";
import { decodeBlock } from "./codec/block.ts";
import type { BlockColumns } from "./codec/block-columns.ts";
import { ALL_COLUMNS } from "./columns.ts";
import type { Notes } from "./notes.ts";
import { BLOCK_SPANS_MS, floorTo } from "./tiers.ts";

/** Bytes of blocks, compressed and decoded, that are kept for the next who asks. */
const CACHE_BYTES = 48 * 2 ** 20;
/** With more blocks than this, an answer is not worth keeping: it would drive out everything else. */
const MOST_CACHED = 20_000;
/** The same for the spans of one series: most of so many have nothing. */
const MOST_SPANS = 512;

interface Cached {
  /** `null` where there is no block. */
  row: BlockRow | null;
  columns: BlockColumns | null;
  have: readonly ColumnName[];
  bytes: number;
}

/** Told of a block that can't be read. */
export type OnDamage = (what: string, error: unknown) => void;

/** Reads blocks, remembers those read last, and leaves out what is damaged. */
export class BlockReader {
  readonly #tables: BlockTables;
  readonly #notes: () => Notes;
  readonly #onDamage: OnDamage;
  /** Oldest use first. */
  readonly #cache = new Map<number, Cached>();
  #bytes = 0;
  /** Grows with each change of blocks: what was read before it is not kept. */
  #changes = 0;

  constructor(tables: BlockTables, notes: () => Notes, onDamage: OnDamage) {
    this.#tables = tables;
    this.#notes = notes;
    this.#onDamage = onDamage;
  }

  /** Blocks of each series that overlap `[fromAt, toAt)`, oldest first, with the columns wanted. */
  async read(
    { tier, series, fromAt, toAt }: BlockRange,
    want: readonly ColumnName[],
    asked: number,
  ): Promise<ReadonlyMap<number, readonly BlockColumns[]>> {
    const range = this.#clamp({ tier, series, fromAt, toAt });
    const found = new Map<number, BlockColumns[]>();
    if (range === null) return found;
    const spans = (range.toAt - range.fromAt) / BLOCK_SPANS_MS[tier];
    if (spans > MOST_SPANS || asked * spans > MOST_CACHED) {
      for (const row of await this.#tables.readBlocks({ ...range, own: true }))
        this.#push(found, row, this.decode(row, want));
      return found;
    }
    const changes = this.#changes;
    const wanted = await this.#load(range);
    for (const [key, cached] of wanted) {
      const columns = this.#columns(cached, want);
      if (cached.row !== null) this.#push(found, cached.row, columns);
      if (changes === this.#changes) this.#keep(key, cached);
    }
    return found;
  }

  /** All columns of one block as it is stored now; `null` when it is damaged. */
  decode(row: BlockRow, want: readonly ColumnName[] = ALL_COLUMNS): BlockColumns | null {
    try {
      return decodeBlock(row.data, want);
    } catch (error) {
      this.#onDamage(`block of tier ${row.tier}, series ${row.series}, ${new Date(row.startAt).toISOString()}`, error);
      return null;
    }
  }

  /** Forgets blocks that were replaced. */
  forget(rows: readonly Pick<BlockRow, "tier" | "series" | "startAt">[]): void {
    this.#changes++;
    for (const { tier, series, startAt } of rows) this.#drop(keyOf(tier, series, startAt));
  }

  /** Forgets everything. */
  clear(): void {
    this.#changes++;
    this.#cache.clear();
    this.#bytes = 0;
  }

  /** From the first span to the end of the last that can have anything. */
  #clamp({ tier, series, fromAt, toAt }: BlockRange): BlockRange | null {
    const span = BLOCK_SPANS_MS[tier];
    const { oldestAt = null, newestAt = null } = this.#notes().totals[tier] ?? {};
    if (oldestAt === null || newestAt === null) return null;
    const first = floorTo(Math.max(fromAt, oldestAt), span);
    const end = floorTo(Math.min(toAt - 1, newestAt), span) + span;
    return first < end ? { tier, series, fromAt: first, toAt: end } : null;
  }

  /** All spans of all series in the range, series by series, from memory or from the tables. */
  async #load(range: BlockRange): Promise<ReadonlyMap<number, Cached>> {
    const { tier } = range;
    const span = BLOCK_SPANS_MS[tier];
    const wanted = new Map<number, Cached>();
    const series = new Set<number>();
    let fromAt = range.toAt;
    let toAt = range.fromAt;
    for (const id of range.series) {
      for (let at = range.fromAt; at < range.toAt; at += span) {
        const key = keyOf(tier, id, at);
        const cached = this.#cache.get(key);
        wanted.set(key, cached ?? { row: null, columns: null, have: [], bytes: 0 });
        if (cached !== undefined) continue;
        series.add(id);
        fromAt = Math.min(fromAt, at);
        toAt = Math.max(toAt, at + span);
      }
    }
    if (series.size === 0) return wanted;
    for (const row of await this.#tables.readBlocks({ tier, series: [...series], fromAt, toAt, own: true })) {
      const cached = wanted.get(keyOf(tier, row.series, row.startAt));
      if (cached !== undefined && cached.row === null) cached.row = row;
    }
    return wanted;
  }

  #columns(cached: Cached, want: readonly ColumnName[]): BlockColumns | null {
    const { row } = cached;
    if (row === null) return null;
    if (cached.columns !== null && want.every((name) => cached.have.includes(name))) return cached.columns;
    const have = [...new Set([...cached.have, ...want])];
    cached.columns = this.decode(row, have);
    cached.have = have;
    return cached.columns;
  }

  #push(found: Map<number, BlockColumns[]>, { series }: BlockRow, columns: BlockColumns | null): void {
    if (columns === null) return;
    const list = found.get(series);
    if (list === undefined) found.set(series, [columns]);
    else list.push(columns);
  }

  #keep(key: number, cached: Cached): void {
    this.#drop(key);
    cached.bytes = 64 + (cached.row?.data.length ?? 0) + sizeOf(cached.columns);
    this.#bytes += cached.bytes;
    this.#cache.set(key, cached);
    for (const oldest of this.#cache.keys()) {
      if (this.#bytes <= CACHE_BYTES) break;
      this.#drop(oldest);
    }
  }

  #drop(key: number): void {
    const cached = this.#cache.get(key);
    if (cached === undefined) return;
    this.#bytes -= cached.bytes;
    this.#cache.delete(key);
  }
}

function sizeOf(columns: BlockColumns | null): number {
  if (columns === null) return 0;
  const { at, min, max, sum, count, last, histogram } = columns;
  const numbers = at.length + min.length + max.length + sum.length + count.length + last.length;
  return numbers * 8 + histogram.reduce((bytes, one) => bytes + one.length + 96, 0);
}

/** 3 bits of tier, 24 of series, 21 of span. */
function keyOf(tier: TierIndex, series: number, startAt: number): number {
  return (tier * 2 ** 24 + series) * 2 ** 21 + startAt / BLOCK_SPANS_MS[tier];
}
