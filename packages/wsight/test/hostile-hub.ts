import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocketServer } from "ws";

/** Somebody else's server that says it is a hub. */
export interface HostileHub {
  readonly port: number;
  /** Requests that it was asked, `/healthz` aside. */
  readonly requests: IncomingMessage[];
  /** What links told it. */
  readonly told: string[];
  /** Leaves its port. */
  close(): void;
}

/** Starts one that takes every link; `answer` answers every request but `/healthz`. */
export async function startHostileHub(
  answer: RequestListener = (_request, response) => response.end("hostile"),
  { port = 0, welcome = {} }: { readonly port?: number; readonly welcome?: object } = {},
): Promise<HostileHub> {
  const requests: IncomingMessage[] = [];
  const told: string[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/healthz") response.end(JSON.stringify({ name: "wsight", status: "ok" }));
    else {
      requests.push(request);
      answer(request, response);
    }
  });
  const sockets = new WebSocketServer({ server });
  const first = { type: "welcome", version: 1, startedAt: 1, seq: null, dataDir: null, heir: false, ...welcome };
  sockets.on("connection", (socket, request) => {
    requests.push(request);
    socket.on("message", (data) => told.push(String(data)));
    socket.on("error", () => {});
    socket.send(JSON.stringify(first));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const close = (): void => {
    for (const socket of sockets.clients) socket.terminate();
    server.close().closeAllConnections();
  };
  onTestFinished(close);
  return { port: (server.address() as AddressInfo).port, requests, told, close };
}
