import { labelsMatch, type MetricKind } from "@wsight/protocol";
import { type PackedSeries, SeriesBook } from "../pack.ts";
import type { SeriesFilter, StoredSeries } from "../reader.ts";
import type { SeriesRow } from "./block-tables.ts";

/** The series of an open store, by number and by name. */
export class SeriesNames {
  readonly #rows = new Map<number, SeriesRow>();
  readonly #ids = new Map<string, number>();
  readonly #byMetric = new Map<string, Set<number>>();
  readonly #stored = new Map<number, StoredSeries>();
  readonly #book = new SeriesBook();
  #removals = 0;

  /** Grows when numbers of series go out of use. */
  get removals(): number {
    return this.#removals;
  }

  add(row: SeriesRow): void {
    const { id, node, key, metric } = row;
    this.#rows.set(id, row);
    this.#ids.set(nameOf(node, key), id);
    const ofMetric = this.#byMetric.get(metric) ?? new Set();
    this.#byMetric.set(metric, ofMetric.add(id));
  }

  remove(ids: readonly number[]): void {
    for (const id of ids) {
      const row = this.#rows.get(id);
      if (row === undefined) continue;
      this.#rows.delete(id);
      this.#stored.delete(id);
      this.#ids.delete(nameOf(row.node, row.key));
      this.#byMetric.get(row.metric)?.delete(id);
    }
    if (ids.length > 0) this.#removals++;
  }

  /** Its number; `undefined` when it is new. */
  find(series: PackedSeries): number | undefined {
    return this.#ids.get(nameOf(series.node, series.key));
  }

  row(id: number): SeriesRow | undefined {
    return this.#rows.get(id);
  }

  /** All numbers. */
  ids(): readonly number[] {
    return [...this.#rows.keys()];
  }

  kind(id: number): MetricKind {
    return this.stored(id)?.series.metric.kind ?? "gauge";
  }

  /** `undefined` for a metric that this version does not know. */
  stored(id: number): StoredSeries | undefined {
    const known = this.#stored.get(id);
    const row = this.#rows.get(id);
    if (known !== undefined || row === undefined) return known;
    const series = this.#book.of(row);
    if (series === undefined) return undefined;
    const stored = { id, node: row.node, series };
    this.#stored.set(id, stored);
    return stored;
  }

  /** Those that a filter lets through, in order of their numbers. */
  matching({ metrics, nodes, where }: SeriesFilter): readonly StoredSeries[] {
    const found: StoredSeries[] = [];
    const ofNodes = nodes === undefined ? null : new Set(nodes);
    const take = (id: number): void => {
      const stored = this.stored(id);
      if (stored === undefined || (ofNodes !== null && !ofNodes.has(stored.node))) return;
      if (where === undefined || labelsMatch(stored.series.labels, where)) found.push(stored);
    };
    if (metrics === undefined) for (const id of this.#rows.keys()) take(id);
    else for (const metric of new Set(metrics)) for (const id of this.#byMetric.get(metric) ?? []) take(id);
    return found.sort((a, b) => a.id - b.id);
  }
}

function nameOf(node: string, key: string): string {
  return `${node}\n${key}`;
}
