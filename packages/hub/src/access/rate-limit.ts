/** Keys a limit remembers at most; beyond, the half that was used longest ago is forgotten and starts afresh. */
const MAX_KEYS = 20_000;

/** Limits how often something happens per key, by a token bucket that holds one minute's worth. */
export interface RateLimit {
  /** 0 when it may happen now, else ms until it may. */
  take(key: string): number;
}

/** @param perMinute how often per key; the same number may come at once */
export function createRateLimit(perMinute: number, now: () => number = Date.now): RateLimit {
  // Two generations, since looking for the oldest key of one map costs more with every key that was moved.
  let buckets = new Map<string, { tokens: number; at: number }>();
  let older: typeof buckets = new Map();
  const perMs = perMinute / 60_000;
  return {
    take(key) {
      const at = now();
      const before = buckets.get(key) ?? older.get(key) ?? { tokens: perMinute, at };
      const tokens = Math.min(perMinute, before.tokens + Math.max(0, at - before.at) * perMs);
      const passes = tokens >= 1;
      buckets.set(key, { tokens: passes ? tokens - 1 : tokens, at });
      if (buckets.size >= MAX_KEYS / 2) {
        older = buckets;
        buckets = new Map();
      }
      return passes ? 0 : Math.ceil((1 - tokens) / perMs);
    },
  };
}
