import type { Labels } from "@wsight/protocol";
import { CappedSet } from "../../instruments/capped.ts";
import { EventTable } from "../../instruments/event-table.ts";
import type { Counter, Distribution } from "../../instruments/instruments.ts";
import type { ProbeContext } from "../../integration.ts";

/** The instruments of one `ws` server. */
export interface WsSeries {
  readonly opened: Counter;
  readonly closes: CappedSet<Counter>;
  readonly lifetime: Distribution;
  readonly textIn: Counter;
  readonly binaryIn: Counter;
  readonly textOut: Counter;
  readonly binaryOut: Counter;
  readonly bytesIn: Counter;
  readonly bytesOut: Counter;
  readonly sizeIn: Distribution;
  readonly sizeOut: Distribution;
  /** Handler time of messages that `getEvent` did not name. */
  readonly handler: Distribution;
  /** Handlers that threw at such a message. */
  readonly handlerErrors: Counter;
  readonly roundTrip: Distribution;
  readonly rejections: CappedSet<Counter>;
  readonly handshake: Readonly<Record<"accepted" | "rejected" | "aborted", Distribution>>;
  /** Messages that `getEvent` named. */
  readonly textEvents: EventTable;
  readonly binaryEvents: EventTable;
}

/** Obtains the instruments of the server called `server`. */
export function createWsSeries({ registry, options }: ProbeContext, server: string): WsSeries {
  const labels: Labels = { "ws.library": "ws", "ws.server": server };
  const { types, events } = options.caps;
  const messages = (direction: string, kind: string): Counter =>
    registry.counter("websocket.server.messages", { ...labels, direction, kind });
  const bytes = (direction: string): Counter => registry.counter("websocket.server.io", { ...labels, direction });
  const size = (direction: string): Distribution =>
    registry.histogram("websocket.server.message.size", { ...labels, direction });
  const handshake = (outcome: string): Distribution =>
    registry.histogram("websocket.server.handshake.duration", { ...labels, outcome });
  const byReason = (metric: string): CappedSet<Counter> =>
    new CappedSet(types, (reason) => registry.counter(metric, { ...labels, reason }));
  return {
    opened: registry.counter("websocket.server.connections", labels),
    closes: byReason("websocket.server.closes"),
    lifetime: registry.histogram("websocket.server.connection.duration", labels),
    textIn: messages("in", "text"),
    binaryIn: messages("in", "binary"),
    textOut: messages("out", "text"),
    binaryOut: messages("out", "binary"),
    bytesIn: bytes("in"),
    bytesOut: bytes("out"),
    sizeIn: size("in"),
    sizeOut: size("out"),
    handler: registry.histogram("websocket.server.handler.duration", labels),
    handlerErrors: registry.counter("websocket.server.handler.errors", labels),
    roundTrip: registry.histogram("websocket.server.rtt", { ...labels, source: "ws_ping" }),
    rejections: byReason("websocket.server.handshake.rejections"),
    handshake: {
      accepted: handshake("accepted"),
      rejected: handshake("rejected"),
      aborted: handshake("aborted"),
    },
    textEvents: new EventTable(registry, { labels, direction: "in", kind: "text", cap: events }),
    binaryEvents: new EventTable(registry, { labels, direction: "in", kind: "binary", cap: events }),
  };
}
