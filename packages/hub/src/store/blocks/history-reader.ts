import { setImmediate as nextTurn } from "node:timers/promises";
import type { HistoryEvent } from "@wsight/protocol";
import type {
  ColumnQuery,
  EventQuery,
  HistoryReader,
  SeriesColumns,
  SeriesFilter,
  StoredSeries,
  TierExtent,
} from "../reader.ts";
import type { TierIndex } from "./block-tables.ts";
import { assemble, ColumnMemory, type ColumnShape } from "./columns.ts";
import { piecesOf } from "./memory-pieces.ts";
import type { OpenHistory } from "./open-history.ts";
import { STEPS_MS, TIERS, tierOf } from "./tiers.ts";

/** Series that are read together at most, and intervals of all of them: a turn is short, and memory is not held for many days at once. */
const MOST_SERIES = 128;
const MOST_INTERVALS = 100_000;
/** Others get a turn after this many ms. */
const SLICE_MS = 8;

/** The open store as analyses see it: memory over blocks. */
export class BlockHistoryReader implements HistoryReader {
  readonly #history: OpenHistory;

  constructor(history: OpenHistory) {
    this.#history = history;
  }

  async series(filter: SeriesFilter): Promise<readonly StoredSeries[]> {
    return this.#history.series.matching(filter);
  }

  async *columns(query: ColumnQuery, signal: AbortSignal): AsyncGenerator<SeriesColumns> {
    const tier = tierOf(query.stepMs);
    if (tier === undefined) return;
    const memory = new ColumnMemory();
    let since = performance.now();
    const together = seriesTogether(this.#history, query, tier);
    for (let first = 0; first < query.series.length; first += together) {
      signal.throwIfAborted();
      const group = query.series.slice(first, first + together);
      for (const columns of await this.#group(query, tier, group, memory)) {
        yield columns;
        if (performance.now() - since < SLICE_MS) continue;
        await nextTurn();
        signal.throwIfAborted();
        since = performance.now();
      }
    }
  }

  events(query: EventQuery): Promise<readonly HistoryEvent[]> {
    return this.#history.tables.readEvents(query);
  }

  async extents(): Promise<readonly TierExtent[]> {
    return TIERS.map((tier) => extentOf(this.#history, tier));
  }

  /** Memory first: what is moved to blocks meanwhile is found twice rather than not at all. */
  async #group(
    { series, fromAt, toAt, stepMs, columns: want }: ColumnQuery,
    tier: TierIndex,
    group: readonly StoredSeries[],
    memory: ColumnMemory,
  ): Promise<readonly SeriesColumns[]> {
    const history = this.#history;
    const hours = history.memory.between(fromAt, toAt);
    const shapes = group.map(({ series }) => ({ kind: series.metric.kind, stepMs, want }));
    const pieces = group.map(({ id }, index) =>
      piecesOf(history, hours, id, [fromAt, toAt], shapes[index] as ColumnShape, memory),
    );
    const ids = group.map(({ id }) => id);
    const blocks = await history.blocks.read({ tier, series: ids, fromAt, toAt }, want, series.length);
    const found: SeriesColumns[] = [];
    group.forEach((stored, index) => {
      const shape = shapes[index] as ColumnShape;
      const columns = assemble(blocks.get(stored.id) ?? [], pieces[index] ?? [], [fromAt, toAt], shape, memory);
      if (columns === null) return;
      const { length, at, min, max, sum, count, last, histogram } = columns;
      found.push({ series: stored, stepMs, length, at, min, max, sum, count, last, histogram });
    });
    return found;
  }
}

/** How many series are read at once. */
function seriesTogether(history: OpenHistory, { fromAt, toAt, stepMs }: ColumnQuery, tier: TierIndex): number {
  const { oldestAt, newestAt } = extentOf(history, tier);
  // Of what other writers hold, nothing is known here.
  const fromThere = history.tables.others === undefined ? Math.max(fromAt, oldestAt ?? 0) : fromAt;
  const toThere = history.tables.others === undefined ? Math.min(toAt, newestAt ?? 0) : toAt;
  const intervals = Math.max(1, (toThere - fromThere) / stepMs);
  return Math.max(1, Math.min(MOST_SERIES, Math.floor(MOST_INTERVALS / intervals)));
}

/** What a tier holds, memory and blocks together. */
export function extentOf(history: OpenHistory, tier: TierIndex): TierExtent {
  let { oldestAt = null, newestAt = null } = history.notes.totals[tier] ?? {};
  for (const hour of history.memory.hours.values()) {
    const extent = hour.extent(tier);
    if (extent === null) continue;
    oldestAt = Math.min(oldestAt ?? extent[0], extent[0]);
    newestAt = Math.max(newestAt ?? extent[1], extent[1]);
  }
  return { stepMs: STEPS_MS[tier], oldestAt, newestAt };
}
