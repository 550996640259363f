import type { AlertFigure, AlertLimit, AlertOp, Labels } from "@wsight/protocol";
import { offerOf } from "./figure-offer.ts";
import { quantityHint, readQuantity, writeQuantity } from "./quantities.ts";

/** No limit. */
export const NO_LIMIT: LimitDraft = { low: "", high: "" };

/** A limit as it is typed; `high` counts for ranges alone. */
export interface LimitDraft {
  readonly low: string;
  readonly high: string;
}

/** A figure as it is chosen. */
export interface FigureDraft extends Pick<AlertFigure, "metric" | "agg"> {
  readonly where: Labels;
  readonly nodes: readonly string[];
  readonly window: string;
}

/** True for comparisons with two ends. */
export function isRange(op: AlertOp): boolean {
  return op === "inside" || op === "outside";
}

/** What is taken of a metric unless told otherwise. */
export function usualAggregate(metric: string): AlertFigure["agg"] {
  const { aggregates = [] } = offerOf(metric) ?? {};
  const wanted = ["p95", "mean", "rate", "value"] as const;
  return wanted.find((agg) => aggregates.includes(agg)) ?? aggregates[0] ?? "value";
}

/** A figure, to be changed. */
export function figureDraft({ metric, agg, filter, windowSec }: AlertFigure): FigureDraft {
  return { metric, agg, where: filter.where ?? {}, nodes: filter.nodes ?? [], window: writeQuantity(windowSec, "s") };
}

/** A limit, to be changed. */
export function limitDraft(limit: AlertLimit | null, unit: string): LimitDraft {
  if (limit === null) return NO_LIMIT;
  if (typeof limit === "number") return { low: writeQuantity(limit, unit), high: "" };
  return { low: writeQuantity(limit[0], unit), high: writeQuantity(limit[1], unit) };
}

/** Collects what can't be read, by the names that the hub has for fields. */
export class DraftReader {
  readonly mistakes: Record<string, string> = {};

  /** A figure in base units; `null` when it can't be read. */
  quantity(name: string, text: string, unit: string): number | null {
    const value = readQuantity(text, unit);
    if (value === null) this.mistakes[name] = quantityHint(unit);
    return value;
  }

  /** Whole seconds. */
  seconds(name: string, text: string): number {
    const value = readQuantity(text, "s");
    if (value === null) this.mistakes[name] = "expected a time such as 30 s, 5 min or 4 h";
    else if (!Number.isInteger(value)) this.mistakes[name] = "expected whole seconds";
    return value ?? 0;
  }

  number(name: string, text: string): number {
    const value = text.trim() === "" ? Number.NaN : Number(text.replace(",", "."));
    if (!Number.isFinite(value)) this.mistakes[name] = "expected a number";
    return value;
  }

  /** `null` for none. */
  limit(name: string, { low, high }: LimitDraft, op: AlertOp, unit: string): AlertLimit | null {
    if (!isRange(op)) return low.trim() === "" ? null : this.quantity(name, low, unit);
    if (low.trim() === "" && high.trim() === "") return null;
    const [from, to] = [this.quantity(name, low, unit), this.quantity(name, high, unit)];
    return from === null || to === null ? null : [from, to];
  }

  figure(prefix: string, { metric, agg, where, nodes, window }: FigureDraft): AlertFigure {
    const filter = {
      ...(Object.keys(where).length === 0 ? {} : { where }),
      ...(nodes.length === 0 ? {} : { nodes }),
    };
    return { metric, agg, filter, windowSec: this.seconds(`${prefix}windowSec`, window) };
  }
}
