/** Kinds of instrument. A counter only grows, a gauge is a reading, a histogram is a distribution. */
export const METRIC_KINDS = ["counter", "gauge", "histogram"] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];

/** Units, in UCUM as OpenTelemetry writes them. Durations are seconds, sizes bytes, ratios 0–1. */
export type MetricUnit =
  | "s"
  | "By"
  | "1"
  | "{connection}"
  | "{message}"
  | "{error}"
  | "{broadcast}"
  | "{room}"
  | "{namespace}"
  | "{attempt}"
  | "{call}"
  | "{series}"
  | "{frame}"
  | "{request}"
  | "{operation}"
  | "{process}"
  | "{thread}"
  | "{resource}"
  | "{file_descriptor}"
  | "{key}"
  | "{job}"
  | "{worker}";

/** One line of the metric catalogue. */
export interface MetricDefinition {
  /** OpenTelemetry dotted name, the one name used everywhere. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** Bounded attributes a series of this metric may carry. */
  readonly attributes: readonly string[];
  /**
   * How several processes become one figure. Histograms always add up. Counters and gauges do as said here; `max` is
   * for what several processes read of one thing (their host, a cache server), which must not be counted twice. The
   * label sets of one counter within one process add up, but for those by `db.client`: clients may share a server.
   */
  readonly across: "sum" | "max" | "mean";
  /** What it measures, for people. */
  readonly help: string;
}

/** One line of a table of metrics. */
export function define(
  name: string,
  kind: MetricKind,
  unit: MetricUnit,
  attributes: readonly string[],
  help: string,
  across: MetricDefinition["across"] = "sum",
): MetricDefinition {
  return { name, kind, unit, attributes, across, help };
}
