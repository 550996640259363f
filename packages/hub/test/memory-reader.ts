import type {
  ColumnQuery,
  EventQuery,
  HistoryReader,
  SeriesColumns,
  SeriesFilter,
  StoredSeries,
  TierExtent,
} from "@wsight/hub";
import {
  findMetric,
  HISTORY_TIERS,
  Histogram,
  type HistoryEvent,
  type Labels,
  type Series,
  seriesKey,
  type TierStep,
} from "@wsight/protocol";

/** One interval of one series. */
interface Cell {
  readonly at: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly count: number;
  readonly last: number;
  readonly histogram?: Uint8Array;
}

/** A series and what is known of it at each tier, by start of the interval. */
interface Shelf {
  readonly stored: StoredSeries;
  readonly tiers: Map<TierStep, Map<number, Cell>>;
}

const STEPS = HISTORY_TIERS.map(({ stepMs }) => stepMs);

/**
 * A whole history in memory, for tests of what reads one: what is put in at a
 * tier is put together for the coarser ones, as stores do it.
 */
export class MemoryReader implements HistoryReader {
  /** Calls of `columns` so far. */
  reads = 0;
  /** Intervals handed out so far. */
  intervalsRead = 0;
  readonly #shelves = new Map<string, Shelf>();
  readonly #events: HistoryEvent[] = [];
  readonly #stale = new Map<Shelf, Map<TierStep, Set<number>>>();

  /** A reading of a gauge: by default one second. */
  gauge(node: string, metric: string, labels: Labels, at: number, value: number, stepMs: TierStep = 1000): this {
    return this.put(node, metric, labels, stepMs, { at, min: value, max: value, sum: value, count: 1, last: value });
  }

  /** Growth of a counter: by default within one second. `total` is its value at the end. */
  counter(node: string, metric: string, labels: Labels, at: number, growth: number, total: number = growth): this {
    return this.put(node, metric, labels, 1000, { at, min: growth, max: growth, sum: growth, count: 1, last: total });
  }

  /** Values of a distribution recorded within an interval, by default of one second. */
  values(
    node: string,
    metric: string,
    labels: Labels,
    at: number,
    values: readonly number[] | Histogram,
    stepMs: TierStep = 1000,
  ): this {
    const histogram = values instanceof Histogram ? values : new Histogram();
    if (!(values instanceof Histogram)) for (const value of values) histogram.record(value);
    const { min, max, sum, count } = histogram;
    return this.put(node, metric, labels, stepMs, {
      at,
      min,
      max,
      sum,
      count,
      last: sum / count,
      histogram: histogram.encode(),
    });
  }

  /** Puts one interval in; the same again replaces it. */
  put(node: string, metric: string, labels: Labels, stepMs: TierStep, cell: Cell): this {
    const definition = findMetric(metric);
    if (definition === undefined) throw new Error(`no metric ${metric}`);
    if (cell.at % stepMs !== 0) throw new Error(`${cell.at} is no multiple of ${stepMs}`);
    const shelf = this.#shelfOf(node, { metric: definition, labels });
    shelf.tiers.get(stepMs)?.set(cell.at, cell);
    this.#touch(shelf, stepMs, cell.at);
    return this;
  }

  happen(...events: readonly HistoryEvent[]): this {
    this.#events.push(...events);
    return this;
  }

  /** Deletes what is older than `at` at one tier, as retention does. */
  forget(stepMs: TierStep, beforeAt: number): void {
    this.#rollUp();
    for (const { tiers } of this.#shelves.values()) {
      const cells = tiers.get(stepMs);
      for (const at of cells?.keys() ?? []) if (at < beforeAt) cells?.delete(at);
    }
  }

  async series(filter: SeriesFilter): Promise<readonly StoredSeries[]> {
    return [...this.#shelves.values()].map(({ stored }) => stored).filter((stored) => isMeant(stored, filter));
  }

  async *columns(query: ColumnQuery, signal: AbortSignal): AsyncIterable<SeriesColumns> {
    this.reads++;
    this.#rollUp();
    for (const series of query.series) {
      await new Promise(setImmediate);
      signal.throwIfAborted();
      const columns = this.#columnsOf(series, query);
      this.intervalsRead += columns.length;
      if (columns.length > 0) yield columns;
    }
  }

  async events(query: EventQuery): Promise<readonly HistoryEvent[]> {
    const { fromAt, toAt, kinds, node, subject, limit, newestFirst = false } = query;
    const meant = this.#events
      .filter(({ at }) => at >= fromAt && at < toAt)
      .filter(({ kind }) => kinds?.includes(kind) ?? true)
      .filter((event) => (node === undefined || event.node === node) && (subject ?? event.subject) === event.subject)
      .sort((a, b) => (newestFirst ? b.at - a.at : a.at - b.at));
    return meant.slice(0, limit);
  }

  async extents(): Promise<readonly TierExtent[]> {
    this.#rollUp();
    return STEPS.map((stepMs) => {
      let oldestAt: number | null = null;
      let newestAt: number | null = null;
      for (const { tiers } of this.#shelves.values()) {
        for (const at of tiers.get(stepMs)?.keys() ?? []) {
          if (oldestAt === null || at < oldestAt) oldestAt = at;
          if (newestAt === null || at > newestAt) newestAt = at;
        }
      }
      return { stepMs, oldestAt, newestAt };
    });
  }

  #shelfOf(node: string, series: Series): Shelf {
    const key = `${node} ${seriesKey(series.metric.name, series.labels)}`;
    let shelf = this.#shelves.get(key);
    if (shelf === undefined) {
      const stored = { id: this.#shelves.size + 1, node, series };
      shelf = { stored, tiers: new Map(STEPS.map((stepMs) => [stepMs, new Map()])) };
      this.#shelves.set(key, shelf);
    }
    return shelf;
  }

  #columnsOf(series: StoredSeries, { stepMs, fromAt, toAt, columns }: ColumnQuery): SeriesColumns {
    const shelf = this.#shelves.get(`${series.node} ${seriesKey(series.series.metric.name, series.series.labels)}`);
    const cells = [...(shelf?.tiers.get(stepMs)?.values() ?? [])]
      .filter(({ at }) => at >= fromAt && at < toAt)
      .sort((a, b) => a.at - b.at);
    const column = (name: "min" | "max" | "sum" | "count" | "last"): Float64Array =>
      columns.includes(name) ? Float64Array.from(cells, (cell) => cell[name]) : new Float64Array(0);
    return {
      series,
      stepMs,
      length: cells.length,
      at: Float64Array.from(cells, ({ at }) => at),
      min: column("min"),
      max: column("max"),
      sum: column("sum"),
      count: column("count"),
      last: column("last"),
      histogram: columns.includes("histogram") ? cells.map(({ histogram }) => histogram ?? new Uint8Array(0)) : [],
    };
  }

  /** Notes which coarser intervals are to be made anew. */
  #touch(shelf: Shelf, stepMs: TierStep, at: number): void {
    const stale = this.#stale.get(shelf) ?? new Map<TierStep, Set<number>>();
    this.#stale.set(shelf, stale);
    for (const coarser of STEPS) {
      if (coarser <= stepMs) continue;
      const starts = stale.get(coarser) ?? new Set();
      stale.set(coarser, starts.add(Math.floor(at / coarser) * coarser));
    }
  }

  #rollUp(): void {
    for (const [{ tiers }, stale] of this.#stale) {
      for (let i = 1; i < STEPS.length; i++) {
        const stepMs = STEPS[i] as TierStep;
        const finerMs = STEPS[i - 1] as TierStep;
        for (const at of stale.get(stepMs) ?? []) {
          const parts: Cell[] = [];
          for (let part = at; part < at + stepMs; part += finerMs) {
            const cell = tiers.get(finerMs)?.get(part);
            if (cell !== undefined) parts.push(cell);
          }
          if (parts.length > 0) tiers.get(stepMs)?.set(at, together(at, parts));
        }
      }
    }
    this.#stale.clear();
  }
}

function isMeant({ node, series }: StoredSeries, { metrics, nodes, where }: SeriesFilter): boolean {
  if (metrics !== undefined && !metrics.includes(series.metric.name)) return false;
  if (nodes !== undefined && !nodes.includes(node)) return false;
  return Object.entries(where ?? {}).every(([name, value]) => series.labels[name] === value);
}

function together(at: number, cells: readonly Cell[]): Cell {
  const whole = {
    at,
    min: Math.min(...cells.map(({ min }) => min)),
    max: Math.max(...cells.map(({ max }) => max)),
    sum: cells.reduce((sum, cell) => sum + cell.sum, 0),
    count: cells.reduce((sum, cell) => sum + cell.count, 0),
    last: (cells.at(-1) as Cell).last,
  };
  if (cells[0]?.histogram === undefined) return whole;
  const histogram = new Histogram();
  for (const cell of cells) {
    try {
      histogram.merge(Histogram.decode(cell.histogram as Uint8Array));
    } catch {
      // Damaged on purpose.
    }
  }
  return { ...whole, histogram: histogram.encode() };
}
