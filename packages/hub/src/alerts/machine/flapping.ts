import type { AlertRule } from "@wsight/protocol";
import type { InstanceState } from "./instance-state.ts";

/** Newest transitions that are remembered. */
const MAX_TRANSITIONS = 21;
/** How much longer it is held with each further time. */
const GROWTH = 1.5;
/** Longest hold, seconds. */
const MAX_HOLD_SEC = 3600;

/**
 * Between good and bad it went back or forth. With enough transitions within
 * the window of its rule it flaps from then on; each further one to the bad
 * makes the hold longer by half.
 */
export function withTransition(state: InstanceState, to: "good" | "bad", rule: AlertRule, at: number): InstanceState {
  const transitions = [...state.transitions, at].slice(-MAX_TRANSITIONS);
  const { flap } = rule;
  if (flap === null) return { ...state, transitions };
  if (state.flappingAt !== null) {
    return { ...state, transitions, holds: to === "bad" ? state.holds + 1 : state.holds };
  }
  const recent = transitions.filter((time) => time > at - flap.windowSec * 1000).length;
  return recent < flap.transitions ? { ...state, transitions } : { ...state, transitions, flappingAt: at, holds: 0 };
}

/** How long it goes on after it was last beyond its recovery limit, ms. */
export function keepFiringMs({ flappingAt, holds }: InstanceState, { keepFiringSec, flap }: AlertRule): number {
  const holdSec = flappingAt === null || flap === null ? 0 : Math.min(MAX_HOLD_SEC, flap.holdSec * GROWTH ** holds);
  return Math.max(keepFiringSec, holdSec) * 1000;
}

/** Ends the flapping after a window, and a hold, without any transition. */
export function withoutOldFlapping(state: InstanceState, rule: AlertRule, at: number): InstanceState {
  if (state.flappingAt === null) return state;
  const windowMs = Math.max((rule.flap?.windowSec ?? 0) * 1000, keepFiringMs(state, rule));
  if (rule.flap !== null && at - (state.transitions.at(-1) ?? 0) < windowMs) return state;
  const { flapping: _, ...told } = state.told;
  return { ...state, flappingAt: null, holds: 0, told };
}

/** True while an instance in range has something that a restart should remember. */
export function remembers(state: InstanceState, rule: AlertRule, at: number): boolean {
  if (state.dismissed === true || state.flappingAt !== null) return true;
  return rule.flap !== null && at - (state.transitions.at(-1) ?? 0) < rule.flap.windowSec * 1000;
}
