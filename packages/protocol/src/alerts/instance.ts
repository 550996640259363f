import type { Labels } from "../series.ts";
import type { AlertLimit, AlertSeverity } from "./rule.ts";

/** Where an instance of a rule stands. */
export const ALERT_STATUSES = ["ok", "pending", "firing", "recovering", "no_data", "error"] as const;
export type AlertStatus = (typeof ALERT_STATUSES)[number];

/** Why nobody is told of an alert; evaluation goes on. */
export type AlertSuppression =
  | { readonly by: "silence" | "maintenance"; readonly id: string; readonly until: number | null }
  /** `id` is the fingerprint of what inhibits. */
  | { readonly by: "inhibition"; readonly id: string }
  | { readonly by: "flapping" | "snooze" | "acknowledged" };

/** Who made an alert: the members of what it is about, worst first. */
export interface AlertCulprit {
  /** `node`, or an attribute such as `event`, `queue`; `user`. */
  readonly label: string;
  readonly name: string;
  /** The rule's figure of this member alone, base unit; for `user`, its open connections. */
  readonly value: number;
}

/** Somebody knows. Ends with the episode. */
export interface AlertAck {
  readonly by: string;
  /** ms epoch. */
  readonly at: number;
  readonly note: string;
}

/** An alert as people see it: one label set of one rule, not in range. Times are ms epoch of the samples. */
export interface AlertRow {
  /** sha256 of rule and labels, hex. */
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly name: string;
  readonly labels: Labels;
  readonly status: Exclude<AlertStatus, "ok">;
  readonly severity: AlertSeverity;
  /** One sentence: what, where, how much, the limit. */
  readonly summary: string;
  readonly metric: string;
  /** Unit of the values, as in the catalogue. */
  readonly unit: string;
  /** Newest value; `null` while there is none. */
  readonly value: number | null;
  /** The limit that it is beyond; `null` for kinds without. */
  readonly limit: AlertLimit | null;
  readonly peak: number | null;
  readonly peakAt: number | null;
  readonly activeAt: number;
  /** `null` while pending. */
  readonly firedAt: number | null;
  readonly evaluatedAt: number;
  /** Of this firing; `null` while pending. */
  readonly episodeId: string | null;
  /** True when there is no sample and the state was kept. */
  readonly stale: boolean;
  readonly flapping: boolean;
  readonly ack: AlertAck | null;
  /** ms epoch; `null` for not snoozed. */
  readonly snoozeUntil: number | null;
  readonly suppressedBy: readonly AlertSuppression[];
  readonly culprits: readonly AlertCulprit[];
  readonly runbookUrl: string;
}

/** Why an episode ended. */
export const EPISODE_ENDS = [
  "recovered",
  "resolved_by_hand",
  "rule_changed",
  "rule_disabled",
  "rule_deleted",
  "series_ended",
  "no_data_ok",
] as const;
export type EpisodeEnd = (typeof EPISODE_ENDS)[number];

/** What somebody wrote to an episode. */
export interface EpisodeNote {
  readonly at: number;
  readonly by: string;
  readonly text: string;
}

/** One firing from its beginning to its end. */
export interface AlertEpisode {
  /** ULID: its time first. */
  readonly id: string;
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly ruleVersion: number;
  readonly name: string;
  readonly labels: Labels;
  /** The worst it was. */
  readonly severity: AlertSeverity;
  readonly metric: string;
  readonly unit: string;
  readonly limit: AlertLimit | null;
  /** When it was first beyond its limit, and when it fired; ms epoch. */
  readonly activeAt: number;
  readonly startedAt: number;
  /** `null` while it goes on. */
  readonly endedAt: number | null;
  readonly endReason: EpisodeEnd | null;
  readonly peak: number | null;
  readonly peakAt: number | null;
  readonly ack: AlertAck | null;
  /** Oldest first, at most 100. */
  readonly notes: readonly EpisodeNote[];
  readonly culprits: readonly AlertCulprit[];
}

/** A page of episodes, newest first. */
export interface EpisodePage {
  readonly episodes: readonly AlertEpisode[];
  /** Pass as `before` for the next page; `null` at the end. */
  readonly next: string | null;
}
