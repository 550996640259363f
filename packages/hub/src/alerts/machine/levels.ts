import type { AlertRule, AlertSeverity } from "@wsight/protocol";

/** The mildest level that a rule knows: of a breach that says nothing of how bad it is. */
export function mildestLevel(rule: AlertRule): AlertSeverity {
  switch (rule.kind) {
    case "threshold":
      return rule.warn !== null ? "warning" : "critical";
    case "burn_rate":
      return rule.burnRate?.windows.some(({ severity }) => severity === "warning") ? "warning" : "critical";
    default:
      return rule.severity;
  }
}

/** True when `a` is worse than `b`; anything is worse than none. */
export function isWorse(a: AlertSeverity | null, b: AlertSeverity | null): boolean {
  return rank(a) > rank(b);
}

function rank(level: AlertSeverity | null): number {
  if (level === null) return 0;
  return level === "warning" ? 1 : 2;
}

/** True when `value` is farther beyond what the rule allows than `peak`. */
export function isFarther(rule: AlertRule, value: number, peak: number | null): boolean {
  if (peak === null) return true;
  switch (rule.op) {
    case "lt":
    case "lte":
      return value < peak;
    case "outside":
      return outsideBy(rule, value) > outsideBy(rule, peak);
    default:
      return value > peak;
  }
}

function outsideBy({ warn, crit }: AlertRule, value: number): number {
  const range = warn ?? crit;
  if (range === null || typeof range === "number") return value;
  return Math.max(range[0] - value, value - range[1]);
}
