import { findMetric, type MetricDefinition } from "./catalogue.ts";
import {
  HISTORY_AGGREGATES,
  type HistoryAggregate,
  type HistoryQuery,
  type HistoryRange,
  type HistorySelector,
  MAX_HISTORY_LINES,
  MAX_HISTORY_POINTS,
  MAX_HISTORY_SELECTORS,
} from "./history.ts";
import {
  type HistoryCompareQuery,
  type HistoryHeatmapQuery,
  type HistorySeriesQuery,
  type HistoryTrendQuery,
  MAX_HEATMAP_COLUMNS,
  MAX_SERIES_PAGE,
  MAX_TREND_POINTS,
} from "./history-analyses.ts";
import { asFields, asInteger, asList, asNumber, asOneOf, asText, expected, type Fields } from "./parse.ts";
import { type Labels, MAX_LABEL_LENGTH } from "./series.ts";

const CODE = "BAD_REQUEST";
/** Most nodes that one question may name. */
const MAX_NODES = 500;
/** Longest name of a node: service and instance. */
const MAX_NODE_LENGTH = 257;
const MAX_BY = 8;
/** Largest time that a `Date` can hold. */
const MAX_AT = 8.64e15;
/** Names beside attributes that lines can be made by. */
const PLACES = ["node", "service"];
const PER_OCTAVE = [1, 2, 4, 8, 16, 32];

/** Parses a {@link HistoryQuery} that came from outside. @throws WsightError `BAD_REQUEST`, saying what was expected */
export function parseHistoryQuery(value: unknown): HistoryQuery {
  const fields = asFields(CODE, "query", value);
  return { ...parseRange(fields, MAX_HISTORY_POINTS), selectors: parseSelectorList(fields.selectors) };
}

/** Parses a {@link HistoryCompareQuery} that came from outside. @throws WsightError `BAD_REQUEST` */
export function parseHistoryCompareQuery(value: unknown): HistoryCompareQuery {
  const fields = asFields(CODE, "comparison", value);
  const { fromAt, toAt } = parseRange(fields, MAX_HISTORY_POINTS);
  const againstAt = asInteger(CODE, "againstAt", fields.againstAt, 0, MAX_AT);
  if (againstAt >= fromAt) throw expected(CODE, "againstAt", `a time before fromAt (${fromAt})`, againstAt);
  return { fromAt, toAt, againstAt, selectors: parseSelectorList(fields.selectors) };
}

/** Parses a {@link HistoryHeatmapQuery} that came from outside. @throws WsightError `BAD_REQUEST` */
export function parseHistoryHeatmapQuery(value: unknown): HistoryHeatmapQuery {
  const fields = asFields(CODE, "heatmap", value);
  const metric = parseKnownMetric(fields.metric);
  if (metric.kind !== "histogram") throw expected(CODE, "metric", "one of kind histogram", metric.name);
  const perOctave = asInteger(CODE, "perOctave", fields.perOctave ?? 1, 1, 32);
  if (!PER_OCTAVE.includes(perOctave)) throw expected(CODE, "perOctave", `one of ${PER_OCTAVE.join(", ")}`, perOctave);
  return {
    ...parseRange(fields, MAX_HEATMAP_COLUMNS),
    metric: metric.name,
    perOctave,
    ...parsePlace(metric, fields),
  };
}

/** Parses a {@link HistoryTrendQuery} that came from outside. @throws WsightError `BAD_REQUEST` */
export function parseHistoryTrendQuery(value: unknown): HistoryTrendQuery {
  const fields = asFields(CODE, "trend", value);
  return {
    ...parseRange(fields, MAX_TREND_POINTS),
    selector: parseHistorySelector(fields.selector),
    ...(fields.limit === undefined ? {} : { limit: asNumber(CODE, "limit", fields.limit) }),
  };
}

/** Parses a {@link HistorySeriesQuery} that came from outside. @throws WsightError `BAD_REQUEST` */
export function parseHistorySeriesQuery(value: unknown): HistorySeriesQuery {
  const fields = asFields(CODE, "query", value);
  const { metrics, where } = fields;
  return {
    ...(metrics === undefined
      ? {}
      : { metrics: asList(CODE, "metrics", metrics, MAX_NODES).map((name) => parseKnownMetric(name).name) }),
    ...(fields.nodes === undefined ? {} : { nodes: parseNodes(fields.nodes) }),
    ...(where === undefined ? {} : { where: parseWhere(null, where) }),
    limit: asInteger(CODE, "limit", fields.limit ?? 100, 1, MAX_SERIES_PAGE),
    ...(fields.after === undefined ? {} : { after: asText(CODE, "after", fields.after, 4096) }),
  };
}

/** Parses one selector that came from outside. @throws WsightError `BAD_REQUEST` */
export function parseHistorySelector(value: unknown): HistorySelector {
  const fields = asFields(CODE, "selector", value);
  const metric = parseKnownMetric(fields.metric);
  const aggregates: readonly HistoryAggregate[] = HISTORY_AGGREGATES[metric.kind];
  const agg = asOneOf(CODE, `agg of ${metric.name}`, fields.agg, aggregates);
  if (agg === "octave" && fields.octave === undefined) {
    throw expected(CODE, "octave", "a whole number from -20 to 32", undefined);
  }
  return {
    metric: metric.name,
    agg,
    ...parsePlace(metric, fields),
    ...(fields.by === undefined ? {} : { by: parseBy(metric, fields.by) }),
    ...(fields.top === undefined ? {} : { top: asInteger(CODE, "top", fields.top, 1, MAX_HISTORY_LINES) }),
    ...(fields.octave === undefined ? {} : { octave: asInteger(CODE, "octave", fields.octave, -20, 32) }),
  };
}

function parseSelectorList(value: unknown): readonly HistorySelector[] {
  const list = asList(CODE, "selectors", value, MAX_HISTORY_SELECTORS);
  if (list.length === 0) throw expected(CODE, "selectors", "at least one", value);
  return list.map(parseHistorySelector);
}

function parseRange(fields: Fields, maxPoints: number): HistoryRange {
  const fromAt = asInteger(CODE, "fromAt", fields.fromAt, 0, MAX_AT);
  const toAt = asInteger(CODE, "toAt", fields.toAt, 0, MAX_AT);
  if (toAt <= fromAt) throw expected(CODE, "toAt", `a time after fromAt (${fromAt})`, toAt);
  const { stepMs, points } = fields;
  return {
    fromAt,
    toAt,
    ...(stepMs === undefined ? {} : { stepMs: parseStep(stepMs) }),
    ...(points === undefined ? {} : { points: asInteger(CODE, "points", points, 1, maxPoints) }),
  };
}

function parseStep(value: unknown): number {
  const stepMs = asInteger(CODE, "stepMs", value, 1000, MAX_AT);
  if (stepMs % 1000 !== 0) throw expected(CODE, "stepMs", "a whole number of seconds, in ms", value);
  return stepMs;
}

function parsePlace(metric: MetricDefinition, { where, nodes }: Fields): Pick<HistorySelector, "where" | "nodes"> {
  return {
    ...(where === undefined ? {} : { where: parseWhere(metric, where) }),
    ...(nodes === undefined ? {} : { nodes: parseNodes(nodes) }),
  };
}

function parseNodes(value: unknown): readonly string[] {
  return asList(CODE, "nodes", value, MAX_NODES).map((node) => asText(CODE, "node", node, MAX_NODE_LENGTH));
}

function parseBy(metric: MetricDefinition, value: unknown): readonly string[] {
  const words = [...metric.attributes, ...PLACES];
  const by = asList(CODE, "by", value, MAX_BY).map((name) => asOneOf(CODE, `by of ${metric.name}`, name, words));
  return [...new Set(by)];
}

/** @param metric `null` takes any attribute */
function parseWhere(metric: MetricDefinition | null, value: unknown): Labels {
  const fields = asFields(CODE, "where", value);
  const labels: [string, string][] = [];
  for (const [name, text] of Object.entries(fields)) {
    if (metric !== null && !metric.attributes.includes(name)) {
      throw expected(CODE, `where of ${metric.name}`, `attributes ${metric.attributes.join(", ") || "(none)"}`, name);
    }
    labels.push([name, asText(CODE, `where ${name}`, text, MAX_LABEL_LENGTH)]);
  }
  return Object.fromEntries(labels);
}

function parseKnownMetric(value: unknown): MetricDefinition {
  const metric = typeof value === "string" ? findMetric(value) : undefined;
  if (metric === undefined) throw expected(CODE, "metric", "a metric of the catalogue", value);
  return metric;
}
