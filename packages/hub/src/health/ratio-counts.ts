import { type AlertRule, findIndicator } from "@wsight/protocol";
import { compileRatio, type RatioCounts, type RatioReader } from "../alerts/observe/ratio.ts";
import type { CurrentView } from "../current-view.ts";

/** Counts of one second of the ratio that a rule looks at; `null` where it looks at none, or nothing reports. */
export type RatioAt = (rule: AlertRule, at: number) => RatioCounts | null;

/** Reads ratios of rules from `current`. Each is prepared once: a rule that was changed is another object. */
export function createRatioCounts(current: CurrentView): RatioAt {
  const readers = new WeakMap<AlertRule, RatioReader | null>();
  return (rule, at) => {
    let reader = readers.get(rule);
    if (reader === undefined) {
      const indicator = findIndicator(rule.metric);
      reader = indicator?.kind === "ratio" ? compileRatio(current, indicator, rule.filter) : null;
      readers.set(rule, reader);
    }
    return reader?.countsAt(at, 1) ?? null;
  };
}
