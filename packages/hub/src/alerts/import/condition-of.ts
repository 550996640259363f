import type { AlertCondition, AlertExpression, AlertKind, AlertLimit, AlertOp } from "@wsight/protocol";
import type { Binary, Call, Expression } from "../../promql/expression.ts";
import { readComparison } from "./comparison.ts";
import { figureOf, type ImportedFigure, seriesOf } from "./figure-of.ts";
import { Refusal } from "./refusal.ts";

/** What a rule's expression becomes. */
export interface ImportedCondition {
  readonly kind: Extract<AlertKind, "threshold" | "no_data" | "composite">;
  readonly figure: ImportedFigure;
  /** For `threshold`. */
  readonly op: AlertOp;
  readonly limit: AlertLimit | null;
  /** For `composite`. */
  readonly expression: AlertExpression | null;
  /** For `no_data`: how long there is nothing, seconds. */
  readonly afterSec: number | null;
}

const JOINS = ["and", "or", "unless"];
/** How long PromQL takes an old value for the newest one, seconds. */
const LOOKBACK_SEC = 300;

/**
 * Reads the expression of an alerting rule: a figure and a number, several of them joined by `and`, `or` and
 * `unless`, or `absent`.
 * @throws Refusal saying what is not supported
 */
export function conditionOf(expression: Expression): ImportedCondition {
  if (expression.type === "call" && expression.name.startsWith("absent")) return absenceOf(expression);
  if (expression.type === "binary" && JOINS.includes(expression.operator)) return compositeOf(expression);
  const { figure, op, limit } = comparisonOf(expression);
  return { kind: "threshold", figure, op, limit, expression: null, afterSec: null };
}

function comparisonOf(expression: Expression): {
  readonly figure: ImportedFigure;
  readonly op: AlertOp;
  readonly limit: number;
} {
  if (expression.type !== "binary") throw new Refusal("expected a comparison with a number");
  if (expression.isBool) throw new Refusal("bool is not supported: it would always fire");
  const { of, op, limit } = readComparison(expression);
  return { figure: figureOf(of), op, limit };
}

function absenceOf({ name, arguments: [of] }: Call): ImportedCondition {
  if (of?.type !== "selector") throw new Refusal(`${name}: expected a metric in it`);
  const { metric, filter } = seriesOf(of);
  const afterSec = of.rangeMs === null ? LOOKBACK_SEC : Math.max(1, Math.round(of.rangeMs / 1000));
  // Whether it is there is all that counts, whatever is taken of it.
  const figure = {
    metric: metric.name,
    agg: metric.kind === "gauge" ? "last" : "rate",
    filter,
    windowSec: 60,
    groupBy: [],
  } as const;
  return { kind: "no_data", figure, op: "gt", limit: null, expression: null, afterSec };
}

function compositeOf(expression: Binary): ImportedCondition {
  const conditions: ImportedFigure[] = [];
  const joined = joinedOf(expression, conditions);
  const [figure] = conditions;
  if (figure === undefined) throw new Refusal("expected a comparison with a number");
  const groupBy = [...new Set(conditions.flatMap((one) => one.groupBy))];
  return {
    kind: "composite",
    figure: { ...figure, groupBy },
    op: "gt",
    limit: null,
    expression: joined,
    afterSec: null,
  };
}

/** @param conditions is given what is compared, in order */
function joinedOf(expression: Expression, conditions: ImportedFigure[]): AlertExpression {
  if (expression.type !== "binary" || !JOINS.includes(expression.operator)) {
    const { figure, op, limit } = comparisonOf(expression);
    const { groupBy: _, ...plain } = figure;
    const condition: AlertCondition = { ...plain, op, limit };
    conditions.push(figure);
    return { when: condition };
  }
  const from = conditions.length;
  const left = joinedOf(expression.left, conditions);
  const middle = conditions.length;
  const right = joinedOf(expression.right, conditions);
  checkMatching(expression, conditions.slice(from, middle), conditions.slice(middle));
  if (expression.operator === "unless") return { all: [left, { not: right }] };
  return expression.operator === "and" ? { all: [left, right] } : { any: [left, right] };
}

/** That both sides are told apart by the same labels: a side with fewer counts for all values of the others here. */
function checkMatching(
  { operator, matching }: Binary,
  left: readonly ImportedFigure[],
  right: readonly ImportedFigure[],
): void {
  const labelsOf = (figures: readonly ImportedFigure[]) =>
    [...new Set(figures.flatMap(({ groupBy }) => groupBy))].sort();
  const [ours, theirs] = [labelsOf(left), labelsOf(right)];
  if (ours.join() === theirs.join()) return;
  const on = matching.labels.map((label) => label.replaceAll("_", "."));
  const known = new Set([...on, ...matching.labels]);
  if (!matching.isWithout && theirs.every((label) => known.has(label)) && matching.labels.length === theirs.length)
    return;
  throw new Refusal(
    `${operator}: expected the same labels on both sides, or on(…) with those of the right side, got ${ours.join(", ") || "none"} and ${theirs.join(", ") || "none"}`,
  );
}
