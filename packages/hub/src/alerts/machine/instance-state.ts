import type { AlertAck, AlertCulprit, AlertLimit, AlertSeverity, AlertStatus, Labels } from "@wsight/protocol";

/**
 * Everything that is known of one label set of one rule; persisted as it
 * stands, so that a restart goes on where it was. Times are ms epoch of the samples.
 */
export interface InstanceState {
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly ruleVersion: number;
  readonly labels: Labels;
  readonly status: AlertStatus;
  /** The level it is at; `null` while in range. */
  readonly level: AlertSeverity | null;
  readonly limit: AlertLimit | null;
  readonly activeAt: number | null;
  readonly firedAt: number | null;
  readonly recoverAt: number | null;
  /** Since when a lower level has held, for the way down; `null` while it does not. */
  readonly lowerAt: number | null;
  /** Of the newest sample. */
  readonly value: number | null;
  readonly sampleAt: number | null;
  readonly evaluatedAt: number;
  readonly stale: boolean;
  readonly peak: number | null;
  readonly peakAt: number | null;
  /** Of its firing; `null` while it does not fire. */
  readonly episodeId: string | null;
  /** Times of the newest 21 transitions between good and bad, oldest first. */
  readonly transitions: readonly number[];
  /** Since when it is held for flapping; `null` while it is not. */
  readonly flappingAt: number | null;
  /** How often in a row it was held. */
  readonly holds: number;
  readonly ack: AlertAck | null;
  readonly snoozeUntil: number | null;
  /** What was told of this episode. */
  readonly told: ToldState;
  readonly culprits: readonly AlertCulprit[];
}

/** What people were told of an episode. */
export interface ToldState {
  /** True once its firing was put into the outbox: only then is its end told. */
  readonly firing: boolean;
  /** Level that was told last. */
  readonly level: AlertSeverity | null;
  /** Number of the newest notice; 0 for none. */
  readonly seq: number;
  /** When it was told last, ms epoch; `null` for never. */
  readonly at: number | null;
  readonly repeats: number;
}
