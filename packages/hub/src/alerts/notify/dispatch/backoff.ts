import type { AlertSeverity } from "@wsight/protocol";

const LONGEST_BACKOFF_MS = 15 * 60_000;
/** Not at once: what failed a moment ago fails again. */
const SHORTEST_BACKOFF_MS = 250;
/** No receiver may put a notice off for longer than this. */
const LONGEST_WISH_MS = 60 * 60_000;

/** How long a notice is tried for, ms. */
export const GIVE_UP_MS: Readonly<Record<AlertSeverity, number>> = {
  critical: 24 * 3_600_000,
  warning: 4 * 3_600_000,
};

/**
 * How long to wait before the next try, ms: anywhere below 2ⁿ s, at most
 * 15 min, so that many that failed together don't come back together.
 *
 * @param tries tries so far, at least 1
 * @param random from 0 to below 1
 * @param wishMs what the receiver asked for; `null` for nothing
 */
export function backoffMs(tries: number, random: number, wishMs: number | null): number {
  const longest = Math.min(LONGEST_BACKOFF_MS, 1_000 * 2 ** Math.min(tries, 30));
  const own = Math.max(SHORTEST_BACKOFF_MS, random * longest);
  return Math.round(Math.max(own, Math.min(wishMs ?? 0, LONGEST_WISH_MS)));
}
