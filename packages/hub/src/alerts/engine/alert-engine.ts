import type { AlertEpisode, AlertRow, AlertRule, Notice } from "@wsight/protocol";
import type { AlertHappening } from "../alerts.ts";
import type { AlertCommit } from "../commit.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import type { RuleObserver } from "../observation.ts";
import type { Plan } from "../plan/plan.ts";
import type { NoticeFacts } from "../words/vocabulary.ts";

/** Puts what happened into words. Must not throw. */
export interface NoticeWords {
  notice(facts: NoticeFacts): Notice;
  /** The summary alone. */
  summary(facts: NoticeFacts): string;
}

/** What an engine is made of. It never asks a clock and draws nothing by chance: the same samples make the same commits. */
export interface AlertEngineOptions {
  readonly observer: RuleObserver;
  readonly plan: Plan;
  readonly words: NoticeWords;
  /** Id of an episode that begins now (sample time, ms epoch): sorts by its time, never given twice. */
  readonly newEpisodeId: (at: number, fingerprint: string) => string;
}

/** What came of evaluations and commands since it was last asked. */
export interface EngineChanges {
  /** Kept all of it or nothing; may be empty. */
  readonly commit: AlertCommit;
  /** For listeners, oldest first. */
  readonly happenings: readonly AlertHappening[];
}

/** How many alerts there are; for tables and health. */
export interface EngineCounts {
  /** Firing, those that recover included. */
  readonly critical: number;
  readonly warning: number;
  readonly pending: number;
  /** Label sets that were left out because a rule had more than `MAX_RULE_INSTANCES`, or all together more than `MAX_ALERT_INSTANCES`. */
  readonly leftOut: number;
}

/**
 * Evaluates rules and holds the state of their instances. Everything that
 * happens is put aside for {@link AlertEngine.take}: between two steps of an
 * evaluation it may be called at any time, and what it gives is always
 * consistent (no state without the notices that belong to it).
 */
export interface AlertEngine {
  /**
   * Puts rules in place of those there were. A rule whose figure or limits changed begins anew: what fired ends with
   * `rule_changed` (or `rule_disabled`, `rule_deleted`).
   *
   * @param at sample time, ms epoch
   */
  setRules(rules: readonly AlertRule[], at: number): void;
  /** Another plan: silences, routes, channels or inhibitions changed. */
  setPlan(plan: Plan): void;
  /**
   * Goes on where an earlier engine stopped; after `setRules`, before the first evaluation. Time in between counts for
   * nothing. Of rules that are gone or changed, what fired ends.
   */
  restore(instances: readonly InstanceState[], episodes: readonly AlertEpisode[], at: number): void;
  /**
   * Evaluates the closed second that starts at `at`, in steps: call `next` until it is done, with rests in between. Seconds
   * may be left out, and go back when the clock was set back. Evaluations must not overlap. Never throws.
   */
  evaluate(at: number): Generator<undefined, void>;
  /** What happened since the last call; `null` for nothing. What is taken must be committed. */
  take(): EngineChanges | null;
  /** Instances that are not in range, at most `most`: firing before pending, worst and newest first. */
  rows(most: number): readonly AlertRow[];
  counts(): EngineCounts;
  /** Episodes that go on. */
  openEpisodes(): readonly AlertEpisode[];
  /** Commands; `now` is ms epoch. All throw `WsightError` `NOT_FOUND` when no such episode goes on. */
  acknowledge(episodeId: string, by: string, note: string, now: number): AlertEpisode;
  unacknowledge(episodeId: string, by: string, now: number): AlertEpisode;
  snooze(episodeId: string, by: string, until: number, now: number): AlertEpisode;
  note(episodeId: string, by: string, text: string, now: number): AlertEpisode;
  /** Ends it by hand. It fires anew only after having been in range. */
  resolve(episodeId: string, by: string, now: number): AlertEpisode;
}
