import type { AlertOp } from "@wsight/protocol";
import type { Binary, Expression } from "../../promql/expression.ts";
import { Refusal } from "./refusal.ts";

/** An expression beside a limit. */
export interface Comparison {
  readonly of: Expression;
  readonly op: AlertOp;
  readonly limit: number;
}

const OPS: Readonly<Record<string, AlertOp>> = {
  ">": "gt",
  ">=": "gte",
  "<": "lt",
  "<=": "lte",
  "==": "eq",
  "!=": "ne",
};
const TURNED: Readonly<Record<AlertOp, AlertOp>> = {
  gt: "lt",
  gte: "lte",
  lt: "gt",
  lte: "gte",
  eq: "eq",
  ne: "ne",
  inside: "inside",
  outside: "outside",
};

/** Reads `expression > number`, or the other way round; factors of the expression go into the limit. */
export function readComparison(expression: Binary): Comparison {
  const op = OPS[expression.operator];
  if (op === undefined)
    throw new Refusal(`expected a comparison with a number, got the operator ${expression.operator}`);
  const right = constantOf(expression.right);
  if (right !== null) return withoutFactors({ of: expression.left, op, limit: right });
  const left = constantOf(expression.left);
  if (left !== null) return withoutFactors({ of: expression.right, op: TURNED[op], limit: left });
  throw new Refusal("expected a number on one side of the comparison: two series can't be compared");
}

/** What a number that is written out comes to, `5 * 60` included; `null` for anything with series in it. */
export function constantOf(expression: Expression): number | null {
  if (expression.type === "number") return expression.value;
  if (expression.type === "negate") {
    const value = constantOf(expression.of);
    return value === null ? null : -value;
  }
  if (expression.type !== "binary") return null;
  const left = constantOf(expression.left);
  const right = constantOf(expression.right);
  return left === null || right === null ? null : (ARITHMETIC[expression.operator]?.(left, right) ?? null);
}

const ARITHMETIC: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "^": (left, right) => left ** right,
};

/** `x * 100 > 5` is `x > 0.05`. */
function withoutFactors({ of, op, limit }: Comparison): Comparison {
  if (of.type === "negate") return withoutFactors({ of: of.of, op: TURNED[op], limit: -limit });
  if (of.type !== "binary" || (of.operator !== "*" && of.operator !== "/")) return { of, op, limit: tidy(limit) };
  const right = constantOf(of.right);
  const left = constantOf(of.left);
  const factor = right === null ? (of.operator === "*" ? left : null) : of.operator === "*" ? right : 1 / right;
  if (factor === null || factor === 0 || !Number.isFinite(factor)) return { of, op, limit: tidy(limit) };
  return withoutFactors({
    of: right === null ? of.right : of.left,
    op: factor < 0 ? TURNED[op] : op,
    limit: limit / factor,
  });
}

/** 7 / 100 is 0.07000000000000001. */
function tidy(limit: number): number {
  return Number(limit.toPrecision(12));
}
