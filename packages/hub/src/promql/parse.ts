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
import { flatten, type Part } from "./operands.ts";
import { type PromqlError, parseError } from "./promql-error.ts";
import { checkTypes } from "./types.ts";

/** Longest query, in characters. */
const MAX_QUERY = 32_768;
/** Deepest nesting of a query. */
const MAX_DEPTH = 250;
/** Longest time of a range or an offset: longer than anything is kept. */
const MAX_DURATION_MS = 3_650 * 86_400_000;
/** How tightly operators bind; all but `^` take what is left of them first. */
const TIGHTNESS: Readonly<Record<Operator, number>> = {
  or: 0,
  and: 1,
  unless: 1,
  "==": 2,
  "!=": 2,
  ">": 2,
  "<": 2,
  ">=": 2,
  "<=": 2,
  "+": 3,
  "-": 3,
  "*": 4,
  "/": 4,
  "%": 4,
  atan2: 4,
  "^": 5,
};
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
    const parts = [...flatten(node, this.#query)].reverse();
    return this.#operation(parts, 0, depth);
  }

  /** Operands and the operators between them that bind at least as tightly as `least`. `parts` are used up from their end. */
  #operation(parts: Part[], least: number, depth: number, powers = 0): Expression {
    let left = this.#signed(parts, depth);
    for (let part = parts.at(-1); part?.type === "operator"; part = parts.at(-1)) {
      const operator = this.#operator(part.sign);
      const tightness = TIGHTNESS[operator];
      if (tightness < least) break;
      parts.pop();
      if (powers > MAX_DEPTH) throw this.#fault(part.sign, `expected at most ${MAX_DEPTH} levels of nesting`);
      const right =
        operator === "^"
          ? this.#operation(parts, tightness, depth, powers + 1)
          : this.#operation(parts, tightness + 1, depth, powers);
      left = this.#binary(part.node, operator, left, right);
    }
    return left;
  }

  /** An operand with its signs before and its suffixes behind it. A sign takes what binds more tightly than `*`. */
  #signed(parts: Part[], depth: number): Expression {
    const part = parts.pop();
    if (part?.type === "sign") {
      const of = this.#operation(parts, TIGHTNESS["*"] + 1, depth);
      return part.isMinus ? { type: "negate", at: part.at, of } : of;
    }
    if (part?.type !== "operand") throw parseError(this.#query, 0, "expected an expression");
    let operand = this.#operand(part.node, depth);
    // Parentheses around a selector are none to what is made of it, but they take no suffix.
    const isPlain = part.node.name !== "ParenExpr";
    for (let next = parts.at(-1); next?.type === "suffix"; next = parts.at(-1)) {
      parts.pop();
      const [, length, offset] = partsOf(next.node);
      if (next.node.name === "MatrixSelector") operand = this.#ranged(next.node, operand, isPlain, length);
      else operand = this.#shifted(next.node, operand, isPlain, offset);
    }
    return operand;
  }

  #operand(node: GrammarNode, depth: number): Expression {
    const next = (child: GrammarNode): Expression => this.read(child, depth + 1);
    const [first] = partsOf(node);
    switch (node.name) {
      case "ParenExpr":
        if (first === undefined) throw this.#fault(node, "expected an expression");
        return next(first);
      case "NumberDurationLiteral":
        return { type: "number", at: node.from, value: this.#number(node) };
      case "StringLiteral":
        return { type: "string", at: node.from, text: this.#string(node) };
      case "VectorSelector":
        return this.#selector(node);
      case "FunctionCall":
        return this.#call(node, next);
      case "AggregateExpr":
        return this.#aggregate(node, next);
      default:
        throw this.#fault(node, `${node.name} is not supported`);
    }
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

  #ranged(node: GrammarNode, of: Expression, isPlain: boolean, length: GrammarNode | undefined): Selector {
    if (!isPlain || of.type !== "selector" || of.rangeMs !== null)
      throw this.#fault(node, "ranges only allowed for vector selectors");
    if (of.offsetMs !== 0) throw this.#fault(node, "no offset modifiers allowed before range");
    const rangeMs = this.#duration(length, node);
    if (rangeMs <= 0) throw this.#fault(length ?? node, "duration must be greater than 0");
    return { ...of, rangeMs };
  }

  #shifted(node: GrammarNode, of: Expression, isPlain: boolean, offset: GrammarNode | undefined): Selector {
    if (!isPlain || of.type !== "selector")
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

  #operator(sign: GrammarNode): Operator {
    const operator = OPERATORS.find((one) => one === this.#text(sign).toLowerCase());
    if (operator === undefined) throw this.#fault(sign, `operator ${this.#text(sign)} is not supported`);
    return operator;
  }

  #binary(node: GrammarNode, operator: Operator, left: Expression, right: Expression): Expression {
    const modifiers = partsOf(node);
    const isBool = modifiers.some(({ name }) => name === "BoolModifier");
    if (isBool && !(COMPARISONS as readonly string[]).includes(operator))
      throw this.#fault(node, "bool modifier can only be used on comparison operators");
    const clause = modifiers.find(({ name }) => name === "MatchingModifierClause");
    const matching = this.#choice(clause, "Ignoring", true);
    return { type: "binary", at: left.at, operator, isBool, matching, left, right };
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
