import type { AlertLimit, AlertOp, AlertRule, AlertSeverity } from "@wsight/protocol";

/** What a value means to a rule. */
export interface Verdict {
  /** The level whose limit it is beyond; `null` while in range. */
  readonly level: AlertSeverity | null;
  /** On the good side of the recovery limit. */
  readonly good: boolean;
  /** The limit that it is beyond, or the next one; `null` for rules without. */
  readonly limit: AlertLimit | null;
}

/** True when a value is beyond a limit. */
export function isBeyond(op: AlertOp, value: number, limit: AlertLimit): boolean {
  if (typeof limit !== "number") {
    const within = value >= limit[0] && value <= limit[1];
    return op === "outside" ? !within : op === "inside" && within;
  }
  switch (op) {
    case "gt":
      return value > limit;
    case "gte":
      return value >= limit;
    case "lt":
      return value < limit;
    case "lte":
      return value <= limit;
    case "eq":
      return value === limit;
    case "ne":
      return value !== limit;
    default:
      return false;
  }
}

/** Judges a value by the limits of a threshold rule. Without a recovery limit, whatever is in range is good. */
export function judge(rule: Pick<AlertRule, "op" | "warn" | "crit" | "recovery">, value: number): Verdict {
  const { op, warn, crit, recovery } = rule;
  if (crit !== null && isBeyond(op, value, crit)) return { level: "critical", good: false, limit: crit };
  if (warn !== null && isBeyond(op, value, warn)) return { level: "warning", good: false, limit: warn };
  const good = recovery === null || !isBeyond(op, value, recovery);
  return { level: null, good, limit: warn ?? crit };
}
