import type { HistorySelector } from "@wsight/protocol";

/** Figures that tell how a period went: what is compared unless somebody chooses. */
export const KEY_FIGURES: readonly HistorySelector[] = [
  { metric: "websocket.server.active_connections", agg: "mean" },
  { metric: "websocket.server.connections", agg: "rate" },
  { metric: "websocket.server.closes", agg: "rate" },
  { metric: "websocket.server.messages", agg: "rate", by: ["direction"] },
  { metric: "websocket.server.io", agg: "rate", by: ["direction"] },
  { metric: "websocket.server.message.latency", agg: "p50" },
  { metric: "websocket.server.message.latency", agg: "p95" },
  { metric: "websocket.server.message.latency", agg: "p99" },
  { metric: "websocket.server.handler.errors", agg: "rate" },
  { metric: "websocket.server.errors", agg: "rate" },
  { metric: "websocket.server.broadcast.duration", agg: "p95" },
  { metric: "websocket.server.rtt", agg: "p95" },
  { metric: "http.server.request.duration", agg: "rate" },
  { metric: "http.server.request.duration", agg: "p95" },
  { metric: "db.client.operation.duration", agg: "rate" },
  { metric: "db.client.operation.duration", agg: "p95" },
  { metric: "nodejs.eventloop.lag", agg: "p99" },
  { metric: "nodejs.eventloop.utilization", agg: "mean" },
  { metric: "process.cpu.utilization", agg: "mean" },
  { metric: "process.memory.usage", agg: "mean" },
  { metric: "v8js.memory.heap.used", agg: "mean" },
];
