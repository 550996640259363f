import type { BroadcastOptions, Namespace } from "./socket-io-like.ts";

/**
 * Sockets of this process that a broadcast reaches, by the rules of the
 * in-memory adapter. Without a walk in the usual cases: to all, or to one
 * room, with or without the sender.
 */
export function recipientsOf(namespace: Namespace, { rooms, except }: BroadcastOptions): number {
  const spared = sparedBy(namespace, except);
  if (rooms.size === 0) return namespace.sockets.size - countIn(namespace, spared);
  if (rooms.size === 1) {
    for (const room of rooms) return inRoom(namespace, namespace.adapter.rooms.get(room), spared);
  }
  const reached = new Set<unknown>();
  for (const room of rooms) {
    for (const id of namespace.adapter.rooms.get(room) ?? []) if (!spared.has(id)) reached.add(id);
  }
  return countIn(namespace, reached);
}

const NOBODY: ReadonlySet<unknown> = new Set();

/** Ids in the rooms left out; a socket's own room, the usual one, is taken as it stands. */
function sparedBy({ adapter }: Namespace, except: ReadonlySet<unknown> | undefined): ReadonlySet<unknown> {
  if (except === undefined || except.size === 0) return NOBODY;
  if (except.size === 1) for (const room of except) return adapter.rooms.get(room) ?? NOBODY;
  const ids = new Set<unknown>();
  for (const room of except) for (const id of adapter.rooms.get(room) ?? []) ids.add(id);
  return ids;
}

function inRoom(namespace: Namespace, room: ReadonlySet<unknown> | undefined, spared: ReadonlySet<unknown>): number {
  if (room === undefined) return 0;
  // Whoever is still in a middleware may be in a room already, and gets nothing yet.
  const allConnected = namespace._preConnectSockets?.size === 0;
  let count = allConnected ? room.size : countIn(namespace, room);
  for (const id of spared) if (room.has(id) && namespace.sockets.has(id as string)) count--;
  return count;
}

function countIn({ sockets }: Namespace, ids: ReadonlySet<unknown>): number {
  let count = 0;
  for (const id of ids) if (sockets.has(id as string)) count++;
  return count;
}
