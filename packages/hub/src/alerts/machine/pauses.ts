import type { AlertRule } from "@wsight/protocol";
import type { InstanceState } from "./instance-state.ts";

/** Evaluations after a pause in which no lack of data counts. */
const GRACE = 2;
/** Shorter ones are no pauses, ms: a hub that has much to do may pass a second or two over. */
const MIN_PAUSE_MS = 3000;

/**
 * The state with its timers moved on by the time in which nobody looked (a
 * restart, a computer that slept, a rule that failed): it counts neither for
 * `for` nor for keep-firing. The same when the clock was set back.
 */
export function afterPause(state: InstanceState, rule: AlertRule, at: number): InstanceState {
  const everyMs = rule.everySec * 1000;
  if (at < state.evaluatedAt) return setBack(state, everyMs, at);
  const pausedMs = at - state.evaluatedAt - everyMs;
  if (!isPause(pausedMs, everyMs)) return state;
  const silentMs = state.stale ? state.evaluatedAt - lookedSince(state) : 0;
  return { ...moved(state, silentMs + pausedMs), resumedAt: at };
}

/** True when that much more than an evaluation's time lay between two of them. */
export function isPause(pausedMs: number, everyMs: number): boolean {
  return pausedMs >= Math.max(everyMs, MIN_PAUSE_MS);
}

/** The same for the time in which its state was kept without data, once there are some again. */
export function afterSilence(state: InstanceState, rule: AlertRule, at: number): InstanceState {
  if (!state.stale) return state;
  return moved(state, Math.max(0, at - lookedSince(state) - rule.everySec * 1000));
}

function lookedSince({ sampleAt, resumedAt, evaluatedAt }: InstanceState): number {
  return Math.max(sampleAt ?? evaluatedAt, resumedAt ?? 0);
}

/** How long data have been missing, ms. */
export function missingMs(
  { sampleAt, resumedAt, evaluatedAt }: Pick<InstanceState, "sampleAt" | "resumedAt" | "evaluatedAt">,
  rule: AlertRule,
  at: number,
): number {
  const graceMs = GRACE * rule.everySec * 1000;
  return at - Math.max(sampleAt ?? evaluatedAt, typeof resumedAt === "number" ? resumedAt + graceMs : 0);
}

/** The clock was set back: what was waited for is waited on for, and nothing lies ahead. */
function setBack(state: InstanceState, everyMs: number, at: number): InstanceState {
  const past = (time: number | null): number | null => (time === null ? null : Math.min(time, at));
  return {
    ...moved(state, at - state.evaluatedAt - everyMs),
    firedAt: past(state.firedAt),
    sampleAt: past(state.sampleAt),
    resumedAt: at,
    peakAt: past(state.peakAt),
    transitions: state.transitions.map((time) => Math.min(time, at)),
    flappingAt: past(state.flappingAt),
    told: { ...state.told, at: past(state.told.at) },
  };
}

/** When it fired stays as it is: only what is waited for moves. */
function moved(state: InstanceState, byMs: number): InstanceState {
  return {
    ...state,
    activeAt: state.status === "pending" && state.activeAt !== null ? state.activeAt + byMs : state.activeAt,
    recoverAt: state.recoverAt === null ? null : state.recoverAt + byMs,
    lowerAt: state.lowerAt === null ? null : state.lowerAt + byMs,
  };
}
