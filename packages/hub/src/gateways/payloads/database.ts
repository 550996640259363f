import type { DatabaseMetrics } from "@wsight/protocol";
import { compileDistribution, compileNamed, countOf, ms, shareOf, tidy, WINDOW_SECONDS } from "./figures.ts";
import type { PayloadParts } from "./parts.ts";
import { orUnasked } from "./sources.ts";
import { sumOf } from "./totals.ts";

const METRIC = "db.client.operation.duration";
const SYSTEM = { "db.system.name": "postgresql" };

/** Prepares `database-metrics`. */
export function createDatabase(parts: PayloadParts): () => Omit<DatabaseMetrics, "timestamp"> {
  const { current, sources, totals, windows } = parts;
  const { medium: window } = windows;
  const ofKind = (kind: string) => ({ ...SYSTEM, "db.operation.kind": kind });
  const read = compileNamed(current, {
    all: { metric: METRIC, agg: "rate", where: SYSTEM, window },
    read: { metric: METRIC, agg: "rate", where: ofKind("read"), window },
    write: { metric: METRIC, agg: "rate", where: ofKind("write"), window },
    other: { metric: METRIC, agg: "rate", where: ofKind("other"), window },
    failed: { metric: "db.client.operation.errors", agg: "rate", where: SYSTEM, window },
    failedTotal: { metric: "db.client.operation.errors", agg: "total", where: SYSTEM },
    hits: { metric: "redis.cache.hits", agg: "rate", window: WINDOW_SECONDS },
    misses: { metric: "redis.cache.misses", agg: "rate", window: WINDOW_SECONDS },
    used: { metric: "db.client.connection.count", agg: "sum", where: { "db.client.connection.state": "used" } },
    idle: { metric: "db.client.connection.count", agg: "sum", where: { "db.client.connection.state": "idle" } },
    max: { metric: "db.client.connection.max", agg: "sum" },
    waiting: { metric: "db.client.connection.pending_requests", agg: "sum" },
    waitP95: { metric: "db.client.connection.wait_time", agg: "p95", window: WINDOW_SECONDS },
  });
  const execution = compileDistribution(current, METRIC, SYSTEM);
  const reads = compileDistribution(current, METRIC, ofKind("read"));
  const writes = compileDistribution(current, METRIC, ofKind("write"));
  return () => {
    const values = read();
    const counted = totals().operations.get("postgresql");
    const { database, cache } = sources();
    const source = orUnasked(database, counted !== undefined, values.all >= 0);
    const { known, status, latencyMs, members } = source;
    const figure = (value: number): ReturnType<typeof tidy> => (known ? tidy(value) : null);
    return {
      status,
      latencyMs,
      components: members,
      operations: {
        read: countOf(known, counted?.get("read"), values.read),
        write: countOf(known, counted?.get("write"), values.write),
        other: countOf(known, counted?.get("other"), values.other),
        all: countOf(known, sumOf(counted), values.all),
        failed: countOf(known, values.failedTotal, values.failed),
      },
      executionTimeMs: execution(known),
      readTimeMs: reads(known),
      writeTimeMs: writes(known),
      cacheHitRate: cache.attached > 0 && !cache.known ? null : shareOf(values.hits, values.misses),
      pool: {
        used: figure(values.used),
        idle: figure(values.idle),
        max: figure(values.max),
        waiting: figure(values.waiting),
        waitP95Ms: known ? ms(values.waitP95) : null,
      },
    };
  };
}
