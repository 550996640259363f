import { ALERT_SEVERITIES, type AlertRow, type Notice } from "@wsight/protocol";
import type { NoticeDraft } from "../commit.ts";
import { dueNotice, isSnoozeOver, toldInSilence, toldLater } from "../machine/due-notice.ts";
import { fingerprintOf } from "../machine/fingerprint.ts";
import type { InstanceState } from "../machine/instance-state.ts";
import { mildestLevel } from "../machine/levels.ts";
import { freshInstance } from "../machine/step.ts";
import type { Inhibitors } from "../plan/inhibitors.ts";
import type { Plan } from "../plan/plan.ts";
import { matchedLabels } from "../plan/subject.ts";
import type { NoticeWords } from "./alert-engine.ts";
import { type Book, isFiring } from "./book.ts";
import type { Changes } from "./changes.ts";
import { factsOf, rowOf } from "./facts.ts";
import type { RuleEntry, Slot, SubjectOf } from "./slot.ts";

/** Evaluations that must fail in a row before it is told. */
export const MAX_FAILURES = 3;
/** Label sets between two rests: putting a notice into words takes up to a tenth of a millisecond. */
export const SLICE = 8;

/** Something of which listeners hear once it is known whether people do. */
interface Announcement {
  readonly type: "fired" | "escalated" | "deescalated";
  readonly slot: Slot;
  readonly episodeId: string | null;
}

/** What a teller works with. */
export interface TellerParts {
  readonly book: Book;
  readonly changes: Changes;
  readonly words: NoticeWords;
  readonly plan: Plan;
}

/** Decides who is told of what; the second half of an evaluation. */
export class Teller {
  readonly #book: Book;
  readonly #changes: Changes;
  readonly #words: NoticeWords;
  #plan: Plan;
  #inhibitors: Inhibitors;
  #announcements: Announcement[] = [];

  constructor({ book, changes, words, plan }: TellerParts) {
    this.#book = book;
    this.#changes = changes;
    this.#words = words;
    this.#plan = plan;
    this.#inhibitors = plan.inhibitors();
  }

  setPlan(plan: Plan): void {
    this.#plan = plan;
    this.#inhibitors = plan.inhibitors();
    for (const slot of this.#book.active) this.#inhibit(slot);
  }

  /** Listeners are to hear of it at the end of the evaluation. */
  announce(type: Announcement["type"], slot: Slot): void {
    this.#announcements.push({ type, slot, episodeId: slot.state?.episodeId ?? null });
  }

  /** What inhibits others may have changed. */
  changed(slot: Slot): void {
    slot.unheard = null;
    this.#inhibit(slot);
  }

  /** Tells what is due at the end of an evaluation, in steps. */
  *tellAll(at: number): Generator<undefined, void> {
    let sinceRest = 0;
    for (const slot of [...this.#book.active]) {
      if (slot.state !== null && slot.state.episodeId !== null) this.#tell(slot, slot.state, at);
      if (++sinceRest % SLICE === 0) yield;
    }
    for (const entry of this.#book.entries) {
      if (entry.failures >= MAX_FAILURES && !entry.isProblemTold) this.#tellProblem(entry, at);
    }
    yield* this.#tellListeners();
  }

  /** Tells that an episode is over, wherever anything of it was told. `last` is the state at its end. */
  tellEnd(slot: Slot, last: InstanceState, at: number): void {
    const { rule } = slot.entry;
    const facts = factsOf("resolved", rule, last, slot.episode, at, last.told.seq + 1);
    if (last.told.firing) this.#changes.notices(this.#draftsForTold(this.#words.notice(facts), last.told.channels));
    const { episode } = slot;
    if (episode === null || episode.endedAt === null || episode.endReason === null) return;
    const alert = rowOf(rule, last, slot.suppressedBy, this.#words.summary(facts));
    this.#changes.happened({ type: "resolved", alert, endedAt: episode.endedAt, reason: episode.endReason });
  }

  /** The row of a slot that is not in range. */
  row(slot: Slot, state: InstanceState): AlertRow {
    const { rule } = slot.entry;
    const kind = state.status === "no_data" ? "no_data" : "firing";
    const facts = factsOf(kind, rule, state, slot.episode, state.evaluatedAt, state.told.seq);
    return rowOf(rule, state, slot.suppressedBy, this.#words.summary(facts));
  }

  #inhibit(slot: Slot): void {
    if (isFiring(slot.state)) this.#inhibitors.add(subjectOf(slot));
    else if (slot.subject !== null) this.#inhibitors.remove(slot.subject.fingerprint);
  }

  #tell(slot: Slot, state: InstanceState, at: number): void {
    slot.suppressedBy = this.#plan.suppressions(subjectOf(slot), at, this.#inhibitors);
    if (slot.suppressedBy.length > 0) {
      if (slot.suppressedBy.some(({ by }) => by !== "inhibition")) this.#told(slot, state, toldLater(state), at);
      return;
    }
    const due = dueNotice(state, slot.entry.rule, at);
    if (due === null) {
      this.#told(slot, state, toldInSilence(state), at);
      return;
    }
    if (slot.unheard === this.#plan) return;
    const facts = factsOf(due.kind, slot.entry.rule, state, slot.episode, at, due.told.seq);
    const drafts = this.#drafts(this.#words.notice(facts), state);
    if (drafts.length === 0) {
      slot.unheard = this.#plan;
      return;
    }
    this.#changes.notices(drafts);
    const channels = [...new Set([...(state.told.channels ?? []), ...drafts.map(({ channelId }) => channelId)])];
    const awake = isSnoozeOver(state, at) ? { ...state, snoozeUntil: null } : state;
    this.#told(slot, awake, { ...due.told, channels }, at);
  }

  #told(slot: Slot, state: InstanceState, told: InstanceState["told"], at: number): void {
    if (told === state.told) return;
    this.#book.put(slot, { ...state, told });
    this.#changes.touch(slot, at);
  }

  /** A fall is told to those who were told how bad it was, too. */
  #drafts(notice: Notice, state: InstanceState): readonly NoticeDraft[] {
    const drafts = this.#plan.drafts(notice);
    if (notice.kind !== "deescalated") return drafts;
    const usual = new Set(drafts.map(({ channelId }) => channelId));
    return [...drafts, ...this.#draftsForTold(notice, state.told.channels).filter((it) => !usual.has(it.channelId))];
  }

  /** Routes may go by severity: those of every severity are looked at for the channels that were told. */
  #draftsForTold(notice: Notice, channels: readonly string[] | undefined): readonly NoticeDraft[] {
    const ways = new Map<string, NoticeDraft>();
    for (const severity of [notice.severity, ...ALERT_SEVERITIES]) {
      for (const draft of this.#plan.drafts({ ...notice, severity })) {
        const isTold = channels === undefined || channels.includes(draft.channelId);
        if (isTold && !ways.has(draft.channelId)) ways.set(draft.channelId, { ...draft, notice });
      }
    }
    return [...ways.values()];
  }

  #tellProblem(entry: RuleEntry, at: number): void {
    const { rule } = entry;
    const fingerprint = fingerprintOf(rule.id, "{}");
    const labels = matchedLabels(rule, {}, mildestLevel(rule));
    if (this.#plan.suppressions({ fingerprint, labels }, at, this.#inhibitors).length > 0) return;
    const state: InstanceState = { ...freshInstance(rule, fingerprint, {}, at), status: "error" };
    const facts = { ...factsOf("error", rule, state, null, at, 0), error: entry.problem };
    this.#changes.notices(this.#plan.drafts(this.#words.notice(facts)));
    entry.isProblemTold = true;
  }

  *#tellListeners(): Generator<undefined, void> {
    const announcements = this.#announcements;
    this.#announcements = [];
    for (const [told, { type, slot, episodeId }] of announcements.entries()) {
      if (told % SLICE === SLICE - 1) yield;
      const { state } = slot;
      if (state === null || state.episodeId !== episodeId) continue;
      this.#changes.happened({ type, alert: this.row(slot, state) });
    }
  }
}

/** What silences and routes see of a slot; the same object while nothing of it changes. */
function subjectOf(slot: Slot): SubjectOf {
  const { rule } = slot.entry;
  const level = slot.state?.level ?? mildestLevel(rule);
  if (slot.subject?.rule === rule && slot.subject.labels.severity === level) return slot.subject;
  const labels = matchedLabels(rule, slot.labels, level);
  const fingerprint = slot.state?.fingerprint ?? fingerprintOf(rule.id, slot.key);
  slot.subject = { fingerprint, labels, rule };
  return slot.subject;
}
