import type { ProbeContext } from "../../integration.ts";
import type { ConnectionLook, ConnectionSource, Handshake } from "../../looks/connection-source.ts";
import { createEndings } from "../../looks/ending.ts";
import type { Redact } from "../../redact.ts";
import type { EngineWatch } from "./engine-io.ts";
import { waitingBytes } from "./engine-io.ts";
import type { EngineSocket, Namespace, NamespaceSocket } from "./socket-io-like.ts";

/** Headers of a handshake that are told: none of them names a person or lets anybody in. */
const HEADERS = ["user-agent", "origin", "host", "accept-language"] as const;
const MAX_HEADER = 256;

const CLOSING: ReadonlySet<string> = new Set(["closing", "closed"]);
const NONE: readonly NamespaceSocket[] = [];

/** Lets the connections of a Socket.IO server be listed and ended. */
export function createSocketIoSource(
  context: ProbeContext,
  server: string,
  parts: { readonly engines: EngineWatch; readonly namespaces: () => Iterable<Namespace> },
): { readonly source: ConnectionSource; readonly end: () => void } {
  const { engines, namespaces } = parts;
  const endings = createEndings((cut) => context.guard.run("ask", cut, undefined, server));

  /**
   * A connection does not know its sockets. What stands for it is its socket in
   * the first namespace that has any, so that with one namespace nothing needs
   * to be gathered; its other sockets are, once for each look. A connection
   * without sockets stands for itself.
   */
  const look = (): ConnectionLook => {
    const others = new Map<EngineSocket, NamespaceSocket[]>();
    const socketsOf = (handle: object): readonly NamespaceSocket[] => {
      if (!isNamespaceSocket(handle)) return NONE;
      const further = others.get(handle.conn);
      return further === undefined ? [handle] : [handle, ...further.filter((socket) => socket !== handle)];
    };
    return {
      *walk() {
        const all = [...namespaces()].filter(({ sockets }) => sockets.size > 0);
        const main = all.shift();
        for (const namespace of all) {
          for (const socket of namespace.sockets.values()) {
            const known = others.get(socket.conn);
            if (known === undefined) others.set(socket.conn, [socket]);
            else known.push(socket);
            yield null;
          }
        }
        const met = new Set<EngineSocket>();
        let handles = 0;
        for (const socket of main?.sockets.values() ?? NONE) {
          handles++;
          if (others.has(socket.conn)) met.add(socket.conn);
          yield socket.conn.readyState === "closed" ? null : socket;
        }
        for (const [conn, [socket]] of others) {
          if (met.has(conn) || socket === undefined) continue;
          handles++;
          yield conn.readyState === "closed" ? null : socket;
        }
        yield* withoutSockets(engines, handles, { main, others });
      },
      slotOf: (handle) => engines.slotOf(connOf(handle)),
      transportOf: (handle) => connOf(handle).transport.name,
      bufferedBytes: (handle) => waitingBytes(connOf(handle)),
      isClosing: (handle) => CLOSING.has(connOf(handle).readyState),
      idOf: (handle) => (isNamespaceSocket(handle) ? handle.id : null),
      socketsOf,
      handshakeOf: (handle) => handshakeOf(connOf(handle), context.redact),
      disconnect(handle) {
        const conn = connOf(handle);
        // Through the library, so that every namespace's own handlers hear of it as of any disconnect.
        if (isNamespaceSocket(handle)) handle.disconnect(true);
        else conn.close();
        endings.follow(
          () => conn.readyState === "closed",
          () => conn.close(true),
        );
      },
    };
  };
  return { source: { library: "socket.io", server, countsMessages: true, look }, end: endings.end };
}

type Handle = EngineSocket | NamespaceSocket;

function isNamespaceSocket(handle: object): handle is NamespaceSocket {
  return "conn" in handle;
}

function connOf(handle: object): EngineSocket {
  const known = handle as Handle;
  return isNamespaceSocket(known) ? known.conn : known;
}

/** Connections that joined no namespace yet. They are looked for only when there are any: their list can't be walked in slices. */
function* withoutSockets(
  { engines }: EngineWatch,
  handles: number,
  { main, others }: { readonly main: Namespace | undefined; readonly others: ReadonlyMap<EngineSocket, unknown> },
): Iterable<EngineSocket | null> {
  const list = [...engines()];
  if (list.reduce((sum, { clientsCount }) => sum + clientsCount, 0) <= handles) return;
  const joined = new Set<EngineSocket>();
  for (const socket of main?.sockets.values() ?? NONE) {
    joined.add(socket.conn);
    yield null;
  }
  for (const { clients } of list) {
    for (const id in clients) {
      const conn = clients[id];
      const isKnown = conn === undefined || joined.has(conn) || others.has(conn);
      yield isKnown || conn.readyState === "closed" ? null : conn;
    }
  }
}

function handshakeOf({ request, remoteAddress }: EngineSocket, redact: Redact): Handshake {
  const { url, headers } = request ?? {};
  const told: (readonly [string, string])[] = [];
  for (const name of HEADERS) {
    const value = headers?.[name];
    if (typeof value === "string") told.push([name, redact(value.slice(0, MAX_HEADER)).slice(0, MAX_HEADER)]);
  }
  return {
    path:
      typeof url === "string" ? redact(url.split("?", 1)[0]?.slice(0, MAX_HEADER) ?? "").slice(0, MAX_HEADER) : null,
    address: typeof remoteAddress === "string" ? remoteAddress.slice(0, 64) : null,
    headers: told,
  };
}
