import { type HistorySelector, type Labels, type MetricDefinition, seriesKey } from "@wsight/protocol";
import type { StoredSeries } from "../store/reader.ts";

/** The series that make one line. */
export interface LineSeries {
  readonly key: string;
  /** Values of what `by` named. */
  readonly labels: Labels;
  /** In order of their nodes. */
  readonly series: readonly StoredSeries[];
  /** Their nodes, each once, in order. */
  readonly nodes: readonly string[];
}

/** Selectors that look at the same series in the same groups, and these groups. */
export interface Shape {
  readonly metric: MetricDefinition;
  readonly selectors: readonly HistorySelector[];
  readonly lines: readonly LineSeries[];
}

/** Equal for selectors that belong to one {@link Shape}. */
export function shapeKey({ metric, where = {}, nodes, by = [] }: HistorySelector): string {
  return JSON.stringify([seriesKey(metric, where), nodes === undefined ? null : [...nodes].sort(), by]);
}

/** Puts series together to lines: one for each set of values of what `by` names. */
export function linesOf(series: readonly StoredSeries[], by: readonly string[]): readonly LineSeries[] {
  const groups = new Map<string, { readonly labels: Labels; readonly series: StoredSeries[] }>();
  for (const one of series) {
    const values = by.map((name) => partOf(one, name));
    const key = JSON.stringify(values);
    let group = groups.get(key);
    if (group === undefined) {
      group = { labels: Object.fromEntries(by.map((name, i) => [name, values[i] ?? ""])), series: [] };
      groups.set(key, group);
    }
    group.series.push(one);
  }
  return Array.from(groups, ([key, { labels, series }]) => {
    if (series.length === 1) return { key, labels, series, nodes: [series[0]?.node ?? ""] };
    series.sort((a, b) => compareText(a.node, b.node) || a.id - b.id);
    return { key, labels, series, nodes: [...new Set(series.map(({ node }) => node))] };
  });
}

/** Order by code units, the same everywhere. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function partOf({ node, series }: StoredSeries, name: string): string {
  if (name === "node") return node;
  if (name !== "service") return series.labels[name] ?? "";
  const slash = node.indexOf("/");
  return slash < 0 ? node : node.slice(0, slash);
}
