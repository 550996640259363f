import type { MetricUnit } from "../catalogue.ts";
import type { HistoryAggregate } from "../history.ts";
import type { Labels } from "../series.ts";

/** One part of an indicator: what is taken of a metric of the catalogue. Counters and histograms give their growth within the window. */
export interface IndicatorTerm {
  readonly metric: string;
  readonly agg: HistoryAggregate;
  readonly where?: Labels;
}

/**
 * A figure made of several metrics. `ratio`: `of` events among `per` events, both counted over the window; its
 * statistics are known (Wilson) · `quotient`: one reading by another · `spread`: the largest node's `of` by the mean of all nodes'.
 */
export interface Indicator {
  readonly name: string;
  readonly kind: "ratio" | "quotient" | "spread";
  readonly unit: MetricUnit;
  /** Added up. */
  readonly of: readonly IndicatorTerm[];
  /** Added up; empty for `spread`. */
  readonly per: readonly IndicatorTerm[];
  /** Of a ratio: tell the share that is not `of` (a success ratio, of failures). @default false */
  readonly inverted?: boolean;
  /** Attributes that it can be grouped by beside `node` and `service`: those that all its terms have. */
  readonly attributes: readonly string[];
  readonly help: string;
}

const MESSAGE_ERRORS: Pick<Indicator, "kind" | "unit" | "of" | "per" | "attributes"> = {
  kind: "ratio",
  unit: "1",
  of: [
    { metric: "websocket.server.handler.errors", agg: "increase" },
    { metric: "websocket.server.ack.timeouts", agg: "increase" },
  ],
  per: [{ metric: "websocket.server.messages", agg: "increase" }],
  attributes: ["ws.library", "ws.server", "event"],
};

/** Status codes that say that the server failed. */
const SERVER_ERRORS = ["500", "501", "502", "503", "504", "505", "507", "508", "511"];

/** Every indicator there is. */
export const INDICATORS: readonly Indicator[] = [
  {
    ...MESSAGE_ERRORS,
    name: "websocket.server.error_ratio",
    help: "Handlers that threw and acknowledgements that never came, among all messages",
  },
  {
    ...MESSAGE_ERRORS,
    name: "websocket.server.success_ratio",
    inverted: true,
    help: "Messages without an error of a handler or of an acknowledgement, among all messages",
  },
  {
    name: "websocket.server.connect.success_ratio",
    kind: "ratio",
    unit: "1",
    of: [{ metric: "websocket.server.handshake.rejections", agg: "increase" }],
    per: [
      { metric: "websocket.server.connections", agg: "increase" },
      { metric: "websocket.server.handshake.rejections", agg: "increase" },
    ],
    inverted: true,
    attributes: ["ws.library", "ws.server"],
    help: "Connections opened among all attempts; handshakes refused are the rest",
  },
  {
    name: "websocket.server.ack.timeout_ratio",
    kind: "ratio",
    unit: "1",
    of: [{ metric: "websocket.server.ack.timeouts", agg: "increase" }],
    per: [
      { metric: "websocket.server.ack.duration", agg: "count", where: { side: "client" } },
      { metric: "websocket.server.ack.timeouts", agg: "increase" },
    ],
    attributes: ["ws.library", "ws.server", "event"],
    help: "Acknowledgements of clients that never came, among those asked for",
  },
  {
    name: "websocket.server.pool.utilization",
    kind: "quotient",
    unit: "1",
    of: [{ metric: "websocket.server.active_connections", agg: "sum" }],
    per: [{ metric: "websocket.server.connection.limit", agg: "sum" }],
    attributes: [],
    help: "Open connections by what the processes can take",
  },
  {
    name: "websocket.server.worker.imbalance",
    kind: "spread",
    unit: "1",
    of: [{ metric: "websocket.server.active_connections", agg: "sum" }],
    per: [],
    attributes: ["ws.library", "ws.server"],
    help: "Connections of the busiest process by the mean of all processes: 1 when they share evenly",
  },
  {
    name: "http.server.error_ratio",
    kind: "ratio",
    unit: "1",
    of: SERVER_ERRORS.map((code) => ({
      metric: "http.server.request.duration",
      agg: "count",
      where: { "http.response.status_code": code },
    })),
    per: [{ metric: "http.server.request.duration", agg: "count" }],
    attributes: ["http.server", "http.request.method", "http.route"],
    help: "Requests that were answered with a status of 500 or above, among all",
  },
  {
    name: "db.client.error_ratio",
    kind: "ratio",
    unit: "1",
    of: [{ metric: "db.client.operation.errors", agg: "increase" }],
    per: [{ metric: "db.client.operation.duration", agg: "count" }],
    attributes: ["db.system.name", "db.client", "db.operation.name"],
    help: "Operations of databases and caches that failed, among all",
  },
  {
    name: "redis.cache.hit_ratio",
    kind: "ratio",
    unit: "1",
    of: [{ metric: "redis.cache.misses", agg: "increase" }],
    per: [
      { metric: "redis.cache.hits", agg: "increase" },
      { metric: "redis.cache.misses", agg: "increase" },
    ],
    inverted: true,
    attributes: ["db.client"],
    help: "Keys that were found among those asked for",
  },
  {
    name: "db.client.connection.utilization",
    kind: "quotient",
    unit: "1",
    of: [{ metric: "db.client.connection.count", agg: "sum", where: { "db.client.connection.state": "used" } }],
    per: [{ metric: "db.client.connection.max", agg: "sum" }],
    attributes: ["db.client.connection.pool.name"],
    help: "Connections of pools in use by those they may have",
  },
  {
    name: "queue.job.error_ratio",
    kind: "ratio",
    unit: "1",
    of: [{ metric: "queue.jobs.ended", agg: "increase", where: { "queue.job.outcome": "failed" } }],
    per: [{ metric: "queue.jobs.ended", agg: "increase" }],
    attributes: ["queue"],
    help: "Jobs that failed among those that ended",
  },
  {
    name: "process.memory.utilization",
    kind: "quotient",
    unit: "1",
    of: [{ metric: "process.memory.usage", agg: "mean" }],
    per: [{ metric: "process.memory.limit", agg: "mean" }],
    attributes: [],
    help: "Memory of the process by what it may take",
  },
  {
    name: "v8js.memory.heap.utilization",
    kind: "quotient",
    unit: "1",
    of: [{ metric: "v8js.memory.heap.used", agg: "mean" }],
    per: [{ metric: "v8js.memory.heap.limit", agg: "mean" }],
    attributes: [],
    help: "Heap in use by the largest size it may take",
  },
  {
    name: "process.open_file_descriptor.utilization",
    kind: "quotient",
    unit: "1",
    of: [{ metric: "process.open_file_descriptor.count", agg: "mean" }],
    per: [{ metric: "process.open_file_descriptor.limit", agg: "mean" }],
    attributes: [],
    help: "Open file descriptors by their limit",
  },
];

/**
 * What a metric or an indicator that has these attributes can be grouped by: `service` and `node` too, but for a spread,
 * which compares nodes.
 */
export function groupLabelsOf(metric: string, attributes: readonly string[]): readonly string[] {
  return [...(findIndicator(metric)?.kind === "spread" ? [] : ["node"]), "service", ...attributes];
}

/** The indicator of a name. */
export function findIndicator(name: string): Indicator | undefined {
  return INDICATORS.find((indicator) => indicator.name === name);
}
