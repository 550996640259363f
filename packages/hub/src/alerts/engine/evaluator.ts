import type { AlertRule, Labels } from "@wsight/protocol";
import { isPause, missingMs } from "../machine/pauses.ts";
import type { Observation, RuleObserver } from "../observation.ts";
import type { Book } from "./book.ts";
import type { Changes } from "./changes.ts";
import type { Keeper } from "./keeper.ts";
import type { RuleEntry, Slot } from "./slot.ts";
import { MAX_FAILURES, SLICE } from "./teller.ts";

/** What an evaluator works with. */
export interface EvaluatorParts {
  readonly book: Book;
  readonly changes: Changes;
  readonly keeper: Keeper;
  readonly observer: RuleObserver;
}

/** Looks at each rule when it is its turn, and finds what came, what is missing and what has ended; the first half of an evaluation. */
export class Evaluator {
  readonly #parts: EvaluatorParts;

  constructor(parts: EvaluatorParts) {
    this.#parts = parts;
  }

  /** Rests after each rule, and within one of which much changes. */
  *evaluateAll(at: number): Generator<undefined, void> {
    for (const entry of this.#parts.book.entries) {
      if (entry.isGone || !isTurnOf(entry, at)) continue;
      yield* this.#evaluate(entry, at);
      yield;
    }
  }

  *#evaluate(entry: RuleEntry, at: number): Generator<undefined, void> {
    const { observer, book } = this.#parts;
    let observations: readonly Observation[];
    try {
      observations = observer.observe(entry.rule, at, book);
    } catch (error) {
      this.#fail(entry, error, at);
      return;
    }
    notePause(entry, at);
    this.#works(entry, at);
    entry.leftOut = observer.leftOut?.(entry.rule) ?? 0;
    let sinceRest = 0;
    for (const observation of observations) {
      if (this.#sample(entry, observation, at) && ++sinceRest % SLICE === 0) yield;
    }
    for (const slot of [...entry.slots.values()]) {
      if (slot.sampleAt === at) continue;
      this.#missing(slot, at);
      if (++sinceRest % SLICE === 0) yield;
    }
    entry.evaluatedAt = at;
  }

  /** False when there was next to nothing to do. */
  #sample(entry: RuleEntry, observation: Observation, at: number): boolean {
    const slot = this.#parts.book.slot(entry, observation.labels);
    if (slot === null) {
      entry.leftOut++;
      return false;
    }
    const isInRange = slot.state === null && observation.level === null;
    // Nearly all: as before.
    if (isInRange) slot.sampleAt = at;
    else this.#parts.keeper.step(slot, { type: "sample", ...observation }, at);
    return !isInRange;
  }

  #missing(slot: Slot, at: number): void {
    const { keeper, book, changes } = this.#parts;
    const { rule, resumedAt } = slot.entry;
    if (this.#hasEnded(rule, slot.labels, at)) {
      if (slot.state !== null) keeper.step(slot, { type: "ended" }, at);
      book.drop(slot);
      changes.touch(slot, at);
      return;
    }
    if (slot.state !== null) {
      keeper.step(slot, { type: "missing" }, at);
      return;
    }
    const isMissed = rule.kind === "no_data" || rule.noData.mode === "firing" || rule.noData.mode === "no_data";
    if (!isMissed) book.drop(slot);
    else if (
      missingMs({ sampleAt: slot.sampleAt, resumedAt, evaluatedAt: at }, rule, at) >=
      rule.noData.afterSec * 1000
    )
      keeper.step(slot, { type: "missing" }, at);
  }

  #hasEnded(rule: AlertRule, labels: Labels, at: number): boolean {
    try {
      return this.#parts.observer.ended(rule, labels, at);
    } catch {
      // Unknown is not an end.
      return false;
    }
  }

  /** Once may be a hiccup; from the third time in a row on, everything of the rule is in error. */
  #fail(entry: RuleEntry, error: unknown, at: number): void {
    const { book, keeper } = this.#parts;
    entry.failures++;
    entry.problem = error instanceof Error ? error.message : String(error);
    if (entry.failures < MAX_FAILURES) return;
    const slots = [...entry.slots.values()].filter(({ state }) => state !== null && state.status !== "ok");
    const whole = slots.length === 0 ? book.slot(entry, {}) : null;
    for (const slot of whole === null ? slots : [whole]) keeper.step(slot, { type: "failed" }, at);
  }

  /** What stood for the rule as a whole goes again. */
  #works(entry: RuleEntry, at: number): void {
    if (entry.failures === 0) return;
    entry.failures = 0;
    entry.isProblemTold = false;
    for (const slot of [...entry.slots.values()]) {
      if (slot.state?.status !== "error" || slot.state.sampleAt !== null) continue;
      this.#parts.book.drop(slot);
      this.#parts.changes.touch(slot, at);
    }
  }
}

function notePause(entry: RuleEntry, at: number): void {
  const { evaluatedAt } = entry;
  if (evaluatedAt === null) return;
  const everyMs = entry.rule.everySec * 1000;
  if (at < evaluatedAt) {
    // The clock was set back: nothing was seen in the future.
    for (const slot of entry.slots.values()) slot.sampleAt = Math.min(slot.sampleAt ?? at, at - 1);
    entry.resumedAt = at;
  } else if (isPause(at - evaluatedAt - everyMs, everyMs)) {
    entry.resumedAt = at;
  }
}

/** Each rule has its turn once in `everySec`; turns of different rules are spread. */
function isTurnOf(entry: RuleEntry, at: number): boolean {
  const { id, everySec } = entry.rule;
  const turn = Math.floor((Math.floor(at / 1000) + spread(id)) / everySec);
  const isAnother = turn !== entry.turn;
  entry.turn = turn;
  return isAnother;
}

function spread(id: string): number {
  let sum = 0;
  for (let i = 0; i < id.length; i++) sum = (sum * 31 + id.charCodeAt(i)) % 3600;
  return sum;
}
