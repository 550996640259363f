import type { Selector } from "@wsight/protocol";
import { HEAT_OCTAVES } from "../../charts/heat-grid.ts";

const LATENCY = "websocket.server.message.latency";

/** Names of the page's series. */
type SeriesName =
  | "connections"
  | "opened"
  | "closed"
  | "messagesIn"
  | "messagesOut"
  | "messages"
  | "p50"
  | "p95"
  | "p99"
  | "errors"
  | "errorsTotal"
  | "loopLag"
  | "loopUse"
  | "memory";

/** Every series of the page, by what it is called here. */
export const SERIES: Readonly<Record<SeriesName, Selector>> = {
  connections: { metric: "websocket.server.active_connections", agg: "last" },
  opened: { metric: "websocket.server.connections", agg: "rate" },
  closed: { metric: "websocket.server.closes", agg: "rate" },
  messagesIn: { metric: "websocket.server.messages", agg: "rate", where: { direction: "in" } },
  messagesOut: { metric: "websocket.server.messages", agg: "rate", where: { direction: "out" } },
  messages: { metric: "websocket.server.messages", agg: "rate" },
  p50: { metric: LATENCY, agg: "p50" },
  p95: { metric: LATENCY, agg: "p95" },
  p99: { metric: LATENCY, agg: "p99" },
  errors: { metric: "websocket.server.errors", agg: "rate" },
  errorsTotal: { metric: "websocket.server.errors", agg: "total" },
  loopLag: { metric: "nodejs.eventloop.lag", agg: "p99" },
  loopUse: { metric: "nodejs.eventloop.utilization", agg: "last" },
  memory: { metric: "process.memory.usage", agg: "last" },
};

/** One row of the heatmap each. */
export const LATENCY_OCTAVES: readonly Selector[] = HEAT_OCTAVES.map((octave) => ({
  metric: LATENCY,
  agg: "octave",
  octave,
}));
