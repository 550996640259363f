import type { GrammarNode } from "./grammar.ts";

/** A part of an expression that is not in parentheses, in the order of the text. */
export type Part =
  | { readonly type: "sign"; readonly at: number; readonly isMinus: boolean }
  | { readonly type: "operand"; readonly node: GrammarNode; readonly at: number }
  /** A range or an offset, which belongs to the operand before it. */
  | { readonly type: "suffix"; readonly node: GrammarNode }
  | { readonly type: "operator"; readonly node: GrammarNode; readonly sign: GrammarNode };

/**
 * Takes apart what the grammar has put together: to it, a range or an offset
 * belongs to everything before it, and a sign to the number behind it, while to
 * Prometheus `a + b offset 1m` is `a + (b offset 1m)` and `-2^2` is `-(2^2)`.
 */
export function flatten(node: GrammarNode, query: string): readonly Part[] {
  const parts: Part[] = [];

  function walk(one: GrammarNode): void {
    const children = one.children.filter(({ name }) => name !== "LineComment");
    const [first, second] = children;
    const last = children.at(-1);
    if (one.name === "BinaryExpr" && first !== undefined && second !== undefined && last !== undefined) {
      walk(first);
      parts.push({ type: "operator", node: one, sign: second });
      walk(last);
    } else if (one.name === "UnaryExpr" && last !== undefined) {
      parts.push({ type: "sign", at: one.from, isMinus: query[one.from] === "-" });
      walk(last);
    } else if ((one.name === "OffsetExpr" || one.name === "MatrixSelector") && first !== undefined) {
      walk(first);
      parts.push({ type: "suffix", node: one });
    } else if (one.name === "NumberDurationLiteral" && /^[-+]/.test(query.slice(one.from))) {
      parts.push({ type: "sign", at: one.from, isMinus: query[one.from] === "-" });
      parts.push({ type: "operand", node: { ...one, from: one.from + 1 }, at: one.from });
    } else parts.push({ type: "operand", node: one, at: one.from });
  }

  walk(node);
  return parts;
}
