import type { AlertMatcher, Labels } from "@wsight/protocol";
import { labelOf } from "./matchers.ts";

/** Things with matchers, to be found by the labels that one of their matchers asks for. */
export interface LabelIndex<T> {
  /** Those that may match these labels: all that do, and few that do not. */
  candidates(labels: Labels): readonly T[];
}

/** Sorts things by one label that must have one value; those that ask for no such label are always candidates. */
export function createLabelIndex<T>(
  things: readonly T[],
  matchersOf: (thing: T) => readonly AlertMatcher[],
): LabelIndex<T> {
  const byLabel = new Map<string, Map<string, T[]>>();
  const others: T[] = [];
  for (const thing of things) {
    const exact = matchersOf(thing).find(({ op, value }) => op === "=" && value !== "");
    if (exact === undefined) {
      others.push(thing);
      continue;
    }
    const byValue = byLabel.get(exact.label) ?? new Map<string, T[]>();
    const same = byValue.get(exact.value) ?? [];
    same.push(thing);
    byValue.set(exact.value, same);
    byLabel.set(exact.label, byValue);
  }
  return {
    candidates(labels) {
      let found: readonly T[] = others;
      for (const [label, byValue] of byLabel) {
        const same = byValue.get(labelOf(labels, label));
        if (same !== undefined) found = found.length === 0 ? same : [...found, ...same];
      }
      return found;
    },
  };
}
