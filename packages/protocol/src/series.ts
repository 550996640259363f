import { findMetric, type MetricDefinition } from "./catalogue.ts";
import { asFields, asText, expected } from "./parse.ts";

/** Attribute values of one series, by attribute name. */
export type Labels = Readonly<Record<string, string>>;

/** A metric with one set of labels. */
export interface Series {
  readonly metric: MetricDefinition;
  readonly labels: Labels;
}

/** Longest label value that is kept; longer ones are cut by the probe and refused by the hub. */
export const MAX_LABEL_LENGTH = 128;

/** Canonical text of a series: `name{a="1",b="2"}` with sorted attributes. */
export function seriesKey(metric: string, labels: Labels): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return metric;
  return `${metric}{${names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(",")}}`;
}

/** Parses labels from outside: known attributes only, bounded text. */
export function parseLabels(metric: MetricDefinition, value: unknown): Labels {
  const fields = asFields("BAD_FRAME", metric.name, value);
  const labels: Record<string, string> = {};
  for (const name of Object.keys(fields)) {
    if (!metric.attributes.includes(name)) {
      throw expected(
        "BAD_FRAME",
        `labels of ${metric.name}`,
        `attributes ${metric.attributes.join(", ") || "(none)"}`,
        name,
      );
    }
    labels[name] = asText("BAD_FRAME", `${metric.name} ${name}`, fields[name], MAX_LABEL_LENGTH);
  }
  return labels;
}

/** Looks up the metric of a series that came from outside. */
export function parseMetric(value: unknown): MetricDefinition {
  const metric = typeof value === "string" ? findMetric(value) : undefined;
  if (metric === undefined) throw expected("BAD_FRAME", "series", "a metric of the catalogue", value);
  return metric;
}

/** True when every label asked for is there with that value. */
export function labelsMatch(labels: Labels, where: Labels | undefined): boolean {
  if (where === undefined) return true;
  for (const name of Object.keys(where)) if (labels[name] !== where[name]) return false;
  return true;
}
