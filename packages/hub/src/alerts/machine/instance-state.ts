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
  /** One in range is kept too while its flapping is remembered or while it is dismissed. */
  readonly status: AlertStatus;
  /** The level it is at; `null` while in range. */
  readonly level: AlertSeverity | null;
  readonly limit: AlertLimit | null;
  readonly activeAt: number | null;
  /** `null` too in an episode that only lacks data. */
  readonly firedAt: number | null;
  readonly recoverAt: number | null;
  /** Since when a lower level has held, for the way down; `null` while it does not. */
  readonly lowerAt: number | null;
  /** Of the newest sample. */
  readonly value: number | null;
  readonly sampleAt: number | null;
  readonly evaluatedAt: number;
  /** When evaluation went on after it had paused: two evaluations long, no lack of data counts. `null`: it never paused. */
  readonly resumedAt?: number | null;
  readonly stale: boolean;
  /** Resolved by hand while beyond its limit: stays in range until it was. */
  readonly dismissed?: boolean;
  readonly peak: number | null;
  readonly peakAt: number | null;
  /** Of its firing or its lack of data; `null` while there is none. */
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
  /** True once its firing, or its lack of data, was put into the outbox: only then is its end told. */
  readonly firing: boolean;
  /** Level that was told last; `null` while only a lack of data was told. */
  readonly level: AlertSeverity | null;
  /** Number of the newest notice; 0 for none. */
  readonly seq: number;
  /** When it was told last, ms epoch; `null` for never. */
  readonly at: number | null;
  readonly repeats: number;
  /** That there is no data, since there is none. */
  readonly noData?: boolean;
  /** That it flaps, since it does. */
  readonly flapping?: boolean;
  /** It fired on while a silence was in force: told again once that is over. */
  readonly held?: boolean;
  /** Channels that were told anything: they are told the end, whatever the routes say by then. */
  readonly channels?: readonly string[];
}
