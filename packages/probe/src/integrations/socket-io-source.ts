import type { ProbeContext } from "../integration.ts";
import type { ConnectionLook, ConnectionSource, Handshake } from "../looks/connection-source.ts";
import { createEndings } from "../looks/ending.ts";
import type { Redact } from "../redact.ts";
import type { EngineWatch } from "./engine-io.ts";
import { waitingBytes } from "./engine-io.ts";
import type { EngineServer, EngineSocket, Namespace, NamespaceSocket } from "./socket-io-like.ts";

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

  /** A connection does not know its sockets: they are found the other way round, once for each look. */
  const look = (): ConnectionLook => {
    const joined = new Map<EngineSocket, NamespaceSocket[]>();
    return {
      *walk() {
        for (const namespace of namespaces()) {
          for (const socket of namespace.sockets.values()) {
            const known = joined.get(socket.conn);
            if (known === undefined) joined.set(socket.conn, [socket]);
            else known.push(socket);
            yield null;
          }
        }
        for (const conn of joined.keys()) yield conn.readyState === "closed" ? null : conn;
        yield* withoutSockets(engines.engines(), joined);
      },
      slotOf: (conn) => engines.slotOf(conn as EngineSocket),
      transportOf: (conn) => (conn as EngineSocket).transport.name,
      bufferedBytes: (conn) => waitingBytes(conn as EngineSocket),
      isClosing: (conn) => CLOSING.has((conn as EngineSocket).readyState),
      idOf: (conn) => joined.get(conn as EngineSocket)?.[0]?.id ?? null,
      socketsOf: (conn) => joined.get(conn as EngineSocket) ?? NONE,
      handshakeOf: (conn) => handshakeOf(conn as EngineSocket, context.redact),
      disconnect(open) {
        const conn = open as EngineSocket;
        const [socket] = joined.get(conn) ?? NONE;
        // Through the library, so that every namespace's own handlers hear of it as of any disconnect.
        if (socket === undefined) conn.close();
        else socket.disconnect(true);
        endings.follow(
          () => conn.readyState === "closed",
          () => conn.close(true),
        );
      },
    };
  };
  return { source: { library: "socket.io", server, countsMessages: true, look }, end: endings.end };
}

/** Connections that joined no namespace yet. They are looked for only when there are any: their list can't be walked in slices. */
function* withoutSockets(
  engines: Iterable<EngineServer>,
  joined: ReadonlyMap<EngineSocket, unknown>,
): Iterable<EngineSocket | null> {
  const list = [...engines];
  if (list.reduce((sum, { clientsCount }) => sum + clientsCount, 0) <= joined.size) return;
  for (const { clients } of list) {
    for (const id in clients) {
      const conn = clients[id];
      yield conn === undefined || joined.has(conn) || conn.readyState === "closed" ? null : conn;
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
