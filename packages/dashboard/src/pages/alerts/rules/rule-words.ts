import type { AlertExpression, AlertLimit, AlertOp, AlertRule } from "@wsight/protocol";
import { span } from "../../../format/quantity.ts";
import { attributeName } from "../../history/names.ts";
import { listed } from "../words.ts";
import { aggregateName, offerOf, unitOfFigure } from "./figure-offer.ts";
import { writeQuantity } from "./quantities.ts";

/** How a comparison reads before its limit. */
export const OP_WORDS: Readonly<Record<AlertOp, string>> = {
  gt: "above",
  gte: "at or above",
  lt: "below",
  lte: "at or below",
  eq: "equal to",
  ne: "not",
  inside: "from",
  outside: "not from",
};

/** A limit, or both ends of a range. */
function limitWords(limit: AlertLimit, unit: string): string {
  const each = unit.endsWith("/s") && unit !== "s/s" ? "/s" : "";
  const ends = typeof limit === "number" ? [limit] : limit;
  return ends.map((end) => `${writeQuantity(end, unit)}${each}`).join(" to ");
}

/** What a rule looks for, in a sentence without its end. */
export function ruleSentence(rule: AlertRule): string {
  const each = rule.groupBy.length === 0 ? "" : `, each ${listed(rule.groupBy.map(attributeName))} by itself`;
  return `${conditionWords(rule)}${lastingWords(rule)}${each}`;
}

function lastingWords({ forSec }: AlertRule): string {
  return forSec === 0 ? "" : ` for ${span(forSec * 1000)}`;
}

function conditionWords(rule: AlertRule): string {
  const unit = unitOfFigure(rule);
  const what = figureWords(rule);
  if (rule.kind === "no_data") return `${what} is not there any more`;
  if (rule.kind === "composite")
    return rule.expression === null ? "several conditions" : expressionWords(rule.expression);
  if (rule.kind === "burn_rate") {
    const objective = rule.burnRate === null ? "" : ` of ${writeQuantity(1 - rule.burnRate.objective, "1")}`;
    return `${what} uses up its budget${objective} too fast`;
  }
  const limits = [
    ...(rule.warn === null ? [] : [limitWords(rule.warn, unit)]),
    ...(rule.crit === null ? [] : [`critical ${limitWords(rule.crit, unit)}`]),
  ];
  return `${what} ${OP_WORDS[rule.op]} ${limits.join(", ")}`;
}

/** What a figure is, in words: `Messages rate (in)`. */
export function figureWords({ metric, agg, filter }: Pick<AlertRule, "metric" | "agg" | "filter">): string {
  const title = offerOf(metric)?.title ?? metric;
  const only = [...Object.values(filter.where ?? {}), ...(filter.nodes ?? [])];
  const name = aggregateName(agg);
  return `${title}${name === "" ? "" : ` ${name}`}${only.length === 0 ? "" : ` (${only.join(", ")})`}`;
}

function expressionWords(expression: AlertExpression): string {
  if ("rule" in expression) return `“${expression.rule}” fires`;
  if ("not" in expression) return `not (${expressionWords(expression.not)})`;
  if ("when" in expression) {
    const { op, limit } = expression.when;
    return `${figureWords(expression.when)} ${OP_WORDS[op]} ${limitWords(limit, unitOfFigure(expression.when))}`;
  }
  const [parts, word] = "all" in expression ? [expression.all, " and "] : [expression.any, " or "];
  return parts
    .map((part) => ("all" in part || "any" in part ? `(${expressionWords(part)})` : expressionWords(part)))
    .join(word);
}
