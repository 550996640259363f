import {
  type AlertFigure,
  type AlertFilter,
  type HistoryAggregate,
  INDICATORS,
  type Indicator,
  type IndicatorTerm,
  type Labels,
  type MetricDefinition,
} from "@wsight/protocol";
import { attributeOf, type ExposedPart, findExposed } from "../../prometheus/names.ts";
import type { Aggregate, Aggregation, Call, Expression, LabelChoice, Selector } from "../../promql/expression.ts";
import type { Matcher } from "../../promql/matcher.ts";
import { constantOf } from "./comparison.ts";
import { Refusal } from "./refusal.ts";

/** A figure and what it is grouped by. */
export interface ImportedFigure extends AlertFigure {
  readonly groupBy: readonly string[];
}

/** Window of what PromQL reads at one moment, seconds. */
const MOMENT_SEC = 15;
const LONGEST_WINDOW_SEC = 900;
const QUANTILES: Readonly<Record<number, HistoryAggregate>> = {
  0.5: "p50",
  0.75: "p75",
  0.9: "p90",
  0.95: "p95",
  0.99: "p99",
  0.999: "p999",
};
/** What becomes of a gauge over time. */
const OVER_TIME: Readonly<Record<string, HistoryAggregate>> = {
  avg_over_time: "mean",
  min_over_time: "min",
  max_over_time: "max",
  last_over_time: "last",
};
const OVER_SERIES: Readonly<Partial<Record<Aggregation, HistoryAggregate>>> = {
  avg: "mean",
  min: "min",
  max: "max",
  sum: "sum",
};

/** Series that are put together in some way. */
interface Lines {
  readonly metric: MetricDefinition;
  readonly part: ExposedPart;
  readonly filter: AlertFilter;
  /** What is done to each series. */
  readonly over: HistoryAggregate | "rate" | "increase" | "moment";
  readonly windowSec: number;
  /** How several become one; `null` for each by itself. */
  readonly join: { readonly operation: Aggregation; readonly labels: readonly string[] } | null;
}

/**
 * Reads an expression as one figure.
 * @throws Refusal saying what can't be told that way
 */
export function figureOf(expression: Expression): ImportedFigure {
  if (expression.type === "call" && expression.name === "histogram_quantile") return quantileOf(expression);
  if (expression.type === "binary" && expression.operator === "/")
    return meanOf(expression.left, expression.right) ?? ratioOf(expression.left, expression.right);
  return plainFigure(readLines(expression));
}

function plainFigure(lines: Lines): ImportedFigure {
  const { metric, part, filter, windowSec } = lines;
  if (part !== "value" && part !== "count")
    throw new Refusal(`${metric.name} is a distribution: use histogram_quantile, or its _sum by its _count`);
  return { metric: metric.name, agg: aggOf(lines), filter, windowSec, groupBy: groupByOf(lines) };
}

function aggOf({ metric, part, over, join }: Lines): HistoryAggregate {
  if (join !== null && OVER_SERIES[join.operation] === undefined)
    throw new Refusal(`the aggregation ${join.operation} is not supported here`);
  if (part === "count" || metric.kind === "counter") {
    if (over !== "rate" && over !== "increase")
      throw new Refusal(`${metric.name} only grows: use rate or increase of it`);
    if (join !== null && join.operation !== "sum")
      throw new Refusal(`growth can only be put together by sum, not by ${join.operation}`);
    if (over === "rate") return "rate";
    return part === "count" ? "count" : "increase";
  }
  if (over === "rate" || over === "increase") throw new Refusal(`${metric.name} is a reading: it has no ${over}`);
  const joined = join === null ? null : (OVER_SERIES[join.operation] ?? null);
  if (over === "moment") return joined ?? "last";
  if (joined !== null && joined !== over && !(joined === "sum" && over === "mean"))
    throw new Refusal(`${joined} of ${over} over time is not supported: use the same for both`);
  return joined ?? over;
}

function quantileOf({ arguments: [level, of] }: Call): ImportedFigure {
  const share = level === undefined ? null : constantOf(level);
  const agg = share === null ? undefined : QUANTILES[share];
  if (agg === undefined || of === undefined)
    throw new Refusal(`histogram_quantile: expected one of ${Object.keys(QUANTILES).sort().join(", ")}, got ${share}`);
  const lines = readLines(of);
  const { metric, part, filter, over, windowSec, join } = lines;
  if ((part !== "bucket" && part !== "histogram") || (over !== "rate" && over !== "increase"))
    throw new Refusal("histogram_quantile: expected the rate of a distribution");
  if (join !== null && join.operation !== "sum")
    throw new Refusal(`distributions can only be put together by sum, not by ${join.operation}`);
  if (join !== null && part === "bucket" && !join.labels.includes("le"))
    throw new Refusal("histogram_quantile: expected le among the labels that buckets are put together by");
  return { metric: metric.name, agg, filter, windowSec, groupBy: groupByOf(lines) };
}

/** `rate(x_sum) / rate(x_count)` is the mean; `null` for any other quotient. */
function meanOf(left: Expression, right: Expression): ImportedFigure | null {
  const [sum, count] = [tryLines(left), tryLines(right)];
  if (sum?.part !== "sum" || count?.part !== "count" || sum.metric !== count.metric) return null;
  const isSame =
    JSON.stringify([sum.filter, sum.join, sum.over, sum.windowSec]) ===
    JSON.stringify([count.filter, count.join, count.over, count.windowSec]);
  if (!isSame || (sum.over !== "rate" && sum.over !== "increase"))
    throw new Refusal("expected the same labels and range for _sum and _count");
  return {
    metric: sum.metric.name,
    agg: "mean",
    filter: sum.filter,
    windowSec: sum.windowSec,
    groupBy: groupByOf(sum),
  };
}

/** A ratio that there is an indicator for. */
function ratioOf(left: Expression, right: Expression): ImportedFigure {
  const of = termsOf(left);
  const per = termsOf(right);
  const [first] = of;
  const all = [...of, ...per];
  const indicator = INDICATORS.find((one) => one.inverted !== true && sameTerms(one.of, of) && sameTerms(one.per, per));
  if (first === undefined || indicator === undefined) {
    const known = INDICATORS.map(({ name }) => name).join(", ");
    throw new Refusal(`there is no indicator for this quotient; there are ${known}`);
  }
  const shared = JSON.stringify([first.windowSec, first.join]);
  if (all.some(({ windowSec, join }) => JSON.stringify([windowSec, join]) !== shared))
    throw new Refusal("expected the same range and labels in all parts of a quotient");
  return {
    metric: indicator.name,
    agg: "value",
    filter: {},
    windowSec: first.windowSec,
    groupBy: groupsOf(indicator, first.join),
  };
}

function groupsOf({ name, attributes }: Indicator, join: Lines["join"]): readonly string[] {
  if (join === null) throw new Refusal("expected both sides of a quotient to be put together by sum");
  return join.labels.map((label) => {
    const attribute = attributes.find((one) => one.replaceAll(".", "_") === label);
    if (attribute === undefined && label !== "node" && label !== "service")
      throw new Refusal(`${name} has no label ${label}`);
    return attribute ?? label;
  });
}

/** Parts of a sum. */
function termsOf(expression: Expression): readonly Lines[] {
  if (expression.type === "binary" && expression.operator === "+")
    return [...termsOf(expression.left), ...termsOf(expression.right)];
  return [readLines(expression)];
}

function sameTerms(terms: readonly IndicatorTerm[], lines: readonly Lines[]): boolean {
  if (terms.length !== lines.length) return false;
  return terms.every(({ metric, where = {} }) =>
    lines.some((one) => {
      const isGrowth = one.over === "rate" || one.over === "increase";
      const isPart = one.metric.kind === "histogram" ? one.part === "count" : one.part === "value";
      const growsOrReads = one.metric.kind === "gauge" ? one.over === "moment" : isGrowth;
      return (
        one.metric.name === metric &&
        isPart &&
        growsOrReads &&
        one.filter.nodes === undefined &&
        sameLabels(where, one.filter.where ?? {})
      );
    }),
  );
}

function sameLabels(a: Labels, b: Labels): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

function tryLines(expression: Expression): Lines | null {
  try {
    return readLines(expression);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

function readLines(expression: Expression): Lines {
  switch (expression.type) {
    case "aggregate":
      return joinedLines(expression);
    case "call":
      return linesOfCall(expression);
    case "selector":
      return linesOfSelector(expression, "moment");
    case "binary":
      throw new Refusal(`${expression.operator} between series is not supported here`);
    default:
      throw new Refusal("expected a metric");
  }
}

function joinedLines({ operation, choice, of }: Aggregate): Lines {
  const lines = readLines(of);
  if (lines.join !== null) throw new Refusal("an aggregation of an aggregation is not supported");
  return { ...lines, join: { operation, labels: labelsOf(choice, lines) } };
}

/** `without` names what is left out; written the other way round here. */
function labelsOf({ isWithout, labels }: LabelChoice, { metric, part }: Lines): readonly string[] {
  if (!isWithout) return labels;
  const all = [
    ...metric.attributes.map((one) => one.replaceAll(".", "_")),
    "node",
    "service",
    ...(part === "bucket" ? ["le"] : []),
  ];
  return all.filter((label) => !labels.includes(label));
}

function linesOfCall({ name, arguments: [of] }: Call): Lines {
  if (of?.type !== "selector") throw new Refusal(`${name}: expected a metric in it`);
  const over = OVER_TIME[name] ?? (name === "rate" || name === "increase" ? name : undefined);
  if (over === undefined) throw new Refusal(`the function ${name} is not supported here`);
  return linesOfSelector(of, over);
}

function linesOfSelector(selector: Selector, over: Lines["over"]): Lines {
  const { rangeMs } = selector;
  const windowSec = rangeMs === null ? MOMENT_SEC : Math.max(1, Math.round(rangeMs / 1000));
  if (windowSec > LONGEST_WINDOW_SEC)
    throw new Refusal(`expected a range of at most ${LONGEST_WINDOW_SEC / 60} minutes`);
  return { ...seriesOf(selector), over, windowSec, join: null };
}

/** The series that a selector means. @throws Refusal for what can't be narrowed that way */
export function seriesOf({ matchers, offsetMs }: Selector): Pick<Lines, "metric" | "part" | "filter"> {
  if (offsetMs !== 0) throw new Refusal("offset is not supported");
  const named = matchers.find(({ label, operator }) => label === "__name__" && operator === "=");
  const exposed = named === undefined ? undefined : findExposed(named.value);
  if (exposed === undefined) throw new Refusal(`there is no metric ${named?.value ?? "without a name"}`);
  const filter = filterOf(
    exposed.metric,
    matchers.filter(({ label }) => label !== "__name__"),
  );
  return { ...exposed, filter };
}

function filterOf(metric: MetricDefinition, matchers: readonly Matcher[]): AlertFilter {
  const where: [string, string][] = [];
  let nodes: readonly string[] | undefined;
  for (const { label, operator, value } of matchers) {
    if (label === "node") nodes = nodesOf(operator, value);
    else {
      const attribute = attributeOf(metric, label);
      if (attribute === undefined)
        throw new Refusal(
          `${metric.name} can't be narrowed by ${label}; it can by ${[...metric.attributes.map((one) => one.replaceAll(".", "_")), "node"].join(", ")}`,
        );
      if (operator !== "=" || value === "") throw new Refusal(`${label}${operator}: only = with a value can narrow`);
      where.push([attribute, value]);
    }
  }
  return {
    ...(where.length === 0 ? {} : { where: Object.fromEntries(where) }),
    ...(nodes === undefined ? {} : { nodes }),
  };
}

function nodesOf(operator: Matcher["operator"], value: string): readonly string[] {
  if (operator === "=" && value !== "") return [value];
  const names = value.split("|").map((name) => name.replaceAll("\\.", "."));
  if (operator === "=~" && names.every((name) => /^[\w./-]+$/.test(name) && !value.includes(".*"))) return names;
  throw new Refusal("node: expected = with a name, or =~ with names and | between them");
}

/** Each label set by itself, but for what only one value is asked of. */
function groupByOf({ metric, part, filter, join }: Lines): readonly string[] {
  const fixed = new Set(Object.keys(filter.where ?? {}));
  if (join === null) return [...metric.attributes.filter((attribute) => !fixed.has(attribute)), "node"];
  return join.labels
    .filter((label) => !(label === "le" && (part === "bucket" || part === "histogram")))
    .map((label) => {
      const attribute = attributeOf(metric, label);
      if (attribute === undefined && label !== "node" && label !== "service")
        throw new Refusal(`${metric.name} has no label ${label}`);
      return attribute ?? label;
    });
}
