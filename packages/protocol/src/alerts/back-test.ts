import type { Labels } from "../series.ts";
import type { EpisodeEnd } from "./instance.ts";
import type { AlertLimit, AlertRule, AlertSeverity } from "./rule.ts";

/** When a rule would have fired: `POST /api/alerts/rules/preview`, and `…/rules/:id/test` for one that is saved. */
export interface BackTestQuery {
  readonly rule: AlertRule;
  /** ms epoch. */
  readonly fromAt: number;
  readonly toAt: number;
}

/** One firing that would have been. */
export interface BackTestEpisode {
  readonly labels: Labels;
  readonly activeAt: number;
  readonly startedAt: number;
  /** `null`: it would still fire at the end. */
  readonly endedAt: number | null;
  readonly endReason: EpisodeEnd | null;
  readonly severity: AlertSeverity;
  readonly peak: number | null;
}

/** The figure of one instance, to draw the limit on. */
export interface BackTestLine {
  readonly labels: Labels;
  /** One for each interval of the answer; `null` where nothing is known. */
  readonly values: readonly (number | null)[];
}

/** Answer to a {@link BackTestQuery}. */
export interface BackTestAnswer {
  readonly fromAt: number;
  readonly toAt: number;
  /** Start of the lines, ms epoch: where the first of their values is. */
  readonly linesFromAt: number;
  /** Interval of the lines, ms: finer where little was measured. */
  readonly stepMs: number;
  /** What the rule was evaluated on, ms: above a second where no second is kept any more; short breaches may then be missing. */
  readonly resolutionMs: number;
  /** How much of the time has data, 0 to 1. */
  readonly coverage: number;
  readonly unit: string;
  /** Firings, newest first, at most 500. */
  readonly episodes: readonly BackTestEpisode[];
  readonly firings: number;
  /** Messages that one channel would have got, repeats and resolved ones included, grouped as the route says. */
  readonly notices: number;
  /** What a bare comparison would have sent: one for each onset and each end. */
  readonly naiveNotices: number;
  /** How long something would have fired, ms, all instances together. */
  readonly firingMs: number;
  /** Instances, busiest first, at most 20. */
  readonly lines: readonly BackTestLine[];
  readonly instances: number;
  readonly limits: { readonly warn: AlertLimit | null; readonly crit: AlertLimit | null };
}
