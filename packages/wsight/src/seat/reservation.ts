import { createServer, type Server, type Socket } from "node:net";
import { type HubPort, reachableHost } from "./hub-address.ts";

/** Says to whoever looks that a hub is on its way; see `lookAtPort`. */
const ANSWER = (() => {
  const body = JSON.stringify({ status: "starting", name: "wsight" });
  return `HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`;
})();

/** A port that is kept for a hub on its way. */
export interface Reservation {
  /** Frees the port; resolves when it can be listened on. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Takes a port before the hub that is to listen there is loaded, so that of
 * many processes that start at once only one pays for that. Never through a
 * cluster's shared handles. An address of other machines is not reserved: the
 * hub itself must decide whether it may listen there.
 * @returns `taken` when somebody else has it; `null` when it was not reserved for another reason, which the hub will name
 */
export function reservePort({ host, port }: HubPort): Promise<Reservation | "taken" | null> {
  const name = reachableHost({ host });
  if (port === 0 || !/^(localhost|127\..*|::1)$/.test(name)) return Promise.resolve(null);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.once("data", () => socket.end(ANSWER));
    socket.unref();
  });
  return new Promise((resolve) => {
    server.once("error", (error: Error & { code?: unknown }) => resolve(error.code === "EADDRINUSE" ? "taken" : null));
    server.listen({ host: name, port, exclusive: true }, () => {
      server.unref();
      resolve({ release: () => release(server, sockets) });
    });
  });
}

function release(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}
