import type { AlertEpisode, AlertRule, AlertSuppression, Labels } from "@wsight/protocol";
import type { InstanceState } from "../machine/instance-state.ts";
import type { Plan } from "../plan/plan.ts";
import type { AlertSubject } from "../plan/subject.ts";

/** A rule that is evaluated. */
export interface RuleEntry {
  /** The same object until it changes: observers know rules by it. */
  rule: AlertRule;
  /** By canonical labels. */
  readonly slots: Map<string, Slot>;
  /** Of label objects that were seen; observers tend to hand in the same again. */
  known: WeakMap<Labels, Slot>;
  /** Newest evaluation, ms epoch; `null` before the first. */
  evaluatedAt: number | null;
  /** Number of its newest turn. */
  turn: number | null;
  /** When evaluation went on after it had paused. */
  resumedAt: number | null;
  /** Evaluations in a row that failed. */
  failures: number;
  problem: string;
  isProblemTold: boolean;
  /** Label sets of the newest evaluation that there was no room for. */
  leftOut: number;
  isGone: boolean;
}

/** One label set of a rule. Nearly all are in range: they are no more than the time of their newest sample. */
export interface Slot {
  readonly entry: RuleEntry;
  readonly key: string;
  readonly labels: Labels;
  /** `null` while in range with nothing to remember. */
  state: InstanceState | null;
  episode: AlertEpisode | null;
  /** Newest sample, ms epoch; `null`: never one. */
  sampleAt: number | null;
  /** Silences and inhibitions in force. */
  suppressedBy: readonly AlertSuppression[];
  subject: SubjectOf | null;
  /** The plan that had nobody to tell. */
  unheard: Plan | null;
  /** When its culprits were looked for. */
  culpritsAt: number;
  /** When it was put aside to be kept; `null`: never, or forgotten since. */
  savedAt: number | null;
  isGone: boolean;
}

/** What silences and routes see of a slot, while its rule and level are the same. */
export interface SubjectOf extends AlertSubject {
  readonly rule: AlertRule;
}

/** A rule that was never evaluated. */
export function newEntry(rule: AlertRule): RuleEntry {
  return {
    rule,
    slots: new Map(),
    known: new WeakMap(),
    evaluatedAt: null,
    turn: null,
    resumedAt: null,
    failures: 0,
    problem: "",
    isProblemTold: false,
    leftOut: 0,
    isGone: false,
  };
}

/** A label set that was never looked at. */
export function newSlot(entry: RuleEntry, key: string, labels: Labels): Slot {
  return {
    entry,
    key,
    labels,
    state: null,
    episode: null,
    sampleAt: null,
    suppressedBy: [],
    subject: null,
    unheard: null,
    culpritsAt: 0,
    savedAt: null,
    isGone: false,
  };
}
