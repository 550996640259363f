import type { BasicMetrics, ComponentKind, Figure, MonitorComponents, SourceStatus } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import { compileNamed, ms, shareOf, tidy, WINDOW_SECONDS } from "./figures.ts";
import type { PayloadParts } from "./parts.ts";
import { brief, type Source } from "./sources.ts";

/** Prepares `basic-metrics`. */
export function createBasic({ current, sources }: PayloadParts): () => Omit<BasicMetrics, "timestamp"> {
  const window = WINDOW_SECONDS;
  const read = compileNamed(current, {
    connections: { metric: "websocket.server.active_connections", agg: "sum" },
    messages: { metric: "websocket.server.messages", agg: "rate" },
    errors: { metric: "websocket.server.errors", agg: "rate", window },
    requests: { metric: "http.server.request.duration", agg: "rate" },
    operations: { metric: "db.client.operation.duration", agg: "rate", where: { "db.system.name": "postgresql" } },
    hits: { metric: "redis.cache.hits", agg: "rate", window },
    misses: { metric: "redis.cache.misses", agg: "rate", window },
    cpu: { metric: "system.cpu.utilization", agg: "last" },
    memory: { metric: "system.memory.utilization", agg: "last" },
    lag: { metric: "nodejs.eventloop.lag", agg: "p99" },
  });
  return () => {
    const nodes = countNodes(current);
    const { database, cache, network, system } = sources();
    const values = read();
    const sockets = values.connections >= 0;
    return {
      status: statusOf(nodes),
      components: briefs({ database, cache, network, system }),
      nodes,
      connections: tidy(values.connections),
      messagesPerSecond: tidy(values.messages) ?? none(sockets),
      errorsPerMinute: tidy(values.errors, 60) ?? none(sockets),
      requestsPerSecond: tidy(values.requests) ?? none(network.known),
      operationsPerSecond:
        database.attached > 0 && !database.known ? null : (tidy(values.operations) ?? none(database.known)),
      cacheHitRatio: cache.attached > 0 && !cache.known ? null : shareOf(values.hits, values.misses),
      cpu: tidy(values.cpu),
      memory: tidy(values.memory),
      eventLoopLagP99Ms: ms(values.lag),
    };
  };
}

/** Of a source that is there, what nobody counted yet is none; of one that is not, it is not known. */
function none(known: boolean): Figure {
  return known ? 0 : null;
}

/** Each kind in brief. */
export function briefs(sources: Readonly<Record<ComponentKind, Source>>): Record<ComponentKind, MonitorComponents> {
  const { database, cache, network, system } = sources;
  return { database: brief(database), cache: brief(cache), network: brief(network), system: brief(system) };
}

/** Processes that report, and those that ought to. */
export function countNodes(current: Pick<CurrentView, "nodes">): { readonly live: number; readonly silent: number } {
  const states = current.nodes().map(({ state }) => state);
  const count = (wanted: string): number => states.filter((state) => state === wanted).length;
  return { live: count("live"), silent: count("silent") };
}

/** Whether anybody reports at all. */
export function statusOf({ live, silent }: { readonly live: number; readonly silent: number }): SourceStatus {
  if (live > 0) return "up";
  return silent > 0 ? "stale" : "not_attached";
}
