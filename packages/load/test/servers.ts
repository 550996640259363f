import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from "node:net";
import type { LoadTarget } from "@wsight/protocol";
import { Server, type ServerOptions } from "socket.io";
import { afterEach } from "vitest";
import { type WebSocket, WebSocketServer, type ServerOptions as WsOptions } from "ws";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Runs `cleanup` after the test. */
export function afterTest(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

/** A target with nothing but its address. */
export function targetOf(url: string, more: Partial<LoadTarget> = {}): LoadTarget {
  return {
    url,
    library: "ws",
    namespace: "/",
    auth: null,
    headers: {},
    protocols: [],
    insecure: false,
    ...more,
  };
}

async function listen(server: HttpServer | TcpServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A real `ws` server; `serve` gets each connection. */
export async function wsServer(
  serve: (socket: WebSocket) => void,
  options: WsOptions = {},
): Promise<{ url: string; wss: WebSocketServer; http: HttpServer }> {
  const http = createServer((_request, response) => response.writeHead(200).end("a page"));
  const wss = new WebSocketServer({ server: http, ...options });
  wss.on("connection", (socket) => {
    socket.on("error", () => undefined);
    serve(socket);
  });
  const port = await listen(http);
  cleanups.push(() => {
    for (const client of wss.clients) client.terminate();
    http.close();
  });
  return { url: `ws://127.0.0.1:${port}`, wss, http };
}

/** Sends back what it gets. */
export function echo(socket: WebSocket): void {
  socket.on("message", (data, binary) => socket.send(data, { binary }));
}

/** A real Socket.IO server. */
export async function ioServer(
  setup: (io: Server) => void,
  options: Partial<ServerOptions> = {},
): Promise<{ url: string; io: Server }> {
  const http = createServer();
  const io = new Server(http, options);
  setup(io);
  const port = await listen(http);
  cleanups.push(() => io.close());
  return { url: `http://127.0.0.1:${port}`, io };
}

/** A server that says bytes of its own. */
export async function rawServer(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    serve(socket);
  });
  const port = await listen(server);
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `ws://127.0.0.1:${port}`;
}

/** Pairs of addresses in TIME_WAIT, one of which has the port of `url`. A new server may be given a port that another's connections still hold. */
export async function timeWaits(url: string): Promise<readonly string[]> {
  const port = Number(new URL(url).port).toString(16).toUpperCase().padStart(4, "0");
  const rows = (await readFile("/proc/net/tcp", "utf8").catch(() => ""))
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  return rows
    .filter(
      ([, local = "", remote = "", state]) => state === "06" && [local, remote].some((end) => end.endsWith(`:${port}`)),
    )
    .map(([, local, remote]) => `${local} ${remote}`)
    .sort();
}
