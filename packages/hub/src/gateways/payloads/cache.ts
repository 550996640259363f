import type { CacheMetrics, Figure } from "@wsight/protocol";
import { compileDistribution, compileNamed, countOf, shareOf, tidy, WINDOW_SECONDS } from "./figures.ts";
import type { PayloadParts } from "./parts.ts";
import { orUnasked } from "./sources.ts";
import { sumOf } from "./totals.ts";

const METRIC = "db.client.operation.duration";
const SYSTEM = { "db.system.name": "redis" };

/** Prepares `cache-metrics`. */
export function createCache(parts: PayloadParts): () => Omit<CacheMetrics, "timestamp"> {
  const { current, sources, totals, windows } = parts;
  const { medium: window } = windows;
  const ofKind = (kind: string) => ({ ...SYSTEM, "db.operation.kind": kind });
  const read = compileNamed(current, {
    hits: { metric: "redis.cache.hits", agg: "rate", window },
    misses: { metric: "redis.cache.misses", agg: "rate", window },
    hitsTotal: { metric: "redis.cache.hits", agg: "total" },
    missesTotal: { metric: "redis.cache.misses", agg: "total" },
    hitsLately: { metric: "redis.cache.hits", agg: "rate", window: WINDOW_SECONDS },
    missesLately: { metric: "redis.cache.misses", agg: "rate", window: WINDOW_SECONDS },
    all: { metric: METRIC, agg: "rate", where: SYSTEM, window },
    read: { metric: METRIC, agg: "rate", where: ofKind("read"), window },
    write: { metric: METRIC, agg: "rate", where: ofKind("write"), window },
    failed: { metric: "db.client.operation.errors", agg: "rate", where: SYSTEM, window },
    failedTotal: { metric: "db.client.operation.errors", agg: "total", where: SYSTEM },
    keys: { metric: "redis.db.keys", agg: "last" },
    memory: { metric: "redis.memory.used", agg: "last" },
    limit: { metric: "redis.maxmemory", agg: "last" },
    serverHits: { metric: "redis.keyspace.hits", agg: "total" },
    serverMisses: { metric: "redis.keyspace.misses", agg: "total" },
    evicted: { metric: "redis.keys.evicted", agg: "total" },
    expired: { metric: "redis.keys.expired", agg: "total" },
    clients: { metric: "redis.clients.connected", agg: "last" },
    uptime: { metric: "redis.uptime", agg: "last" },
  });
  const gets = compileDistribution(current, METRIC, ofKind("read"));
  const sets = compileDistribution(current, METRIC, ofKind("write"));
  return () => {
    const values = read();
    const counted = totals().operations.get("redis");
    const { known, status, latencyMs, members } = orUnasked(sources().cache, counted !== undefined, values.all >= 0);
    const figure = (value: number): Figure => (known ? tidy(value) : null);
    return {
      status,
      latencyMs,
      components: members,
      hits: countOf(known, values.hitsTotal, values.hits),
      misses: countOf(known, values.missesTotal, values.misses),
      hitRatio: known ? shareOf(values.hitsLately, values.missesLately) : null,
      keys: figure(values.keys),
      memoryUsedBytes: figure(values.memory),
      memoryLimitBytes: figure(values.limit),
      operations: {
        read: countOf(known, counted?.get("read"), values.read),
        write: countOf(known, counted?.get("write"), values.write),
        all: countOf(known, sumOf(counted), values.all),
        failed: countOf(known, values.failedTotal, values.failed),
      },
      getTimeMs: gets(known),
      setTimeMs: sets(known),
      server: {
        hits: figure(values.serverHits),
        misses: figure(values.serverMisses),
        evicted: figure(values.evicted),
        expired: figure(values.expired),
        clients: figure(values.clients),
        uptimeSeconds: figure(values.uptime),
      },
    };
  };
}
