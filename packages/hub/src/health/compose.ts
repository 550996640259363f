import type { Health, HealthCheck, HealthState } from "@wsight/protocol";
import { isWorse } from "./latch.ts";

/** What a check takes off the score, as a share. */
const PENALTIES: Readonly<Record<HealthState, number>> = { healthy: 0, unknown: 0, degraded: 0.15, unhealthy: 0.5 };
/** Reasons that are told beside the state. */
const MOST_REASONS = 8;

/** A check, and whether that it is not known says nothing: an idle server has no latency. */
export interface JudgedCheck extends HealthCheck {
  readonly idle: boolean;
}

/**
 * The worst of all checks. One that is not known because its source does not
 * report makes the whole unknown, unless something is worse; one that has just
 * nothing to do does not. Nothing at all known is unknown.
 */
export function composeHealth(judged: readonly JudgedCheck[], since: number | null, at: number): Health {
  const state = stateOf(judged);
  const worst = judged
    .filter((check) => isWorse(check.state, "healthy") && !check.idle)
    .toSorted((a, b) => Number(isWorse(b.state, a.state)) - Number(isWorse(a.state, b.state)));
  const score = 100 * judged.reduce((rest, check) => rest * (1 - PENALTIES[check.state]), 1);
  return {
    state,
    since,
    reasons: worst.slice(0, MOST_REASONS).map(({ reason }) => reason),
    score: state === "unknown" ? null : Math.round(score),
    checks: judged.map(({ idle: _, ...check }) => check),
    at,
  };
}

/** The worst state of the checks that count. */
export function stateOf(judged: readonly JudgedCheck[]): HealthState {
  const counted = judged.filter((check) => !check.idle);
  if (!counted.some(({ state }) => state !== "unknown")) return "unknown";
  return counted.reduce<HealthState>((worst, { state }) => (isWorse(state, worst) ? state : worst), "healthy");
}
