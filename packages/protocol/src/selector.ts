import { findMetric, type MetricDefinition, type MetricKind } from "./catalogue.ts";
import { WsightError } from "./errors.ts";
import { asFields, asInteger, asList, asOneOf, asText, expected } from "./parse.ts";
import { type Labels, labelsMatch, seriesKey } from "./series.ts";

/** What can be asked of each kind of metric. */
export const AGGREGATES = {
  counter: ["rate", "total"],
  gauge: ["last", "sum", "max", "mean"],
  histogram: ["rate", "mean", "max", "p50", "p95", "p99", "octave"],
} as const;

export type Aggregate = (typeof AGGREGATES)[MetricKind][number];

/** Seconds of history that `mean`, `max` and percentiles look back over unless told otherwise. */
export const DEFAULT_WINDOW_SECONDS = 10;
/** Most selectors of one subscription. */
export const MAX_SELECTORS = 512;

/**
 * One line on a live chart: a metric, how its series are put together, and
 * which of them. Counters: `rate` per second, `total` since each process
 * began. Gauges: `last` (put together as the catalogue says), or `sum`, `max`,
 * `mean`. Histograms: `rate` of observations, and figures over the trailing
 * `window` from truly merged buckets; `octave` is the number of observations
 * per second in (2^(octave−1), 2^octave], one row of a heatmap.
 */
export interface Selector {
  readonly metric: string;
  readonly agg: Aggregate;
  /** Only series with these label values. */
  readonly where?: Labels;
  /** Only this node, as `service/instance`. */
  readonly node?: string;
  /**
   * Trailing window in whole seconds, 1 to 900: of a histogram's figures (10
   * unless given), and of a `rate` or an `octave` (the one second unless given).
   */
  readonly window?: number;
  /** Which octave, for `agg: "octave"`: −20 to 32. */
  readonly octave?: number;
}

/** Canonical text of a selector; equal selectors have equal keys. */
export function selectorKey(selector: Selector): string {
  const head = [selector.agg, selector.octave, selector.window].filter((part) => part !== undefined).join(":");
  const node = selector.node === undefined ? "" : `@${selector.node}`;
  return `${head}(${seriesKey(selector.metric, selector.where ?? {})})${node}`;
}

/** True when a series with these labels belongs to the selector. */
export function selects(selector: Selector, metric: MetricDefinition, labels: Labels): boolean {
  return metric.name === selector.metric && labelsMatch(labels, selector.where);
}

/** Parses a list of selectors that came from outside. @throws WsightError `BAD_SELECTOR` */
export function parseSelectors(value: unknown): readonly Selector[] {
  return asList("BAD_SELECTOR", "series", value, MAX_SELECTORS).map(parseSelector);
}

/** Parses one selector that came from outside. @throws WsightError `BAD_SELECTOR` */
export function parseSelector(value: unknown): Selector {
  const fields = asFields("BAD_SELECTOR", "selector", value);
  const name = asText("BAD_SELECTOR", "metric", fields.metric);
  const metric = findMetric(name);
  if (metric === undefined) throw expected("BAD_SELECTOR", "metric", "a metric of the catalogue", name);
  const agg = asOneOf("BAD_SELECTOR", `agg of ${name}`, fields.agg, AGGREGATES[metric.kind] as readonly Aggregate[]);
  if (agg === "octave" && fields.octave === undefined)
    throw expected("BAD_SELECTOR", "octave", "a whole number from -20 to 32", undefined);
  return {
    metric: name,
    agg,
    ...(fields.where === undefined ? {} : { where: parseWhere(metric, fields.where) }),
    ...(fields.node === undefined ? {} : { node: asText("BAD_SELECTOR", "node", fields.node, 129) }),
    ...(fields.window === undefined ? {} : { window: asInteger("BAD_SELECTOR", "window", fields.window, 1, 900) }),
    ...(fields.octave === undefined ? {} : { octave: asInteger("BAD_SELECTOR", "octave", fields.octave, -20, 32) }),
  };
}

function parseWhere(metric: MetricDefinition, value: unknown): Labels {
  const fields = asFields("BAD_SELECTOR", "where", value);
  const labels: Record<string, string> = {};
  for (const name of Object.keys(fields)) {
    if (!metric.attributes.includes(name)) {
      throw new WsightError(
        "BAD_SELECTOR",
        `where: expected attributes ${metric.attributes.join(", ") || "(none)"} of ${metric.name}, got ${name}`,
      );
    }
    labels[name] = asText("BAD_SELECTOR", `where ${name}`, fields[name], 128);
  }
  return labels;
}

/**
 * How many units of the wire make one unit of the answer: values travel as
 * whole numbers of 1/scale. Seconds go as µs, ratios as 1/10,000, the rest as 1/100.
 */
export function selectorScale(selector: Selector): number {
  if (selector.agg === "rate" || selector.agg === "octave") return 100;
  switch (findMetric(selector.metric)?.unit) {
    case "s":
      return 1e6;
    case "1":
      return 1e4;
    case "By":
      return 1;
    default:
      return 100;
  }
}
