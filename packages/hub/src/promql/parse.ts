import {
  AGGREGATIONS,
  type Aggregation,
  ARITHMETIC,
  COMPARISONS,
  type Expression,
  type LabelChoice,
  type Operator,
  SET_OPERATORS,
  type Selector,
} from "./expression.ts";
import { FUNCTIONS } from "./functions.ts";
import { type GrammarNode, parseGrammar } from "./grammar.ts";
import { parseDuration, parseNumber, parseString } from "./literals.ts";
import { createMatcher, MATCH_OPERATORS, type Matcher } from "./matcher.ts";
import { type PromqlError, parseError } from "./promql-error.ts";
import { checkTypes } from "./types.ts";

/** Longest query, in characters. */
const MAX_QUERY = 32_768;
/** Deepest nesting of a query. */
const MAX_DEPTH = 250;
/** Longest time of a range or an offset: longer than anything is kept. */
const MAX_DURATION_MS = 3_650 * 86_400_000;
const OPERATORS: readonly Operator[] = [...ARITHMETIC, ...COMPARISONS, ...SET_OPERATORS];
/** Aggregations that take a parameter before what they aggregate. */
const WITH_PARAMETER: readonly Aggregation[] = ["topk", "bottomk", "quantile"];

/** What cannot be answered, by its name in the grammar. */
const UNSUPPORTED: Readonly<Record<string, string>> = {
  SubqueryExpr: "subqueries, such as x[1h:5m], are not supported",
  StepInvariantExpr: "the @ modifier is not supported",
  AnchoredExpr: "the modifier anchored is not supported",
  SmoothedExpr: "the modifier smoothed is not supported",
  FillModifier: "the fill modifiers are not supported",
  GroupLeft: "group_left is not supported: only one-to-one matching is",
  GroupRight: "group_right is not supported: only one-to-one matching is",
};

/**
 * Parses a query into what can be evaluated.
 * @throws PromqlError `bad_data` naming what is wrong or not supported, and where
 */
export function parseQuery(query: string): Expression {
  if (query.length > MAX_QUERY) throw parseError(query, 0, `expected at most ${MAX_QUERY} characters`);
  if (query.trim() === "") throw parseError(query, 0, "no expression found in input");
  const tree = parseGrammar(query);
  checkTree(query, tree, 0);
  const [root] = partsOf(tree);
  if (root === undefined) throw parseError(query, 0, "no expression found in input");
  const expression = new Reader(query).read(root);
  checkTypes(query, expression);
  return expression;
}

/**
 * Parses a selector, as `match[]` has it.
 * @throws PromqlError `bad_data`
 */
export function parseSelector(text: string): Selector {
  const expression = parseQuery(text);
  if (expression.type === "selector" && expression.rangeMs === null) return expression;
  throw parseError(text, 0, 'expected a series selector, such as name{label="value"}');
}

function checkTree(query: string, node: GrammarNode, depth: number): void {
  if (depth > 4 * MAX_DEPTH) throw parseError(query, node.from, `expected at most ${MAX_DEPTH} levels of nesting`);
  const unsupported = UNSUPPORTED[node.name];
  if (unsupported !== undefined) throw parseError(query, node.from, unsupported);
  for (const child of node.children) {
    if (child.isError) throw notUnderstood(query, node, child);
    checkTree(query, child, depth + 1);
  }
}

function notUnderstood(query: string, parent: GrammarNode, { from, to }: GrammarNode): PromqlError {
  const name = query.slice(parent.from, from).trim();
  if (/^[a-z_:][\w:]*$/i.test(name) && /^\s*\(/.test(query.slice(from)))
    return parseError(query, parent.from, `unknown function with name "${name}"`);
  const rest = query.slice(from);
  if (rest.trim() === "") return parseError(query, from, "unexpected end of input");
  const [word = ""] = /^\s*(?:\w+|\S)/.exec(to > from ? query.slice(from, to) : rest) ?? [];
  return parseError(query, from, `unexpected ${JSON.stringify(word.trim())}`);
}

function partsOf(node: GrammarNode): readonly GrammarNode[] {
  return node.children.filter(({ name }) => name !== "LineComment");
}

class Reader {
  readonly #query: string;

  constructor(query: string) {
    this.#query = query;
  }

  read(node: GrammarNode, depth = 0): Expression {
    if (depth > MAX_DEPTH) throw this.#fault(node, `expected at most ${MAX_DEPTH} levels of nesting`);
    const next = (child: GrammarNode | undefined): Expression => {
      if (child === undefined) throw this.#fault(node, "expected an expression");
      return this.read(child, depth + 1);
    };
    const parts = partsOf(node);
    switch (node.name) {
      case "ParenExpr":
        return next(parts[0]);
      case "NumberDurationLiteral":
        return { type: "number", at: node.from, value: this.#number(node) };
      case "StringLiteral":
        return { type: "string", at: node.from, text: this.#string(node) };
      case "UnaryExpr":
        return this.#unary(node, next(parts[1]));
      case "VectorSelector":
        return this.#selector(node);
      case "MatrixSelector":
        return this.#ranged(node, next(parts[0]), parts[1]);
      case "OffsetExpr":
        return this.#shifted(node, next(parts[0]), parts[2]);
      case "FunctionCall":
        return this.#call(node, next);
      case "AggregateExpr":
        return this.#aggregate(node, next);
      case "BinaryExpr":
        return this.#binary(node, next);
      default:
        throw this.#fault(node, `${node.name} is not supported`);
    }
  }

  #unary(node: GrammarNode, of: Expression): Expression {
    return this.#query[node.from] === "-" ? { type: "negate", at: node.from, of } : of;
  }

  #selector(node: GrammarNode): Selector {
    const matchers: Matcher[] = [];
    const name = node.children.find((child) => child.name === "Identifier");
    if (name !== undefined) matchers.push(createMatcher("__name__", "=", this.#text(name)));
    const list = node.children.find((child) => child.name === "LabelMatchers");
    for (const one of list?.children ?? []) matchers.push(this.#matcher(one));
    if (matchers.filter(({ label }) => label === "__name__").length > 1 && name !== undefined)
      throw this.#fault(node, "metric name must not be set twice");
    if (matchers.every(({ matches }) => matches("")))
      throw this.#fault(node, "vector selector must contain at least one non-empty matcher");
    return { type: "selector", at: node.from, matchers, rangeMs: null, offsetMs: 0 };
  }

  #matcher(node: GrammarNode): Matcher {
    if (node.name === "QuotedLabelName") return createMatcher("__name__", "=", this.#string(node));
    const [label, how, value] = node.children;
    const operator = MATCH_OPERATORS.find((one) => one === (how === undefined ? "" : this.#text(how)));
    if (label === undefined || operator === undefined || value === undefined)
      throw this.#fault(node, "expected a label matcher");
    const name = label.name === "QuotedLabelName" ? this.#string(label) : this.#text(label);
    try {
      return createMatcher(name, operator, this.#string(value));
    } catch (error) {
      throw this.#fault(value, error instanceof Error ? error.message : String(error));
    }
  }

  #ranged(node: GrammarNode, of: Expression, length: GrammarNode | undefined): Selector {
    if (of.type !== "selector" || of.rangeMs !== null)
      throw this.#fault(node, "ranges only allowed for vector selectors");
    if (of.offsetMs !== 0) throw this.#fault(node, "no offset modifiers allowed before range");
    const rangeMs = this.#duration(length, node);
    if (rangeMs <= 0) throw this.#fault(length ?? node, "duration must be greater than 0");
    return { ...of, rangeMs };
  }

  #shifted(node: GrammarNode, of: Expression, offset: GrammarNode | undefined): Selector {
    if (of.type !== "selector")
      throw this.#fault(
        node,
        "offset modifier must be preceded by an instant vector selector or range vector selector",
      );
    if (of.offsetMs !== 0) throw this.#fault(node, "offset may not be set multiple times");
    return { ...of, offsetMs: this.#duration(offset, node) };
  }

  #duration(node: GrammarNode | undefined, around: GrammarNode): number {
    const text = node === undefined ? "" : this.#text(node).replaceAll(/\s/g, "");
    const [, sign, plain = ""] = /^([-+]?)(.*)$/s.exec(text) ?? [];
    const seconds = parseNumber(plain);
    const durationMs = parseDuration(plain) ?? (seconds === null ? Number.NaN : Math.round(seconds * 1000));
    if (!(durationMs <= MAX_DURATION_MS)) throw this.#fault(node ?? around, `bad or unsupported duration "${text}"`);
    return sign === "-" ? -durationMs : durationMs;
  }

  #call(node: GrammarNode, next: (child: GrammarNode) => Expression): Expression {
    const [identifier, body] = node.children;
    const name = identifier === undefined ? "" : this.#text(identifier);
    if (!Object.hasOwn(FUNCTIONS, name)) {
      const known = Object.keys(FUNCTIONS).join(", ");
      throw this.#fault(node, `function ${name} is not supported; supported are ${known}`);
    }
    return { type: "call", at: node.from, name, arguments: partsOf(body ?? node).map(next) };
  }

  #aggregate(node: GrammarNode, next: (child: GrammarNode) => Expression): Expression {
    const [first, second, third] = partsOf(node);
    const word = first === undefined ? "" : this.#text(first).toLowerCase();
    const operation = AGGREGATIONS.find((one) => one === word);
    if (operation === undefined)
      throw this.#fault(node, `aggregation ${word} is not supported; supported are ${AGGREGATIONS.join(", ")}`);
    const modifier = [second, third].find((one) => one?.name === "AggregateModifier");
    const body = [second, third].find((one) => one?.name === "FunctionCallBody");
    const given = partsOf(body ?? node).map(next);
    const wanted = WITH_PARAMETER.includes(operation) ? 2 : 1;
    const of = given.at(-1);
    if (of === undefined || given.length !== wanted)
      throw this.#fault(
        node,
        `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${given.length}`,
      );
    return {
      type: "aggregate",
      at: node.from,
      operation,
      choice: this.#choice(modifier, "Without"),
      parameter: wanted === 2 ? (given[0] ?? null) : null,
      of,
    };
  }

  #binary(node: GrammarNode, next: (child: GrammarNode) => Expression): Expression {
    const parts = partsOf(node);
    const [leftNode, sign] = parts;
    const rightNode = parts.at(-1);
    const operator = OPERATORS.find((one) => one === (sign === undefined ? "" : this.#text(sign).toLowerCase()));
    if (leftNode === undefined || rightNode === undefined || operator === undefined)
      throw this.#fault(sign ?? node, `operator ${sign === undefined ? "" : this.#text(sign)} is not supported`);
    const isBool = parts.some(({ name }) => name === "BoolModifier");
    if (isBool && !(COMPARISONS as readonly string[]).includes(operator))
      throw this.#fault(node, "bool modifier can only be used on comparison operators");
    const matching = this.#choice(
      parts.find(({ name }) => name === "MatchingModifierClause"),
      "Ignoring",
      true,
    );
    const left = next(leftNode);
    const binary = { type: "binary", at: node.from, operator, isBool, matching, right: next(rightNode) } as const;
    // The grammar takes the sign of a number for a part of it, but -2^2 is -(2^2).
    if (operator === "^" && left.type === "number" && this.#text(leftNode).startsWith("-"))
      return { type: "negate", at: node.from, of: { ...binary, left: { ...left, value: -left.value } } };
    return { ...binary, left };
  }

  #choice(modifier: GrammarNode | undefined, without: string, isWithoutByDefault = false): LabelChoice {
    if (modifier === undefined) return { isWithout: isWithoutByDefault, labels: [] };
    const list = modifier.children.find(({ name }) => name === "GroupingLabels");
    return {
      isWithout: modifier.children.some(({ name }) => name === without),
      labels: (list?.children ?? []).map((label) =>
        label.name === "QuotedLabelName" ? this.#string(label) : this.#text(label),
      ),
    };
  }

  #number(node: GrammarNode): number {
    const value = parseNumber(this.#text(node));
    if (value === null) throw this.#fault(node, `bad number or duration syntax: ${JSON.stringify(this.#text(node))}`);
    return value;
  }

  #string(node: GrammarNode): string {
    const text = parseString(this.#text(node));
    if (text === null) throw this.#fault(node, "unterminated string, or an escape that is none");
    return text;
  }

  #text({ from, to }: GrammarNode): string {
    return this.#query.slice(from, to);
  }

  #fault({ from }: GrammarNode, message: string): PromqlError {
    return parseError(this.#query, from, message);
  }
}
