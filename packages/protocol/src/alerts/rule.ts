import type { HistoryAggregate } from "../history.ts";
import type { Labels } from "../series.ts";

/** How bad: `warning` makes health *degraded*, `critical` makes it *unhealthy*. */
export const ALERT_SEVERITIES = ["warning", "critical"] as const;
export type AlertSeverity = (typeof ALERT_SEVERITIES)[number];

/**
 * What a rule looks for. `threshold`: a figure beyond a limit · `no_data`: a figure that is not there any more ·
 * `burn_rate`: an error budget that is used up too fast · `composite`: several conditions at once.
 */
export const ALERT_KINDS = ["threshold", "no_data", "burn_rate", "composite"] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** How a value is compared with a limit; `inside` and `outside` take two limits. */
export const ALERT_OPS = ["gt", "gte", "lt", "lte", "eq", "ne", "inside", "outside"] as const;
export type AlertOp = (typeof ALERT_OPS)[number];

/** One limit, or the two ends of a range (both belong to it) for `inside` and `outside`. In the base unit of the figure. */
export type AlertLimit = number | readonly [low: number, high: number];

/** Which series a figure is made of; what is left out does not narrow. */
export interface AlertFilter {
  /** Only series with these attribute values. */
  readonly where?: Labels;
  /** Only these nodes, as `service/instance`. */
  readonly nodes?: readonly string[];
}

/** A figure, and what of it is taken. */
export interface AlertFigure {
  /** A metric of the catalogue, or an indicator (see `INDICATORS`). */
  readonly metric: string;
  /** What is asked of it; `value` for an indicator. */
  readonly agg: HistoryAggregate | "value";
  readonly filter: AlertFilter;
  /** Trailing window that is looked at, seconds: 1 to 900. */
  readonly windowSec: number;
}

/** A figure compared with a limit. */
export interface AlertCondition extends AlertFigure {
  readonly op: AlertOp;
  readonly limit: AlertLimit;
}

/** When a composite rule breaches. Conditions are evaluated with the rule's `groupBy`; a figure without one of those labels counts for all of its values. */
export type AlertExpression =
  | { readonly when: AlertCondition }
  /** True while an instance of that rule with equal shared labels fires. */
  | { readonly rule: string }
  | { readonly all: readonly AlertExpression[] }
  | { readonly any: readonly AlertExpression[] }
  | { readonly not: AlertExpression };

/** One pair of windows of a burn-rate rule: both must burn at least `factor` times as fast as the objective allows. */
export interface BurnWindow {
  readonly longSec: number;
  readonly shortSec: number;
  readonly factor: number;
  readonly severity: AlertSeverity;
}

/** Of a ratio indicator: how much may be good, and how fast the rest may be used up. */
export interface BurnRate {
  /** Share that should be good, above 0 and below 1, e.g. 0.99. */
  readonly objective: number;
  /** 1 to 6 pairs. */
  readonly windows: readonly BurnWindow[];
}

/**
 * What is made of a figure that has no sample. `ok`: as if it were in range · `keep`: the state stays, marked stale ·
 * `no_data`: a state and a notice of its own · `firing`: as a breach.
 */
export const NO_DATA_MODES = ["ok", "keep", "no_data", "firing"] as const;
export type NoDataMode = (typeof NO_DATA_MODES)[number];

/** When an alert that comes and goes is held. */
export interface AlertFlap {
  /** So many transitions within the window mean flapping. @default 4 */
  readonly transitions: number;
  /** Seconds. @default 30 evaluations, at least 1800 */
  readonly windowSec: number;
  /** How long it is then kept firing, growing by half with each further time up to an hour, seconds. @default 900 */
  readonly holdSec: number;
}

/** What is watched for, and what is made of it. Times are whole seconds. */
export interface AlertRule extends AlertFigure {
  /** 1 to 64 of `a-z 0-9 . _ -`, a letter or digit first. */
  readonly id: string;
  /** For people, at most 120 characters. */
  readonly name: string;
  readonly kind: AlertKind;
  /** One instance for each value of these: attributes of the metric, `node`, `service`. At most 4. */
  readonly groupBy: readonly string[];
  readonly op: AlertOp;
  /** Limit of each level; at least one of them for `threshold`, none for the other kinds. */
  readonly warn: AlertLimit | null;
  readonly crit: AlertLimit | null;
  /** The good side begins here (hysteresis): between this and the limit what fires goes on. @default the lowest limit */
  readonly recovery: number | null;
  /** Level of kinds without limits of their own. */
  readonly severity: AlertSeverity;
  /** Of a ratio indicator: breaches only when the Wilson lower bound of the ratio does, so that few events prove nothing. */
  readonly wilson: boolean;
  readonly burnRate: BurnRate | null;
  readonly expression: AlertExpression | null;
  /** How long it must last. */
  readonly forSec: number;
  /** How long it goes on after it was last beyond its recovery limit. */
  readonly keepFiringSec: number;
  /** How often it is looked at: 1 to 3600. */
  readonly everySec: number;
  /** Events or readings that the window must hold; fewer prove nothing and are taken for in range. */
  readonly minSamples: number;
  readonly noData: { readonly mode: NoDataMode; readonly afterSec: number };
  /** `null`: never taken for flapping. */
  readonly flap: AlertFlap | null;
  /** Further labels of its notices, at most 16. */
  readonly labels: Labels;
  /** Templates; see docs/notices.md. Empty for the usual text. */
  readonly summary: string;
  readonly description: string;
  /** `https:` address of what to do; empty for none. */
  readonly runbookUrl: string;
  /** How often what still fires is told again, at least 300; 0 for never. */
  readonly repeatSec: number;
  /** `null` for no limit. */
  readonly maxRepeats: number | null;
  readonly enabled: boolean;
  /** Came with wsight: can be changed and switched off, not deleted. */
  readonly builtin: boolean;
  /** Grows by one with each change; 1 at first. */
  readonly version: number;
  readonly createdBy: string;
  /** ms epoch. */
  readonly updatedAt: number;
}

/** Most rules of a hub. */
export const MAX_ALERT_RULES = 1000;
/** Most instances of one rule; further label sets are left out, and said to be. */
export const MAX_RULE_INSTANCES = 200;
/** Most instances of all rules together. */
export const MAX_ALERT_INSTANCES = 20_000;
