import type { AlertExpression, AlertOp } from "@wsight/protocol";
import { type DraftReader, type FigureDraft, figureDraft, type LimitDraft, limitDraft } from "./figure-draft.ts";
import { unitOfFigure } from "./figure-offer.ts";

/** When a composite rule breaches, as it is typed. */
export type ExpressionDraft =
  | { readonly type: "when"; readonly figure: FigureDraft; readonly op: AlertOp; readonly limit: LimitDraft }
  | { readonly type: "rule"; readonly rule: string }
  | { readonly type: "all" | "any"; readonly parts: readonly ExpressionDraft[] }
  | { readonly type: "not"; readonly part: ExpressionDraft };

/** An expression that there is, to be changed. */
export function expressionDraft(expression: AlertExpression): ExpressionDraft {
  if ("rule" in expression) return { type: "rule", rule: expression.rule };
  if ("not" in expression) return { type: "not", part: expressionDraft(expression.not) };
  if ("all" in expression) return { type: "all", parts: expression.all.map(expressionDraft) };
  if ("any" in expression) return { type: "any", parts: expression.any.map(expressionDraft) };
  const { op, limit, ...figure } = expression.when;
  return { type: "when", figure: figureDraft(figure), op, limit: limitDraft(limit, unitOfFigure(figure)) };
}

/** Reads a draft. @param path of the hub's field, for what can't be read */
export function readExpressionDraft(reader: DraftReader, draft: ExpressionDraft, path: string): AlertExpression {
  switch (draft.type) {
    case "rule":
      if (draft.rule === "") reader.mistakes[`${path}.rule`] = "expected a rule";
      return { rule: draft.rule };
    case "not":
      return { not: readExpressionDraft(reader, draft.part, `${path}.not`) };
    case "when": {
      const { figure, op } = draft;
      const limit = reader.limit(`${path}.when.limit`, draft.limit, op, unitOfFigure(figure));
      if (limit === null) reader.mistakes[`${path}.when.limit`] ??= "expected a limit";
      return { when: { ...reader.figure(`${path}.when.`, figure), op, limit: limit ?? 0 } };
    }
    default: {
      const parts = draft.parts.map((part, index) =>
        readExpressionDraft(reader, part, `${path}.${draft.type}[${index}]`),
      );
      if (parts.length === 0) reader.mistakes[path] = "expected at least one condition";
      return draft.type === "all" ? { all: parts } : { any: parts };
    }
  }
}
