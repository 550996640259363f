import type { HistoryEvent, TierStep } from "@wsight/protocol";
import type {
  ColumnQuery,
  EventQuery,
  HistoryReader,
  SeriesColumns,
  SeriesFilter,
  StoredSeries,
  TierExtent,
} from "../../reader.ts";
import { BlockHistoryReader, extentOf } from "../history-reader.ts";
import type { OpenHistory } from "../open-history.ts";
import { tierOf } from "../tiers.ts";
import { mergeColumns } from "./merge-columns.ts";
import type { OtherHistories } from "./other-histories.ts";

/** Series that are put together at once. */
const GROUP = 128;

/** The history of all writers of a database as one. */
export class SharedHistoryReader implements HistoryReader {
  readonly #own: OpenHistory;
  readonly #others: OtherHistories;

  constructor(own: OpenHistory, others: OtherHistories) {
    this.#own = own;
    this.#others = others;
  }

  async series(filter: SeriesFilter): Promise<readonly StoredSeries[]> {
    for (const row of (await this.#own.tables.newSeries?.()) ?? []) this.#own.series.add(row);
    return this.#own.series.matching(filter);
  }

  async *columns(query: ColumnQuery, signal: AbortSignal): AsyncGenerator<SeriesColumns> {
    const others = (await this.#others.current()).filter((history) => overlaps(history, query));
    const readers = [this.#own, ...others].map((history) => new BlockHistoryReader(history));
    if (others.length === 0) {
      yield* new BlockHistoryReader(this.#own).columns(query, signal);
      return;
    }
    for (let first = 0; first < query.series.length; first += GROUP) {
      const group = { ...query, series: query.series.slice(first, first + GROUP) };
      yield* this.#group(group, readers, signal);
    }
  }

  events(query: EventQuery): Promise<readonly HistoryEvent[]> {
    return this.#own.tables.readEvents(query);
  }

  async extents(): Promise<readonly TierExtent[]> {
    const histories = [this.#own, ...(await this.#others.current())];
    const all = await Promise.all(histories.map((history) => new BlockHistoryReader(history).extents()));
    return all.reduce((one, other) => one.map((extent, tier) => joinExtents(extent, other[tier])));
  }

  async *#group(
    query: ColumnQuery,
    readers: readonly BlockHistoryReader[],
    signal: AbortSignal,
  ): AsyncGenerator<SeriesColumns> {
    const parts = new Map<number, SeriesColumns[]>();
    for (const reader of readers) {
      for await (const columns of reader.columns(query, signal)) {
        const ofSeries = parts.get(columns.series.id) ?? [];
        parts.set(columns.series.id, ofSeries);
        ofSeries.push(columns);
      }
    }
    for (const { id } of query.series) {
      const ofSeries = parts.get(id);
      if (ofSeries !== undefined) yield mergeColumns(ofSeries, query.columns, this.#own.merger);
    }
  }
}

/** False for the writers of long ago that have nothing of the time asked for. */
function overlaps(history: OpenHistory, { stepMs, fromAt, toAt }: ColumnQuery): boolean {
  const tier = tierOf(stepMs);
  if (tier === undefined) return false;
  const { oldestAt, newestAt } = extentOf(history, tier);
  return oldestAt !== null && newestAt !== null && oldestAt < toAt && newestAt >= fromAt;
}

function joinExtents(one: TierExtent, other: TierExtent | undefined): TierExtent {
  const stepMs: TierStep = one.stepMs;
  return {
    stepMs,
    oldestAt: extreme(Math.min, one.oldestAt, other?.oldestAt ?? null),
    newestAt: extreme(Math.max, one.newestAt, other?.newestAt ?? null),
  };
}

function extreme(pick: (a: number, b: number) => number, one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return pick(one, other);
}
