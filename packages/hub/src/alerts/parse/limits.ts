import { ALERT_OPS, type AlertLimit, type AlertOp, type AlertRule, findIndicator } from "@wsight/protocol";
import type { Form, Read } from "./form.ts";
import { flag, number, oneOf, orNull, wanted } from "./reads.ts";

/** How a rule's figure is judged. */
type Limits = Pick<AlertRule, "op" | "warn" | "crit" | "recovery" | "wilson">;

const RANGES: readonly AlertOp[] = ["inside", "outside"];
const UPWARDS: readonly AlertOp[] = ["gt", "gte"];
const DOWNWARDS: readonly AlertOp[] = ["lt", "lte"];

/** A limit that suits an operator: a number, or for `inside` and `outside` the two ends of a range, the lower one first. */
export function limitFor(op: AlertOp): Read<AlertLimit> {
  const one = number();
  if (!RANGES.includes(op)) return one;
  return (where, value) => {
    if (!Array.isArray(value) || value.length !== 2) throw new Error(wanted(`two numbers for ${op}`, value));
    const [low, high] = [one(where, value[0]), one(where, value[1])];
    if (low >= high) throw new Error(`expected the lower end first, got ${low} and ${high}`);
    return [low, high];
  };
}

/** How a value is compared. */
export const operator: Read<AlertOp> = oneOf(ALERT_OPS);

/** Reads the limits of a threshold; that each can be passed, and that the good side is on the good side. */
export function readLimits(form: Form, metric: string): Limits {
  const op = form.required("op", operator, "gt");
  const limit = orNull(limitFor(op));
  const limits = {
    op,
    warn: form.optional("warn", limit, null),
    crit: form.optional("crit", limit, null),
    recovery: form.optional("recovery", orNull(number()), null),
    wilson: form.optional("wilson", flag, false),
  };
  if (["op", "warn", "crit", "recovery"].some((name) => form.hasFault(name))) return limits;
  if (limits.warn === null && limits.crit === null) form.fail("warn", "expected a limit here, or for crit");
  checkOrder(form, limits);
  checkRecovery(form, limits);
  if (limits.wilson) checkWilson(form, op, metric);
  return limits;
}

/** What is critical must be a warning before. */
function checkOrder(form: Form, { op, warn, crit }: Limits): void {
  if (warn === null || crit === null) return;
  if (typeof warn === "number" && typeof crit === "number") {
    if (UPWARDS.includes(op) && crit <= warn) form.fail("crit", wanted(`a limit above warn (${warn})`, crit));
    if (DOWNWARDS.includes(op) && crit >= warn) form.fail("crit", wanted(`a limit below warn (${warn})`, crit));
    if (op === "eq" || op === "ne") form.fail("crit", `expected one limit for ${op}: warn or crit`);
    return;
  }
  if (typeof warn === "number" || typeof crit === "number") return;
  const [inner, outer] = op === "outside" ? [warn, crit] : [crit, warn];
  const isNested = outer[0] <= inner[0] && inner[1] <= outer[1];
  if (!isNested)
    form.fail("crit", `expected a range ${op === "outside" ? "around" : "within"} that of warn (${warn.join(" to ")})`);
}

function checkRecovery(form: Form, { op, warn, crit, recovery }: Limits): void {
  if (recovery === null) return;
  const limits = [warn, crit].filter((one): one is number => typeof one === "number");
  if (UPWARDS.includes(op)) {
    const least = Math.min(...limits);
    if (recovery > least) form.fail("recovery", wanted(`at most the lowest limit (${least})`, recovery));
  } else if (DOWNWARDS.includes(op)) {
    const most = Math.max(...limits);
    if (recovery < most) form.fail("recovery", wanted(`at least the highest limit (${most})`, recovery));
  } else form.fail("recovery", wanted(`none for ${op}`, recovery));
}

function checkWilson(form: Form, op: AlertOp, metric: string): void {
  if (findIndicator(metric)?.kind !== "ratio") form.fail("wilson", "expected false: only ratios have known statistics");
  else if (![...UPWARDS, ...DOWNWARDS].includes(op)) form.fail("wilson", `expected false for ${op}`);
}
