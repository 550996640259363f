/** Kinds of instrument. A counter only grows, a gauge is a reading, a histogram is a distribution. */
export const METRIC_KINDS = ["counter", "gauge", "histogram"] as const;
export type MetricKind = (typeof METRIC_KINDS)[number];

/** Units, in UCUM as OpenTelemetry writes them. Durations are seconds, sizes bytes, ratios 0–1. */
export type MetricUnit =
  | "s"
  | "By"
  | "1"
  | "{connection}"
  | "{message}"
  | "{error}"
  | "{broadcast}"
  | "{room}"
  | "{namespace}"
  | "{attempt}"
  | "{call}"
  | "{series}"
  | "{frame}";

/** One line of the metric catalogue. */
export interface MetricDefinition {
  /** OpenTelemetry dotted name, the one name used everywhere. */
  readonly name: string;
  readonly kind: MetricKind;
  readonly unit: MetricUnit;
  /** Bounded attributes a series of this metric may carry. */
  readonly attributes: readonly string[];
  /** How several instances become one figure: counters and histograms always add up, gauges do as said here. */
  readonly across: "sum" | "max" | "mean";
  /** What it measures, for people. */
  readonly help: string;
}

const WS = ["ws.library", "ws.server"] as const;

function define(
  name: string,
  kind: MetricKind,
  unit: MetricUnit,
  attributes: readonly string[],
  help: string,
  across: MetricDefinition["across"] = "sum",
): MetricDefinition {
  return { name, kind, unit, attributes, across, help };
}

/**
 * Every metric the product knows. Names follow OpenTelemetry where a
 * convention exists; for WebSockets there is none yet, so they are shaped
 * after its `http.server.*` and `signalr.server.*` metrics.
 */
export const CATALOGUE: readonly MetricDefinition[] = [
  define(
    "websocket.server.active_connections",
    "gauge",
    "{connection}",
    [...WS, "transport"],
    "Open connections, read from the library's own state",
  ),
  define(
    "websocket.server.connection.limit",
    "gauge",
    "{connection}",
    [],
    "Connections the process can take: the capacity option, else what its limit of file descriptors leaves",
  ),
  define("websocket.server.connections", "counter", "{connection}", [...WS, "transport"], "Connections opened"),
  define("websocket.server.connection.duration", "histogram", "s", WS, "Life of closed connections"),
  define(
    "websocket.server.closes",
    "counter",
    "{connection}",
    [...WS, "reason"],
    "Connections closed, by close code (ws) or reason (Socket.IO)",
  ),
  define("websocket.server.handshake.rejections", "counter", "{attempt}", [...WS, "reason"], "Handshakes refused"),
  define("websocket.server.handshake.duration", "histogram", "s", [...WS, "outcome"], "Upgrade request to reply"),
  define(
    "websocket.server.messages",
    "counter",
    "{message}",
    [...WS, "direction", "kind", "event"],
    "Messages, exactly counted; out is once per recipient",
  ),
  define("websocket.server.io", "counter", "By", [...WS, "direction"], "Message payload bytes"),
  define("websocket.server.message.size", "histogram", "By", [...WS, "direction", "event"], "Payload size of messages"),
  define(
    "websocket.server.message.latency",
    "histogram",
    "s",
    ["source"],
    "Headline latency: dispatch to acknowledgement (source=ack), else to the handler's return (source=handler), or as the application reported it (source=app)",
  ),
  define(
    "websocket.server.handler.duration",
    "histogram",
    "s",
    [...WS, "event"],
    "Synchronous time in the application's handlers",
  ),
  define(
    "websocket.server.handler.errors",
    "counter",
    "{error}",
    [...WS, "event"],
    "Handlers that threw; what they return is not looked at",
  ),
  define(
    "websocket.server.ack.duration",
    "histogram",
    "s",
    [...WS, "side", "event"],
    "side=server: event dispatched to ack called by the application; side=client: emit to the client's ack",
  ),
  define(
    "websocket.server.ack.timeouts",
    "counter",
    "{message}",
    [...WS, "event"],
    "Acknowledgements that never came in time",
  ),
  define("websocket.server.rtt", "histogram", "s", [...WS, "source"], "Heartbeat round trip"),
  define(
    "websocket.server.send.buffered",
    "gauge",
    "By",
    WS,
    "Bytes accepted by send() and not yet by the kernel, over all connections",
  ),
  define("websocket.server.send.buffered.max", "gauge", "By", WS, "The same, of the worst single connection", "max"),
  define(
    "websocket.server.broadcasts",
    "counter",
    "{broadcast}",
    [...WS, "namespace"],
    "Broadcasts to more than one recipient",
  ),
  define(
    "websocket.server.broadcast.duration",
    "histogram",
    "s",
    [...WS, "namespace"],
    "Event-loop time of one broadcast",
  ),
  define(
    "websocket.server.broadcast.fanout",
    "histogram",
    "{connection}",
    [...WS, "namespace"],
    "Recipients of one broadcast",
  ),
  define("websocket.server.errors", "counter", "{error}", ["error.type"], "Errors by type"),
  define("socketio.namespace.sockets", "gauge", "{connection}", ["ws.server", "namespace"], "Sockets in a namespace"),
  define("socketio.namespaces", "gauge", "{namespace}", ["ws.server"], "Namespaces"),
  define("socketio.rooms", "gauge", "{room}", ["ws.server", "namespace"], "Rooms that are not one socket's own"),
  define(
    "socketio.recoveries",
    "counter",
    "{connection}",
    ["ws.server", "namespace"],
    "Sockets whose session was recovered after a reconnect",
  ),
  define("nodejs.eventloop.utilization", "gauge", "1", [], "Share of time the event loop was busy", "max"),
  define("nodejs.eventloop.lag", "histogram", "s", [], "Event-loop lag, corrected for coordinated omission"),
  define("process.cpu.utilization", "gauge", "1", [], "CPU time of the process by wall time; 1 is one core", "sum"),
  define("process.memory.usage", "gauge", "By", [], "Resident set size", "sum"),
  define("process.uptime", "gauge", "s", [], "Time since the process started", "max"),
  define("v8js.memory.heap.used", "gauge", "By", [], "Heap in use", "sum"),
  define(
    "wsight.probe.cpu",
    "counter",
    "s",
    [],
    "CPU time of the probe: snapshots measured, hooks estimated from a calibrated cost per call",
  ),
  define("wsight.probe.memory", "gauge", "By", [], "Memory of the probe's own tables, counted from their sizes"),
  define("wsight.probe.hook.calls", "counter", "{call}", [], "Calls of the probe's hooks"),
  define(
    "wsight.probe.hook.errors",
    "counter",
    "{error}",
    ["integration"],
    "Faults inside the probe's own code, caught",
  ),
  define("wsight.probe.snapshot.duration", "histogram", "s", [], "Time to take one snapshot"),
  define(
    "wsight.probe.series.dropped",
    "counter",
    "{series}",
    ["metric"],
    "Label sets folded into _other because a cap was reached",
  ),
  define("wsight.probe.sink.dropped", "counter", "{frame}", [], "Frames dropped because the hub did not take them"),
  define(
    "wsight.probe.link.reconnects",
    "counter",
    "{attempt}",
    [],
    "Times the way to the hub was lost and found again",
  ),
  define("wsight.probe.asks", "counter", "{call}", ["kind"], "Questions answered while somebody looked closer"),
  define("wsight.probe.timing.sample_ratio", "gauge", "1", [], "Share of messages that are timed", "mean"),
];

const BY_NAME: ReadonlyMap<string, MetricDefinition> = new Map(CATALOGUE.map((metric) => [metric.name, metric]));

/** Looks a metric up by its dotted name. */
export function findMetric(name: string): MetricDefinition | undefined {
  return BY_NAME.get(name);
}

/** Label value that stands for everything beyond a cap (`otel.metric.overflow` in OpenTelemetry's words). */
export const OTHER = "_other";
