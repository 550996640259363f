import type { AlertCondition, AlertExpression, AlertRule } from "@wsight/protocol";
import { FIGURE_NAMES, readFigure } from "./figure.ts";
import type { Form } from "./form.ts";
import { limitFor, operator } from "./limits.ts";
import { id, wanted } from "./reads.ts";

const FORMS = ["when", "rule", "all", "any", "not"];
const MAX_DEPTH = 5;
const MAX_PARTS = 20;

/** What stands in for an expression that could not be read. */
const NOTHING: AlertExpression = { all: [] };

/** Reads when a composite rule breaches. @param rules those that can be named */
export function readExpression(form: Form, ownId: string, rules: readonly AlertRule[]): AlertExpression {
  let count = 0;

  function read(at: Form, name: string, value: unknown, depth: number): AlertExpression {
    if (depth > MAX_DEPTH) return refuse(at, name, `expected at most ${MAX_DEPTH} levels`);
    if (++count > MAX_PARTS) return refuse(at, name, `expected at most ${MAX_PARTS} parts in all`);
    const part = at.within(name, value, FORMS);
    const given = FORMS.filter((one) => part.has(one));
    const [type] = given;
    if (type === undefined || given.length > 1) return refuse(at, name, `expected exactly one of ${FORMS.join(", ")}`);
    switch (type) {
      case "when":
        return { when: readCondition(part.within("when", part.raw("when"), [...FIGURE_NAMES, "op", "limit"])) };
      case "rule":
        return { rule: part.required("rule", knownRule, "") };
      case "not":
        return { not: read(part, "not", part.raw("not"), depth + 1) };
      case "all":
        return { all: readAll(part, type, depth) };
      default:
        return { any: readAll(part, type, depth) };
    }
  }

  function readAll(form: Form, type: string, depth: number): readonly AlertExpression[] {
    const parts = form.list(type, form.raw(type), MAX_PARTS, (name, item) => read(form, name, item, depth + 1));
    if (parts.length === 0) form.fail(type, "expected at least one part");
    return parts;
  }

  function knownRule(where: string, value: unknown): string {
    const named = id(where, value);
    if (named === ownId) throw new Error("expected another rule, got this one");
    if (!rules.some((rule) => rule.id === named)) throw new Error(wanted("a rule that is there", named));
    return named;
  }

  const expression = read(form, "expression", form.raw("expression"), 1);
  if (!form.hasFault("expression")) {
    const circle = circleOf(ownId, expression, rules);
    if (circle !== null)
      form.fail("expression", `expected rules that don't look at each other in a circle, got ${circle}`);
  }
  return expression;
}

/** Figures that an expression compares, outermost first. */
export function conditionsOf(expression: AlertExpression): readonly AlertCondition[] {
  if ("when" in expression) return [expression.when];
  if ("rule" in expression) return [];
  if ("not" in expression) return conditionsOf(expression.not);
  return ("all" in expression ? expression.all : expression.any).flatMap(conditionsOf);
}

/** Rules that an expression names. */
export function rulesOf(expression: AlertExpression): readonly string[] {
  if ("when" in expression) return [];
  if ("rule" in expression) return [expression.rule];
  if ("not" in expression) return rulesOf(expression.not);
  return ("all" in expression ? expression.all : expression.any).flatMap(rulesOf);
}

function readCondition(form: Form): AlertCondition {
  const figure = readFigure(form);
  const op = form.required("op", operator, "gt");
  return { ...figure, op, limit: form.required("limit", limitFor(op), 0) };
}

function refuse(form: Form, name: string, message: string): AlertExpression {
  form.fail(name, message);
  return NOTHING;
}

/** The way from a rule back to itself, `a → b → a`; `null` for none. */
function circleOf(ownId: string, expression: AlertExpression, rules: readonly AlertRule[]): string | null {
  const namedBy = new Map(rules.map((rule) => [rule.id, rule.expression === null ? [] : rulesOf(rule.expression)]));
  namedBy.set(ownId, rulesOf(expression));
  const seen = new Set<string>();
  const ways: (readonly string[])[] = [[ownId]];
  for (let way = ways.pop(); way !== undefined; way = ways.pop()) {
    for (const next of namedBy.get(way.at(-1) ?? "") ?? []) {
      if (next === ownId) return [...way, next].join(" → ");
      if (seen.has(next)) continue;
      seen.add(next);
      ways.push([...way, next]);
    }
  }
  return null;
}
