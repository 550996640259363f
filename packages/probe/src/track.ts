import { asFields, asText, describe, type Fields, WsightError } from "@wsight/protocol";
import { EventTable } from "./instruments/event-table.ts";
import type { ProbeContext } from "./integration.ts";
import type { ConnectionLook } from "./looks/connection-source.ts";

/** An open connection that the application told of. */
interface Tracked {
  readonly slot: number;
  readonly openedAt: number;
}

const APP = { "ws.library": "app", "ws.server": "app" } as const;
const CODE = "BAD_OPTION";
/** Types and channels may be what clients chose, of any length: they are counted under what is kept of them. */
const ANY_LENGTH: number = Number.POSITIVE_INFINITY;

/** Longest channel name kept. */
const MAX_CHANNEL = 128;

/** What opens a tracked connection. */
export interface TrackedConnection {
  readonly connectionId: string;
  readonly userId?: string | number | null;
  readonly channelId?: string | null;
}

/** The same in snake case. */
export interface TrackedConnectionSnake {
  readonly connection_id: string;
  readonly user_id?: string | number | null;
  readonly channel_id?: string | null;
}

/**
 * Counting by hand, for servers that no integration covers. None of these
 * throws: bad arguments go to `onError` and change nothing.
 */
export interface TrackApi {
  /** A connection opened. The same id again is ignored until it closes. */
  trackConnectionOpened(connection: TrackedConnection): void;
  /** A connection closed; an id that is not open is ignored. */
  trackConnectionClosed(connectionId: string): void;
  /** A message went out. `latencyMs` is whatever the caller measured and calls latency, in ms. */
  trackMessageSent(type: string, latencyMs?: number): void;
  /** A message came in. */
  trackMessageReceived(type: string): void;
  /** Something failed. The message is redacted and cut before it is kept. */
  trackError(type: string, message?: string): void;
  track_connection_opened(connection: TrackedConnection | TrackedConnectionSnake): void;
  track_connection_closed(connectionId: string): void;
  track_message_sent(type: string, latencyMs?: number): void;
  track_message_received(type: string): void;
  track_error(type: string, message?: string): void;
}

/** Builds the track API over a probe's instruments. */
export function createTrackApi(context: ProbeContext): TrackApi {
  const { registry, connections, options } = context;
  const slots = new Map<string, Tracked>();
  const latency = registry.histogram("websocket.server.message.latency", { source: "app" });
  const table = (direction: "in" | "out"): EventTable =>
    new EventTable(registry, { labels: APP, direction, kind: "event", cap: options.caps.events });
  const sent = table("out");
  const received = table("in");
  let used = false;

  const begin = (): void => {
    if (used) return;
    used = true;
    context.provideConnections({ library: "track", server: "app", countsMessages: false, look: () => lookAt(slots) });
    registry.gauge("websocket.server.active_connections", APP, () => slots.size);
    context.onTick((tick) => {
      if (tick % 30 === 0) for (const events of [sent, received]) events.sweep();
    });
  };

  const opened = (value: unknown): void => {
    const { id, user, channel } = parseConnection(value);
    begin();
    if (slots.has(id)) return;
    if (slots.size >= options.caps.connections) {
      connections.refused++;
      return;
    }
    const slot = connections.open(context.now());
    slots.set(id, { slot, openedAt: context.now() });
    connections.setUser(slot, context.userKey(user));
    connections.setChannel(slot, channel);
    context.journal.opened(slot, "app");
    registry.counter("websocket.server.connections", APP).value++;
  };

  const closed = (value: unknown): void => {
    const id = asText(CODE, "connectionId", value);
    const open = slots.get(id);
    if (open === undefined) return;
    slots.delete(id);
    context.journal.closing(open.slot, "app", "closed");
    connections.close(open.slot);
    registry.counter("websocket.server.closes", { ...APP, reason: "closed" }).value++;
    registry.histogram("websocket.server.connection.duration", APP).record((context.now() - open.openedAt) / 1000);
  };

  const messageSent = (type: unknown, latencyMs: unknown): void => {
    const name = asText(CODE, "type", type, ANY_LENGTH);
    if (latencyMs !== undefined && !(typeof latencyMs === "number" && latencyMs >= 0)) {
      throw new WsightError(CODE, `latencyMs: expected a number of milliseconds from 0, got ${describe(latencyMs)}`);
    }
    begin();
    sent.entry(name).messages.value++;
    if (latencyMs !== undefined) latency.record(latencyMs / 1000);
  };

  const messageReceived = (type: unknown): void => {
    const name = asText(CODE, "type", type, ANY_LENGTH);
    begin();
    received.entry(name).messages.value++;
  };

  const error = (type: unknown, message: unknown): void => {
    context.errors.note(asText(CODE, "type", type, ANY_LENGTH), message === undefined ? "" : String(message));
  };

  const safely =
    <A extends unknown[]>(fn: (...args: A) => void, source: string) =>
    (...args: A): void => {
      try {
        fn(...args);
      } catch (fault) {
        context.guard.fault("callback", fault, source);
      }
    };

  const api = {
    opened: safely(opened, "trackConnectionOpened"),
    closed: safely(closed, "trackConnectionClosed"),
    sent: safely((type: unknown, latencyMs?: unknown) => messageSent(type, latencyMs), "trackMessageSent"),
    received: safely(messageReceived, "trackMessageReceived"),
    error: safely((type: unknown, message?: unknown) => error(type, message), "trackError"),
  };
  return {
    trackConnectionOpened: api.opened,
    trackConnectionClosed: api.closed,
    trackMessageSent: api.sent,
    trackMessageReceived: api.received,
    trackError: api.error,
    track_connection_opened: api.opened,
    track_connection_closed: api.closed,
    track_message_sent: api.sent,
    track_message_received: api.received,
    track_error: api.error,
  };
}

function parseConnection(value: unknown): { id: string; user: unknown; channel: string | null } {
  const fields: Fields = asFields(CODE, "connection", value);
  const channel = fields.channelId ?? fields.channel_id ?? null;
  return {
    id: asText(CODE, "connectionId", fields.connectionId ?? fields.connection_id),
    user: fields.userId ?? fields.user_id,
    channel: channel === null ? null : asText(CODE, "channelId", channel, ANY_LENGTH).slice(0, MAX_CHANNEL),
  };
}

/** Connections as the application called them; of all else it told nothing, and only it can end them. */
function lookAt(tracked: ReadonlyMap<string, Tracked>): ConnectionLook {
  const entry = (connection: object): readonly [string, Tracked] => connection as [string, Tracked];
  return {
    walk: () => tracked,
    slotOf: (connection) => entry(connection)[1].slot,
    transportOf: () => "app",
    bufferedBytes: () => 0,
    isClosing: () => false,
    idOf: (connection) => entry(connection)[0],
    socketsOf: () => [],
    handshakeOf: () => null,
    disconnect: null,
  };
}
