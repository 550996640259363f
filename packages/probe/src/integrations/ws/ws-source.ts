import type { ProbeContext } from "../../integration.ts";
import type { ConnectionLook, ConnectionSource } from "../../looks/connection-source.ts";
import { createEndings } from "../../looks/ending.ts";
import { CLOSED, OPEN, SLOT, type WsSocket } from "./ws-like.ts";

/** Close code for what a policy ends, and the reason a client is told. */
const POLICY_VIOLATION = 1008;
const REASON = "disconnected by an administrator";

/** Lets the sockets of a `ws` server be listed and ended. */
export function createWsSource(
  context: ProbeContext,
  server: string,
  sockets: Iterable<WsSocket & object>,
): { readonly source: ConnectionSource; readonly end: () => void } {
  const endings = createEndings((cut) => context.guard.run("ask", cut, undefined, server));
  const look: ConnectionLook = {
    *walk() {
      for (const socket of sockets) yield socket.readyState === CLOSED ? null : socket;
    },
    slotOf: (socket) => (socket as WsSocket)[SLOT] ?? -1,
    transportOf: () => "websocket",
    bufferedBytes: (socket) => (socket as WsSocket).bufferedAmount,
    isClosing: (socket) => (socket as WsSocket).readyState !== OPEN,
    idOf: () => null,
    socketsOf: () => [],
    // `ws` keeps nothing of the request, and to keep it here would cost memory for each connection.
    handshakeOf: (socket) => ({ path: null, address: addressOf(socket as WsSocket), headers: [] }),
    disconnect(open) {
      const socket = open as WsSocket;
      socket.close(POLICY_VIOLATION, REASON);
      endings.follow(
        () => socket.readyState === CLOSED,
        () => socket.terminate(),
      );
    },
  };
  return { source: { library: "ws", server, countsMessages: true, look: () => look }, end: endings.end };
}

function addressOf({ _socket }: WsSocket): string | null {
  const address = _socket?.remoteAddress;
  return typeof address === "string" ? address.slice(0, 64) : null;
}
