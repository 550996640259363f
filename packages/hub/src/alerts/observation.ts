import type { AlertCulprit, AlertLimit, AlertRule, AlertSeverity, Labels } from "@wsight/protocol";

/** What one label set of a rule came to in the window that ends with a second. */
export interface Observation {
  readonly labels: Labels;
  /** Finite, in the base unit. Of a burn-rate rule how many times as fast as allowed, of a composite one 1 or 0. */
  readonly value: number;
  /** Events or readings within the window. */
  readonly samples: number;
  /** The level whose limit it is beyond; `null` while in range. */
  readonly level: AlertSeverity | null;
  /** On the good side of the recovery limit. */
  readonly good: boolean;
  /** The limit that it is beyond, or the next one; `null` for kinds without. */
  readonly limit: AlertLimit | null;
}

/** Which alerts fire, for rules that look at other rules. */
export interface FiringView {
  /** True while an instance of the rule fires whose labels agree with these where both have them. */
  fires(ruleId: string, labels: Labels): boolean;
}

/** Reads what rules look at: live, or from history for back-tests. Times are the start of a closed second, ms epoch. */
export interface RuleObserver {
  /** Every label set with a value, at most `MAX_RULE_INSTANCES`. Throws when the rule can't be evaluated. */
  observe(rule: AlertRule, at: number, firing: FiringView): readonly Observation[];
  /** True when what these labels stand for has ended as it should (its process said goodbye): that is no lack of data. */
  ended(rule: AlertRule, labels: Labels, at: number): boolean;
  /** Who made it, worst first, at most 5. */
  culprits(rule: AlertRule, labels: Labels, at: number): readonly AlertCulprit[];
  /** Label sets that the newest `observe` of the rule left out because there are too many. @default none */
  leftOut?(rule: AlertRule): number;
}
