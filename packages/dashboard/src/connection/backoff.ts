/** How long to wait before the next attempt. */
export interface Backoff {
  /** The next delay, ms. */
  next(): number;
  /** Forgets past failures. */
  reset(): void;
}

/** Shortest and longest delay, ms. */
export const BACKOFF_MS = { base: 500, cap: 10_000 } as const;

/**
 * Decorrelated jitter: each delay is drawn between the base and three times
 * the one before, at most the cap, so that viewers of a restarted hub do not
 * come back all at once.
 */
export function createBackoff(random: () => number): Backoff {
  const { base, cap } = BACKOFF_MS;
  let previous: number = base;
  return {
    next() {
      previous = Math.min(cap, base + random() * (previous * 3 - base));
      return previous;
    },
    reset() {
      previous = base;
    },
  };
}
