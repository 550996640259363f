import type { AlertRule, BackTestQuery } from "@wsight/protocol";
import { asFields } from "@wsight/protocol";
import { Form } from "./form.ts";
import { whole } from "./reads.ts";
import { parseRule, type RuleContext } from "./rule.ts";

const HOUR_MS = 3_600_000;
const USUAL_HOURS = 7 * 24;
/** Longest time that is looked back over, hours: longer than the tiers that a rule can be evaluated on. */
const MOST_HOURS = 35 * 24;
const MAX_AT = 8.64e15;
const RANGE_NAMES = ["fromAt", "toAt", "hours"];

/**
 * Parses `{ rule, fromAt?, toAt?, hours? }`: a rule that need not be saved, and the time to try it on, unless told
 * otherwise the last 7 days.
 * @throws WsightError `BAD_REQUEST`, naming every field of the rule, or of the time, that is not right
 */
export function parseBackTest(value: unknown, context: RuleContext): BackTestQuery {
  const { rule, ...range } = asFields("BAD_REQUEST", "back-test", value);
  return parseBackTestOf(range, parseRule(rule, context), context.now);
}

/** Parses the time that a saved rule is tried on: `{ fromAt?, toAt?, hours? }`. @throws WsightError `BAD_REQUEST` */
export function parseBackTestOf(value: unknown, rule: AlertRule, now: number): BackTestQuery {
  const form = Form.open("back-test", value ?? {}, RANGE_NAMES);
  const hours = form.optional("hours", whole(1, MOST_HOURS), USUAL_HOURS);
  const toAt = form.optional("toAt", whole(0, MAX_AT), now);
  const fromAt = form.optional("fromAt", whole(0, MAX_AT), Math.max(0, toAt - hours * HOUR_MS));
  if (toAt <= fromAt) form.fail("toAt", `expected a time after fromAt (${fromAt}), got ${toAt}`);
  else if (toAt - fromAt > MOST_HOURS * HOUR_MS)
    form.fail("fromAt", `expected at most ${MOST_HOURS / 24} days before toAt`);
  form.finish("back-test");
  return { rule, fromAt, toAt };
}
