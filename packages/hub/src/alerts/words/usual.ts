import type { AlertLimit, AlertOp, NoticeKind } from "@wsight/protocol";
import { formatLimit, formatTime, formatValue } from "./quantity.ts";
import { lastedOf, type NoticeFacts } from "./vocabulary.ts";

/** What a value is to its limit when it breaches. */
const BEYOND: Readonly<Record<AlertOp, string>> = {
  gt: "above",
  gte: "at or above",
  lt: "below",
  lte: "at or below",
  eq: "equal to",
  ne: "other than",
  inside: "within",
  outside: "outside",
};

/** What the description begins with. */
const HAPPENED: Readonly<Record<NoticeKind, (facts: NoticeFacts) => string>> = {
  firing: ({ firedAt }) => `Fires since ${formatTime(firedAt)}.`,
  escalated: ({ firedAt }) => `Has become critical; fires since ${formatTime(firedAt)}.`,
  deescalated: ({ firedAt }) => `Is a warning now; fires since ${formatTime(firedAt)}.`,
  repeat: (facts) => `Still fires, for ${lastedOf(facts)}.`,
  resolved: (facts) =>
    `${ENDED[facts.endReason ?? "recovered"]} at ${formatTime(facts.endedAt)}, after ${lastedOf(facts)}.`,
  flapping: () => "Comes and goes; it is kept firing until it holds still.",
  no_data: ({ state }) => `No value since ${formatTime(state.sampleAt) || "it was first looked for"}.`,
  error: ({ error }) => `The rule can't be evaluated: ${error}`,
  test: () => "This is a test. Nothing happened.",
  undeliverable: ({ error }) => error,
};

const ENDED: Readonly<Record<NonNullable<NoticeFacts["endReason"]>, string>> = {
  recovered: "Back in range",
  resolved_by_hand: "Resolved by hand",
  rule_changed: "Ended because its rule was changed",
  rule_disabled: "Ended because its rule was switched off",
  rule_deleted: "Ended because its rule was deleted",
  series_ended: "Ended because what it watched has ended",
  no_data_ok: "Ended because there is no value any more",
};

/** One sentence: what, where, how much, the limit. */
export function usualSummary(facts: NoticeFacts): string {
  const { rule, kind } = facts;
  if (kind === "error") return `${rule.name} can't be evaluated`;
  return `${rule.name}${whereOf(facts)}: ${statementOf(facts)}`;
}

/** What happened, the worst it was, and who made it. */
export function usualDescription(facts: NoticeFacts): string {
  const { kind, state, rule, unit } = facts;
  const lines = [HAPPENED[kind](facts)];
  if (kind !== "error" && rule.kind !== "composite" && state.peak !== null)
    lines.push(`Worst: ${formatValue(state.peak, unit)} at ${formatTime(state.peakAt)}.`);
  if (state.culprits.length > 0) lines.push(`Most of it: ${state.culprits.map(culpritOf(unit)).join(", ")}.`);
  return lines.join("\n");
}

function statementOf(facts: NoticeFacts): string {
  const { kind, state, rule, limit, unit } = facts;
  const { value } = state;
  if (kind === "resolved") return value === null ? "ended" : `ended at ${formatValue(value, unit)}`;
  if (kind === "no_data" || state.status === "no_data" || rule.kind === "no_data" || value === null) return "no value";
  if (rule.kind === "burn_rate")
    return `uses its error budget ${Number(value.toPrecision(2))} times as fast as allowed`;
  if (rule.kind === "composite") return value === 0 ? "its conditions hold no more" : "its conditions hold";
  if (limit === null) return formatValue(value, unit);
  const was = isBeyond(value, rule.op, limit) ? "" : "was ";
  return `${formatValue(value, unit)}, ${was}${BEYOND[rule.op]} ${formatLimit(limit, unit)}`;
}

/** What fires goes on for a while when it is not beyond its limit any more. */
function isBeyond(value: number, op: AlertOp, limit: AlertLimit): boolean {
  const [low, high] = typeof limit === "number" ? [limit, limit] : limit;
  const tests: Readonly<Record<AlertOp, boolean>> = {
    gt: value > high,
    gte: value >= high,
    lt: value < low,
    lte: value <= low,
    eq: value === low,
    ne: value !== low,
    inside: value >= low && value <= high,
    outside: value < low || value > high,
  };
  return tests[op];
}

/** Of the labels, the values: they say enough where the rule has a name. */
function whereOf({ state }: NoticeFacts): string {
  const values = Object.keys(state.labels)
    .sort()
    .map((label) => state.labels[label] ?? "");
  return values.length === 0 ? "" : ` (${values.join(", ")})`;
}

function culpritOf(unit: string): (culprit: NoticeFacts["state"]["culprits"][number]) => string {
  return ({ label, name, value }) =>
    `${label} ${name} (${formatValue(value, label === "user" ? "{connection}" : unit)})`;
}
