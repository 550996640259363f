import { createRegexMatcher } from "./regex/match.ts";

/** How a matcher compares. */
export const MATCH_OPERATORS = ["=", "!=", "=~", "!~"] as const;
export type MatchOperator = (typeof MATCH_OPERATORS)[number];

/** One condition on a label; a label that is not there counts as empty. */
export interface Matcher {
  readonly label: string;
  readonly operator: MatchOperator;
  readonly value: string;
  readonly matches: (value: string) => boolean;
}

/**
 * @param maxSteps longest program of a regular expression
 * @param onCompiled told the length of its program
 * @throws Error saying what is wrong with the regular expression, or not supported in it
 */
export function createMatcher(
  label: string,
  operator: MatchOperator,
  value: string,
  maxSteps?: number,
  onCompiled?: (steps: number) => void,
): Matcher {
  return { label, operator, value, matches: testOf(operator, value, maxSteps, onCompiled) };
}

function testOf(
  operator: MatchOperator,
  value: string,
  maxSteps?: number,
  onCompiled?: (steps: number) => void,
): (value: string) => boolean {
  if (operator === "=") return (text) => text === value;
  if (operator === "!=") return (text) => text !== value;
  const matches = createRegexMatcher(value, maxSteps, onCompiled);
  return operator === "=~" ? matches : (text) => !matches(text);
}
