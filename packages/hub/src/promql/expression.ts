import type { Matcher } from "./matcher.ts";

/** What an expression comes to. */
export type ValueType = "scalar" | "string" | "vector" | "matrix";

/** Operators between two expressions. */
export const ARITHMETIC = ["+", "-", "*", "/", "%", "^", "atan2"] as const;
export const COMPARISONS = ["==", "!=", ">", "<", ">=", "<="] as const;
export const SET_OPERATORS = ["and", "or", "unless"] as const;
export type Operator = (typeof ARITHMETIC)[number] | (typeof COMPARISONS)[number] | (typeof SET_OPERATORS)[number];

/** Ways to put the lines of a vector together. */
export const AGGREGATIONS = [
  "sum",
  "avg",
  "min",
  "max",
  "count",
  "group",
  "stddev",
  "stdvar",
  "topk",
  "bottomk",
  "quantile",
] as const;
export type Aggregation = (typeof AGGREGATIONS)[number];

/** Which labels count: just these, or all but these. */
export interface LabelChoice {
  readonly isWithout: boolean;
  readonly labels: readonly string[];
}

/** Series of the store, at each moment or over a time before it. */
export interface Selector {
  readonly type: "selector";
  readonly at: number;
  readonly matchers: readonly Matcher[];
  /** Length of the time before each moment, ms; `null` for the newest value alone. */
  readonly rangeMs: number | null;
  /** How much earlier, ms. */
  readonly offsetMs: number;
}

/** A parsed query. `at` is where each part begins in the text. */
export type Expression =
  | Selector
  | { readonly type: "number"; readonly at: number; readonly value: number }
  | { readonly type: "string"; readonly at: number; readonly text: string }
  | { readonly type: "negate"; readonly at: number; readonly of: Expression }
  | Call
  | Aggregate
  | Binary;

/** A function of other expressions. */
export interface Call {
  readonly type: "call";
  readonly at: number;
  readonly name: string;
  readonly arguments: readonly Expression[];
}

/** Lines of a vector put together. */
export interface Aggregate {
  readonly type: "aggregate";
  readonly at: number;
  readonly operation: Aggregation;
  readonly choice: LabelChoice;
  /** How many, for `topk` and `bottomk`; which, for `quantile`. */
  readonly parameter: Expression | null;
  readonly of: Expression;
}

/** Two expressions and what is between them. */
export interface Binary {
  readonly type: "binary";
  readonly at: number;
  readonly operator: Operator;
  /** True when a comparison answers 0 or 1 and drops nothing. */
  readonly isBool: boolean;
  /** Which labels have to agree between two vectors. */
  readonly matching: LabelChoice;
  readonly left: Expression;
  readonly right: Expression;
}
