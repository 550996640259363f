import { TIERS, type Tier } from "@wsight/protocol";
import type { Intervals } from "./payloads/parts.ts";

/** By then the second that has just ended is closed. */
const PHASE_MS = 5;
/** Of a timer. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * Calls back at multiples of each interval, with all tiers that are due: those
 * of several tiers that fall together are told together. Each wait is computed
 * anew, so lateness does not add up; what was missed is not made up for.
 * @param now ms epoch
 */
export function startTiers(
  intervals: Intervals,
  now: () => number,
  onDue: (tiers: readonly Tier[]) => void,
): { close(): void } {
  const next = (tier: Tier, at: number): number =>
    (Math.floor((at - PHASE_MS) / intervals[tier]) + 1) * intervals[tier] + PHASE_MS;
  const startedAt = now();
  const due: Record<Tier, number> = {
    fast: next("fast", startedAt),
    medium: next("medium", startedAt),
    slow: next("slow", startedAt),
  };
  let timer: NodeJS.Timeout;

  function wait(): void {
    const left = Math.min(due.fast, due.medium, due.slow) - now();
    timer = setTimeout(beat, Math.min(Math.max(1, left), LONGEST_WAIT_MS));
  }

  function beat(): void {
    const at = now();
    const tiers = TIERS.filter((tier) => due[tier] <= at);
    // A clock that was set back would keep everybody waiting.
    for (const tier of TIERS) if (due[tier] <= at || due[tier] - at > intervals[tier]) due[tier] = next(tier, at);
    if (tiers.length > 0) onDue(tiers);
    wait();
  }

  wait();
  return { close: () => clearTimeout(timer) };
}
