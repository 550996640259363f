import { findMetric, type Labels } from "@wsight/protocol";
import {
  attributeOf,
  bucketBounds,
  type ExposedPart,
  exposedNames,
  findExposed,
  formatBound,
  labelName,
  serviceOf,
} from "../../prometheus/names.ts";
import type { HistoryReader, SeriesFilter, StoredSeries } from "../../store/reader.ts";
import type { Matcher } from "../matcher.ts";
import { labelOf, NAME } from "../values/labels.ts";

/** One line that Prometheus would know a series by. */
export interface PickedLine {
  readonly part: ExposedPart;
  /** Upper bound of a classic bucket; `null` for other parts. */
  readonly bound: number | null;
  readonly labels: Labels;
}

/** A series of the store and which of its lines are meant. */
export interface Picked {
  readonly stored: StoredSeries;
  readonly lines: readonly PickedLine[];
}

/** Parts of each metric whose name is meant, by the metric's own name. */
type Wanted = ReadonlyMap<string, readonly { readonly part: ExposedPart; readonly name: string }[]>;

/** The series that fulfil all matchers, of all times. */
export async function pickSeries(reader: HistoryReader, matchers: readonly Matcher[]): Promise<readonly Picked[]> {
  const wanted = wantedNames(matchers);
  if (wanted.size === 0) return [];
  const others = matchers.filter(({ label }) => label !== NAME);
  const found = await reader.series(filterOf(wanted, others));
  return found.flatMap((stored) => {
    const lines = linesOf(stored, wanted, others);
    return lines.length === 0 ? [] : [{ stored, lines }];
  });
}

function wantedNames(matchers: readonly Matcher[]): Wanted {
  const tests = matchers.filter(({ label }) => label === NAME);
  const exact = tests.find(({ operator }) => operator === "=");
  const wanted = new Map<string, { part: ExposedPart; name: string }[]>();
  for (const name of exact === undefined ? exposedNames() : [exact.value]) {
    const exposed = findExposed(name);
    if (exposed === undefined || !tests.every(({ matches }) => matches(name))) continue;
    const parts = wanted.get(exposed.metric.name) ?? [];
    wanted.set(exposed.metric.name, parts);
    parts.push({ part: exposed.part, name });
  }
  return wanted;
}

/** What a store can narrow by itself: one node, and attributes where there is but one metric to have them. */
function filterOf(wanted: Wanted, matchers: readonly Matcher[]): SeriesFilter {
  const exact = matchers.filter(({ operator, value }) => operator === "=" && value !== "");
  const node = exact.find(({ label }) => label === "node");
  const metric = wanted.size === 1 ? findMetric([...wanted.keys()][0] ?? "") : undefined;
  const where: Record<string, string> = {};
  if (metric !== undefined) {
    for (const { label, value } of exact) {
      const attribute = attributeOf(metric, label);
      if (attribute !== undefined) where[attribute] = value;
    }
  }
  return { metrics: [...wanted.keys()], where, ...(node === undefined ? {} : { nodes: [node.value] }) };
}

function linesOf({ node, series }: StoredSeries, wanted: Wanted, matchers: readonly Matcher[]): readonly PickedLine[] {
  const own = ownLabels(node, series.labels);
  const bounds = matchers.filter(({ label }) => label === "le");
  const rest = matchers.filter(({ label }) => label !== "le");
  if (!rest.every(({ label, matches }) => matches(labelOf(own, label)))) return [];
  return (wanted.get(series.metric.name) ?? []).flatMap(({ part, name }): readonly PickedLine[] => {
    const labels = { [NAME]: name, ...own };
    if (part !== "bucket") return bounds.every(({ matches }) => matches("")) ? [{ part, bound: null, labels }] : [];
    return [...bucketBounds(series.metric), Infinity]
      .filter((bound) => bounds.every(({ matches }) => matches(formatBound(bound))))
      .map((bound) => ({ part, bound, labels: { ...labels, le: formatBound(bound) } }));
  });
}

function ownLabels(node: string, attributes: Labels): Labels {
  const labels: Record<string, string> = { service: serviceOf(node), node };
  // An empty label is as good as none to Prometheus.
  for (const [name, value] of Object.entries(attributes)) if (value !== "") labels[labelName(name)] = value;
  return labels;
}
