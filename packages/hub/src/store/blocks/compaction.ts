import type { BlockRow, TierIndex } from "./block-tables.ts";
import { ALL_COLUMNS, assemble } from "./columns.ts";
import { encode } from "./flush.ts";
import type { HourMemory } from "./memory.ts";
import { piecesOf } from "./memory-pieces.ts";
import { copyNotes, countBlock, mayBeInBlocks, type Notes, type TierTotals } from "./notes.ts";
import type { OpenHistory } from "./open-history.ts";
import { BLOCK_SPANS_MS, floorTo, HOUR_SPAN_MS, STEPS_MS, TIERS } from "./tiers.ts";

/** Series of one transaction: about 30 ms of work. */
const SLICE_SERIES = 32;

/**
 * Moves an hour from memory and segments to the blocks of its series, slice by
 * slice. Until the last one its segments stay, so that a crash in between
 * only means that it is done again, to the same result. An hour that was
 * written to meanwhile stays, and is moved another time.
 */
export class Compaction {
  readonly #history: OpenHistory;
  readonly #hour: HourMemory;
  readonly #series: readonly number[];
  readonly #segments: readonly number[];
  readonly #writtenBy: number;
  /** Blocks may hold something of the hour already. */
  readonly #again: boolean;
  #done = 0;

  constructor(history: OpenHistory, hour: HourMemory) {
    this.#history = history;
    this.#hour = hour;
    this.#series = [...hour.series.keys()].sort((a, b) => a - b);
    this.#segments = hour.segments.map(({ id }) => id);
    this.#writtenBy = hour.writtenBy;
    this.#again = mayBeInBlocks(history.notes, hour.startAt);
  }

  /** Does the next slice; false after the last. */
  async step(): Promise<boolean> {
    if (this.#done < this.#series.length) {
      await this.#move(this.#series.slice(this.#done, this.#done + SLICE_SERIES));
      this.#done += SLICE_SERIES;
      return true;
    }
    if (this.#hour.writtenBy === this.#writtenBy) await this.#finish();
    return false;
  }

  async #move(series: readonly number[]): Promise<void> {
    const history = this.#history;
    const notes = copyNotes(history.notes);
    notes.compactedTo = Math.max(notes.compactedTo, this.#hour.startAt + HOUR_SPAN_MS);
    const putBlocks: BlockRow[] = [];
    const seen = new Map<number, number>();
    for (const tier of TIERS) putBlocks.push(...(await this.#blocks(tier, series, notes, seen)));
    await history.tables.write({ putBlocks, seen: [...seen], notes: JSON.stringify(notes) });
    history.notes = notes;
    history.blocks.forget(putBlocks);
  }

  /** The blocks of one tier as they are with this hour. */
  async #blocks(
    tier: TierIndex,
    series: readonly number[],
    notes: Notes,
    seen: Map<number, number>,
  ): Promise<readonly BlockRow[]> {
    const startAt = floorTo(this.#hour.startAt, BLOCK_SPANS_MS[tier]);
    const before = await this.#before(tier, series, startAt);
    const rows: BlockRow[] = [];
    for (const id of series) {
      const old = before.get(id);
      const row = this.#block(tier, id, startAt, old, seen);
      if (row === null) continue;
      rows.push(row.row);
      countBlock(notes.totals[tier] as TierTotals, old, row.row, row.extent);
    }
    return rows;
  }

  async #before(tier: TierIndex, series: readonly number[], startAt: number): Promise<ReadonlyMap<number, BlockRow>> {
    if (!this.#again && startAt === this.#hour.startAt) return new Map();
    const range = { tier, series, fromAt: startAt, toAt: startAt + 1, own: true };
    const rows = await this.#history.tables.readBlocks(range);
    return new Map(rows.map((row) => [row.series, row]));
  }

  #block(
    tier: TierIndex,
    series: number,
    startAt: number,
    old: BlockRow | undefined,
    seen: Map<number, number>,
  ): { readonly row: BlockRow; readonly extent: readonly [number, number] } | null {
    const history = this.#history;
    const shape = { kind: history.series.kind(series), stepMs: STEPS_MS[tier], want: ALL_COLUMNS };
    const { startAt: hourAt } = this.#hour;
    const pieces = piecesOf(history, [this.#hour], series, [hourAt, hourAt + HOUR_SPAN_MS], shape, history.scratch);
    if (pieces.length === 0) return null;
    const columns = old === undefined ? null : history.blocks.decode(old);
    const span: readonly [number, number] = [startAt, startAt + BLOCK_SPANS_MS[tier]];
    const whole = assemble(columns === null ? [] : [columns], pieces, span, shape, history.scratch);
    if (whole === null) return null;
    const extent = [whole.at[0] as number, whole.at[whole.length - 1] as number] as const;
    seen.set(series, Math.max(seen.get(series) ?? 0, extent[1]));
    const row = { tier, series, startAt, samples: whole.length, data: encode(whole) };
    history.scratch.reuse();
    return { row, extent };
  }

  async #finish(): Promise<void> {
    const { tables, memory } = this.#history;
    await tables.write({ dropSegments: this.#segments });
    memory.hours.delete(this.#hour.startAt);
  }
}
