import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { addressKey, isLocalPeer } from "../access/address.ts";
import type { ConnectionLimit } from "../access/connection-limit.ts";
import { listenFailed, type OnHubError, systemCode } from "../errors.ts";
import type { Upgrades } from "./upgrades.ts";

/** Time for a client to send its headers, its whole request, and the next request on the same connection, in ms. */
export const SERVER_TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 15_000,
  connectionsCheckingInterval: 2000,
} as const;

/** Between two tries to get a port, ms. */
const RETRY_MS = 5;

/** A listening HTTP server. */
export interface HttpServer {
  /** The port it got. */
  readonly port: number;
  /** Stops listening and cuts what is open; safe to call twice. */
  close(): Promise<void>;
}

/** What a server needs. */
export interface HttpServerParts {
  readonly host: string;
  readonly port: number;
  /** How long a port that is in use is tried again, ms. @default 0 */
  readonly patienceMs?: number | undefined;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrades: Upgrades;
  /** Connections of any kind, also those that never say a word. */
  readonly limit: ConnectionLimit;
  readonly onError: OnHubError;
}

/** @throws WsightError `LISTEN_FAILED` saying what to change */
export async function openHttpServer(parts: HttpServerParts): Promise<HttpServer> {
  const { host, port, upgrades, limit, onError } = parts;
  const server = createServer({ ...SERVER_TIMEOUTS, maxHeaderSize: 16 * 1024 }, parts.onRequest);
  server.on("connection", (socket) => {
    // Whoever is mounted here, or forwards, or reports from this machine comes from one address with all its clients.
    const leave = limit.enter(isLocalPeer(socket.remoteAddress) ? [] : [addressKey(socket.remoteAddress)]);
    if (leave === null) socket.destroy();
    else socket.once("close", leave);
  });
  server.on("upgrade", (request, socket, head) => upgrades.handle(request, socket, head));
  await listen(server, host, port, parts.patienceMs ?? 0);
  server.on("error", (error) => onError(error, { stage: "http" }));
  let closed: Promise<void> | null = null;
  return {
    port: (server.address() as AddressInfo).port,
    close: () => {
      closed ??= closeServer(server, upgrades);
      return closed;
    },
  };
}

/** Not shared with other processes, whatever cluster they are in: who gets the port is the hub. */
function listenOnce(server: Server, host: string, port: number): Promise<void> {
  server.listen({ host, port, exclusive: true });
  return once(server, "listening").then(() => undefined);
}

async function listen(server: Server, host: string, port: number, patienceMs: number): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    try {
      await listenOnce(server, host, port);
      return;
    } catch (error) {
      if (systemCode(error) !== "EADDRINUSE" || performance.now() >= deadline) throw listenFailed(host, port, error);
      await wait(RETRY_MS);
    }
  }
}

async function closeServer(server: Server, upgrades: Upgrades): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await upgrades.close();
  await closed;
}
