import type { Selector } from "@wsight/protocol";
import type { OnScreen } from "../../state/index.ts";
import { LATENCY_OCTAVES } from "../overview/selectors.ts";

const LATENCY = "websocket.server.message.latency";
const ACK = "websocket.server.ack.duration";
const ROUND_TRIP = "websocket.server.rtt";

/** Whose measure of latency is shown. */
export const LATENCY_SOURCES = ["ack", "handler", "app"] as const;
export type LatencySource = (typeof LATENCY_SOURCES)[number];

/** Figures of latency: those that look back 10 s for the chart, those of a minute for the cards. */
export interface LatencySelectors {
  readonly p50: Selector;
  readonly p95: Selector;
  readonly p99: Selector;
  readonly p50Minute: Selector;
  readonly p95Minute: Selector;
  readonly p99Minute: Selector;
  readonly maxMinute: Selector;
}

function latency(where?: Selector["where"]): LatencySelectors {
  const of = (agg: "p50" | "p95" | "p99" | "max", window?: number): Selector => ({
    metric: LATENCY,
    agg,
    ...(where === undefined ? {} : { where }),
    ...(window === undefined ? {} : { window }),
  });
  return {
    p50: of("p50"),
    p95: of("p95"),
    p99: of("p99"),
    p50Minute: of("p50", 60),
    p95Minute: of("p95", 60),
    p99Minute: of("p99", 60),
    maxMinute: of("max", 60),
  };
}

/** All measured messages together. */
export const MEASURED: LatencySelectors = latency();
/** What the application reported itself, which counts alone where it does. */
export const REPORTED: LatencySelectors = latency({ source: "app" });

/** How many messages a second each source timed, over a minute. */
export const SOURCE_RATES: Readonly<Record<LatencySource, Selector>> = {
  ack: { metric: LATENCY, agg: "rate", where: { source: "ack" }, window: 60 },
  handler: { metric: LATENCY, agg: "rate", where: { source: "handler" }, window: 60 },
  app: { metric: LATENCY, agg: "rate", where: { source: "app" }, window: 60 },
};

/** Names of the page's other series. */
type SeriesName = "broadcastP95" | "broadcasts" | "broadcastNow" | "loopLag" | "loopUse" | "sampling";

/** The page's other series. */
export const SERIES: Readonly<Record<SeriesName, Selector>> = {
  broadcastP95: { metric: "websocket.server.broadcast.duration", agg: "p95", window: 60 },
  broadcastNow: { metric: "websocket.server.broadcast.duration", agg: "p95" },
  broadcasts: { metric: "websocket.server.broadcasts", agg: "rate", window: 60 },
  loopLag: { metric: "nodejs.eventloop.lag", agg: "p99" },
  loopUse: { metric: "nodejs.eventloop.utilization", agg: "last" },
  sampling: { metric: "wsight.probe.timing.sample_ratio", agg: "mean" },
};

/** One kind of round trip. */
export interface RoundTrip {
  readonly label: string;
  readonly what: string;
  readonly rate: Selector;
  readonly p50: Selector;
  readonly p95: Selector;
  readonly p99: Selector;
  readonly max: Selector;
}

function roundTrip(label: string, what: string, metric: string, where: Selector["where"]): RoundTrip {
  const of = (agg: "rate" | "p50" | "p95" | "p99" | "max"): Selector => ({
    metric,
    agg,
    window: 60,
    ...(where === undefined ? {} : { where }),
  });
  return { label, what, rate: of("rate"), p50: of("p50"), p95: of("p95"), p99: of("p99"), max: of("max") };
}

/** Everything that goes there and back. */
export const ROUND_TRIPS: readonly RoundTrip[] = [
  roundTrip("Ack by the server", "event dispatched to ack called", ACK, { side: "server" }),
  roundTrip("Ack by clients", "emit to the client's ack", ACK, { side: "client" }),
  roundTrip("Heartbeat, Socket.IO", "ping to pong", ROUND_TRIP, { "ws.library": "socket.io" }),
  roundTrip("Heartbeat, ws", "ping to pong", ROUND_TRIP, { "ws.library": "ws" }),
];

/** What the page shows. */
export const ON_SCREEN: OnScreen = {
  series: [
    ...Object.values(MEASURED),
    ...Object.values(REPORTED),
    ...Object.values(SOURCE_RATES),
    ...Object.values(SERIES),
    ...LATENCY_OCTAVES,
    ...ROUND_TRIPS.flatMap(({ rate, p50, p95, p99, max }) => [rate, p50, p95, p99, max]),
  ],
  tables: ["handlers", "slow", "broadcasts"],
};
