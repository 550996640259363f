import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type Attachment, createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from "ws";

export { read } from "./socket-io-support.ts";

export const OPEN = "websocket.server.active_connections";
export const OPENED = "websocket.server.connections";
export const CLOSES = "websocket.server.closes";
export const MESSAGES = "websocket.server.messages";
export const BYTES = "websocket.server.io";
export const REJECTIONS = "websocket.server.handshake.rejections";
export const HANDSHAKES = "websocket.server.handshake.duration";
export const IN = { direction: "in" } as const;
export const OUT = { direction: "out" } as const;

export interface Served {
  readonly wss: WebSocketServer;
  readonly http: HttpServer;
  readonly port: number;
  readonly probe: Probe;
  readonly attachment: Attachment | null;
  /** What the probe reported to `onError`. */
  readonly faults: { error: unknown; source: string }[];
  /** An open client and the server's side of it. */
  readonly connect: (options?: ClientOptions & { path?: string }) => Promise<{ client: WebSocket; socket: WebSocket }>;
  readonly close: () => Promise<void>;
}

/** Starts a `ws` server on an HTTP server, watched unless told otherwise. */
export async function serve(
  options: ServerOptions = {},
  { watched = true, probe: probeOptions = {} }: { watched?: boolean; probe?: ProbeOptions } = {},
): Promise<Served> {
  const faults: { error: unknown; source: string }[] = [];
  const http = createServer((_request, response) => response.end("the application's own"));
  const wss = new WebSocketServer(options.noServer === true ? options : { ...options, server: http });
  const onError: ProbeOptions["onError"] = (error, { source }) => faults.push({ error, source });
  const probe = createProbe({ intervalMs: 100, onError, ...probeOptions });
  const attachment = watched ? probe.attach(wss) : null;
  const port = await listen(http);
  const clients = new Set<WebSocket>();
  return {
    wss,
    http,
    port,
    probe,
    attachment,
    faults,
    async connect({ path = "/", ...clientOptions } = {}) {
      const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, clientOptions);
      clients.add(client);
      client.on("error", () => undefined);
      const accepted = once(wss, "connection");
      await once(client, "open");
      const [socket] = (await accepted) as [WebSocket];
      return { client, socket };
    },
    async close() {
      for (const client of clients) client.terminate();
      for (const socket of wss.clients ?? []) socket.terminate();
      wss.close();
      http.closeAllConnections();
      http.close();
      probe.close();
    },
  };
}

export async function listen(server: HttpServer): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** The request lines of a good handshake, to be changed at will. */
export function upgradeRequest(changes: Record<string, string | null> = {}, first = "GET / HTTP/1.1"): string {
  const headers: Record<string, string | null> = {
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...changes,
  };
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === null ? [] : [`${name}: ${value}`]));
  return `${[first, ...lines].join("\r\n")}\r\n\r\n`;
}

/** Sends bytes over a bare connection and answers with everything that came back until it ended, or `bytes` of it. */
export async function exchange(port: number, request: string, bytes = Number.POSITIVE_INFINITY): Promise<string> {
  const socket: Socket = connect(port, "127.0.0.1");
  socket.write(request);
  let reply = "";
  return new Promise((resolve, reject) => {
    socket.on("data", (chunk) => {
      reply += chunk.toString("latin1");
      if (reply.length >= bytes) socket.destroy();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(reply));
  });
}

/** Waits for the next `count` messages of a socket. */
export function messages(socket: WebSocket, count: number): Promise<{ data: Buffer; binary: boolean }[]> {
  const got: { data: Buffer; binary: boolean }[] = [];
  if (count === 0) return Promise.resolve(got);
  return new Promise((resolve) => {
    socket.on("message", function hear(data, binary) {
      got.push({ data: data as Buffer, binary });
      if (got.length < count) return;
      socket.off("message", hear);
      resolve(got);
    });
  });
}
