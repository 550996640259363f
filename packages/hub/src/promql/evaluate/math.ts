import type { Operator } from "../expression.ts";

/** What operators make of two numbers; comparisons say 1 or 0. */
export const OPERATIONS: Readonly<
  Record<Exclude<Operator, "and" | "or" | "unless">, (a: number, b: number) => number>
> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "^": (a, b) => power(a, b),
  atan2: Math.atan2,
  "==": (a, b) => Number(a === b),
  "!=": (a, b) => Number(a !== b),
  ">": (a, b) => Number(a > b),
  "<": (a, b) => Number(a < b),
  ">=": (a, b) => Number(a >= b),
  "<=": (a, b) => Number(a <= b),
};

/** Functions of one number. */
export const MATH: Readonly<Record<string, (value: number) => number>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sqrt: Math.sqrt,
  sgn: Math.sign,
};

/** One to any power is one, as in Go; JavaScript says NaN for what is not a number or infinite. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

/** The larger one; infinity is larger than what is not a number, as in Go. */
export function largest(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

/** The smaller one; minus infinity is smaller than what is not a number, as in Go. */
export function smallest(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** To the nearest multiple, halves up. */
export function roundTo(value: number, multiple: number): number {
  const inverse = 1 / multiple;
  return Math.floor(value * inverse + 0.5) / inverse;
}
