import type { AlertRule, NoticeKind } from "@wsight/protocol";
import type { InstanceState, ToldState } from "./instance-state.ts";
import { isWorse } from "./levels.ts";

/** What is to be told of an instance that goes on, and what was told then. */
export interface DueNotice {
  readonly kind: Exclude<NoticeKind, "resolved" | "error" | "test" | "undeliverable">;
  readonly told: ToldState;
}

/**
 * What is due to be told of an episode that goes on; its end is told as it
 * happens, and always (what was begun must not be left open). Compares how the
 * alert stands with what was told of it: what could not be told when it
 * happened (a silence, a crash, no channel) is told when it can be, if it is
 * still so. `null` for nothing, always while it recovers.
 *
 * An acknowledged, snoozed or flapping alert tells nothing more of the same, but
 * an escalation is told. The end of a snooze, and of a silence unless somebody
 * acknowledged, tells what still fires again.
 */
export function dueNotice(state: InstanceState, rule: AlertRule, at: number): DueNotice | null {
  const { status, told, level, ack } = state;
  if (status !== "firing" && status !== "no_data") return null;
  const isHushed = ack !== null || isSnoozed(state, at);
  const isKnown = told.firing && (told.level !== null || status === "no_data");
  const isHeld = state.flappingAt !== null && told.firing;
  if (status === "no_data" && told.noData !== true && !isHushed && !isHeld) {
    return { kind: "no_data", told: { ...next(told, at), firing: true, noData: true } };
  }
  if (status === "firing" && !isKnown) {
    return isHushed ? null : { kind: "firing", told: { ...next(told, at), firing: true, level, repeats: 0 } };
  }
  if (!told.firing) return null;
  if (status === "firing" && isWorse(level, told.level)) {
    return { kind: "escalated", told: { ...next(told, at), level } };
  }
  if (isSnoozeOver(state, at)) return { kind: "repeat", told: next(told, at) };
  if (isHushed) return null;
  if (state.flappingAt !== null) {
    return told.flapping === true ? null : { kind: "flapping", told: { ...next(told, at), flapping: true } };
  }
  if (status === "firing" && isWorse(told.level, level)) {
    return { kind: "deescalated", told: { ...next(told, at), level } };
  }
  return repeated(state, rule, at);
}

/** True while somebody wants to hear of it later. */
export function isSnoozed({ snoozeUntil }: InstanceState, at: number): boolean {
  return snoozeUntil !== null && at < snoozeUntil;
}

/** True once it is later. */
export function isSnoozeOver({ snoozeUntil }: InstanceState, at: number): boolean {
  return snoozeUntil !== null && at >= snoozeUntil;
}

/** What was told of an instance of which nothing is due: a fall of the level that nobody is told of makes the next rise news again. */
export function toldInSilence({ status, told, level }: InstanceState): ToldState {
  return status === "firing" && level !== null && isWorse(told.level, level) ? { ...told, level } : told;
}

/** What was told of an instance that is silenced: that it fires on is held back. */
export function toldLater({ status, told }: InstanceState): ToldState {
  const goesOn = status === "firing" || status === "no_data";
  return goesOn && told.firing && told.held !== true ? { ...told, held: true } : told;
}

function repeated({ told }: InstanceState, { repeatSec, maxRepeats }: AlertRule, at: number): DueNotice | null {
  if (told.held === true) return { kind: "repeat", told: next(told, at) };
  const mayRepeat = repeatSec > 0 && (maxRepeats === null || told.repeats < maxRepeats);
  if (!mayRepeat || at - (told.at ?? at) < repeatSec * 1000) return null;
  return { kind: "repeat", told: { ...next(told, at), repeats: told.repeats + 1 } };
}

function next({ held: _, ...told }: ToldState, at: number): ToldState {
  return { ...told, seq: told.seq + 1, at };
}
