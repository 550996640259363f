import type { HistorySeriesRow } from "@wsight/protocol";
import type { HistoryApi } from "./history-api.ts";

/** What is known of the series of each metric that history holds. */
export type KnownSeries = ReadonlyMap<string, MetricSeries>;

/** The series of one metric. */
interface MetricSeries {
  readonly count: number;
  /** Values of each attribute. */
  readonly values: ReadonlyMap<string, ReadonlySet<string>>;
}

/** What history holds. */
interface KnownHistory {
  readonly metrics: KnownSeries;
  /** Every process it knows, also those that are long gone. */
  readonly nodes: readonly string[];
}

/** Pages that are read at most: what is known of a larger history is a part of it. */
const MOST_PAGES = 8;

/** Asks what history holds, page by page. */
export async function readKnown(api: Pick<HistoryApi, "series">, signal: AbortSignal): Promise<KnownHistory> {
  const rows: HistorySeriesRow[] = [];
  let after: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { series, next } = await api.series(after, signal);
    rows.push(...series);
    if (next === null) break;
    after = next;
  }
  return { metrics: summarise(rows), nodes: [...new Set(rows.map(({ node }) => node))] };
}

/** Values of an attribute that are known, in the order of the alphabet. */
export function valuesOf(known: KnownSeries | null, metric: string, attribute: string): readonly string[] {
  return [...(known?.get(metric)?.values.get(attribute) ?? [])].sort();
}

function summarise(rows: readonly HistorySeriesRow[]): KnownSeries {
  const known = new Map<string, { count: number; values: Map<string, Set<string>> }>();
  for (const { metric, labels } of rows) {
    const entry = known.get(metric) ?? { count: 0, values: new Map<string, Set<string>>() };
    known.set(metric, entry);
    entry.count++;
    for (const [name, value] of Object.entries(labels)) {
      const values = entry.values.get(name) ?? new Set<string>();
      entry.values.set(name, values.add(value));
    }
  }
  return known;
}
