/** Keys a limit remembers; beyond, the one unused for longest is forgotten and starts afresh. */
const MAX_KEYS = 10_000;

/** Limits how often something happens per key, by a token bucket that holds one minute's worth. */
export interface RateLimit {
  /** 0 when it may happen now, else ms until it may. */
  take(key: string): number;
}

/** @param perMinute how often per key; the same number may come at once */
export function createRateLimit(perMinute: number, now: () => number = Date.now): RateLimit {
  // A map keeps insertion order: re-inserting on use makes it least recently used first.
  const buckets = new Map<string, { tokens: number; at: number }>();
  const perMs = perMinute / 60_000;
  return {
    take(key) {
      const at = now();
      const before = buckets.get(key) ?? { tokens: perMinute, at };
      const tokens = Math.min(perMinute, before.tokens + Math.max(0, at - before.at) * perMs);
      const passes = tokens >= 1;
      buckets.delete(key);
      buckets.set(key, { tokens: passes ? tokens - 1 : tokens, at });
      const [oldest] = buckets.keys();
      if (buckets.size > MAX_KEYS && oldest !== undefined) buckets.delete(oldest);
      return passes ? 0 : Math.ceil((1 - tokens) / perMs);
    },
  };
}
