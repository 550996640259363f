import type { AlertMatcher, Labels } from "@wsight/protocol";
import { createMatcher } from "../../promql/matcher.ts";

/** Longest program of a pattern: with the longest label it takes a few milliseconds at worst. */
const MAX_STEPS = 1000;

/** How much patterns that are asked together may take: each compiled step counts. */
export interface PatternBudget {
  left: number;
}

/** True when all of some matchers hold for these labels. */
export type LabelTest = (labels: Labels) => boolean;

/**
 * Makes one test of several matchers; none hold for everything. A label that is
 * not there counts as empty. Takes time in proportion to the text, whatever the
 * regular expression.
 * @param budget what the programs of its patterns are taken from; when it is used up that is an error
 * @throws Error saying what is wrong with a regular expression, or not supported in it
 */
export function compileMatchers(matchers: readonly AlertMatcher[], budget?: PatternBudget): LabelTest {
  const take = (steps: number): void => {
    if (budget === undefined) return;
    if (steps > budget.left) throw new Error("patterns of all of them together are too large");
    budget.left -= steps;
  };
  const tests = matchers.map(({ label, op, value }) => createMatcher(label, op, value, MAX_STEPS, take));
  return (labels) => tests.every(({ label, matches }) => matches(labelOf(labels, label)));
}

/** Value of a label; empty for one that is not there. */
export function labelOf(labels: Labels, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] ?? "") : "";
}
