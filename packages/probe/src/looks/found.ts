import type { ConnectionStatus } from "@wsight/protocol";
import type { ConnectionState } from "../connections.ts";
import type { ConnectionLook, ConnectionSource } from "./connection-source.ts";

/** No message either way for so long makes a connection idle, ms. */
const IDLE_MS = 60_000;

/** An open connection that a look came upon. */
export interface Found {
  readonly source: ConnectionSource;
  readonly look: ConnectionLook;
  readonly connection: object;
  readonly slot: number;
  /** Number of the connection: tells whether the row is still its own. */
  readonly serial: number;
}

/** What the library calls it, or its number. */
export function idOf({ look, connection, serial }: Found): string {
  return look.idOf(connection)?.slice(0, 256) ?? `#${serial}`;
}

/** How a connection stands at a time. */
export function statusOf(found: Found, state: ConnectionState, now: number): ConnectionStatus {
  const { look, connection, source } = found;
  if (look.isClosing(connection)) return "closing";
  if (look.bufferedBytes(connection) > 0) return "slow";
  if (!source.countsMessages) return "open";
  const newest = Math.max(state.openedAt, state.lastInAt ?? 0, state.lastOutAt ?? 0);
  return now - newest > IDLE_MS ? "idle" : "open";
}
