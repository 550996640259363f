import { type ConnectionDetail, type ConnectionRow, type ConnectionSocket, MAX_ROW_NAMES } from "@wsight/protocol";
import type { ConnectionTable } from "../connections.ts";
import type { Redact } from "../redact.ts";
import type { JoinedSocket } from "./connection-source.ts";
import { type Found, idOf, statusOf } from "./found.ts";
import type { MessageRates } from "./message-rates.ts";

/** Longest name of a room or namespace that is told. */
const MAX_NAME = 128;
/** Sockets told of one connection, rooms of one of them, and rooms of all of them. */
const MAX_SOCKETS = 100;
const MAX_ROOMS = 100;
const MAX_ALL_ROOMS = 2000;

/** What rows are made from. */
export interface RowParts {
  readonly connections: ConnectionTable;
  readonly rates: MessageRates;
  readonly redact: Redact;
}

/** A connection as it is told; `null` when it closed meanwhile. */
export function rowOf(found: Found, { connections, rates, redact }: RowParts, now: number): ConnectionRow | null {
  const state = connections.read(found.slot);
  if (state === null || state.serial !== found.serial) return null;
  const { source, look, connection } = found;
  const sockets = look.socketsOf(connection);
  const rate = rates.read(found.slot, state);
  return {
    connection: state.serial,
    id: idOf(found),
    library: source.library,
    server: source.server,
    transport: look.transportOf(connection).slice(0, 64),
    user: state.user,
    channel: state.channel,
    namespaces: sockets.slice(0, MAX_ROW_NAMES).map(({ nsp }) => nsp.name.slice(0, MAX_NAME)),
    ...roomsOf(sockets, redact),
    openedAt: state.openedAt,
    messagesIn: state.messagesIn,
    messagesOut: state.messagesOut,
    bytesIn: state.bytesIn,
    bytesOut: state.bytesOut,
    ...rate,
    bufferedBytes: look.bufferedBytes(connection),
    bufferedHighBytes: Math.max(state.bufferedHighBytes, look.bufferedBytes(connection)),
    rttMs: state.rttMs,
    lastInAt: state.lastInAt,
    lastOutAt: state.lastOutAt,
    state: statusOf(found, state, now),
  };
}

/** A connection looked at closely; `null` when it closed meanwhile. */
export function detailOf(found: Found, parts: RowParts, now: number): ConnectionDetail | null {
  const row = rowOf(found, parts, now);
  if (row === null) return null;
  const sockets: ConnectionSocket[] = [];
  let left = MAX_ALL_ROOMS;
  for (const socket of found.look.socketsOf(found.connection).slice(0, MAX_SOCKETS)) {
    const { rooms, roomCount } = namedRooms([socket], Math.min(left, MAX_ROOMS), parts.redact);
    left -= rooms.length;
    sockets.push({ id: socket.id.slice(0, 256), namespace: socket.nsp.name.slice(0, MAX_NAME), rooms, roomCount });
  }
  return { at: now, row, sockets, handshake: found.look.handshakeOf(found.connection) };
}

function roomsOf(sockets: readonly JoinedSocket[], redact: Redact): { rooms: string[]; roomCount: number } {
  return namedRooms(sockets, MAX_ROW_NAMES, redact);
}

/** Rooms that are not a socket's own: the first of them by name, all of them by count. */
function namedRooms(
  sockets: readonly JoinedSocket[],
  limit: number,
  redact: Redact,
): { rooms: string[]; roomCount: number } {
  const rooms: string[] = [];
  let roomCount = 0;
  for (const { id, nsp } of sockets) {
    const joined = nsp.adapter.sids.get(id);
    if (joined === undefined) continue;
    roomCount += joined.size - (joined.has(id) ? 1 : 0);
    if (rooms.length >= limit) continue;
    for (const room of joined) {
      if (room === id) continue;
      rooms.push(redact(String(room).slice(0, MAX_NAME)).slice(0, MAX_NAME));
      if (rooms.length >= limit) break;
    }
  }
  return { rooms, roomCount };
}
