import { once } from "node:events";
import { createServer, type IncomingMessage, request as openRequest, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import type { Duplex } from "node:stream";
import type { Certificate } from "./certificate.ts";

/** How a reverse proxy treats what passes through it. */
export interface ProxyManners {
  /** @default it speaks plain HTTP */
  readonly certificate?: Certificate;
  /** Upgrades become ordinary requests, as nginx does unless told otherwise. */
  readonly stripsUpgrade?: boolean;
  /** Answers are gathered until they end. */
  readonly gathers?: boolean;
  /** Says yes to an upgrade and passes nothing on. */
  readonly mute?: boolean;
  readonly changes?: (headers: IncomingMessage["headers"]) => void;
  readonly changesReply?: (headers: IncomingMessage["headers"]) => void;
}

/** Starts a small reverse proxy in front of a URL. */
export async function startProxy(
  to: string,
  manners: ProxyManners = {},
): Promise<{ readonly url: string; readonly close: () => void }> {
  const { hostname, port } = new URL(to);
  const server: Server = manners.certificate ? createHttpsServer({ ...manners.certificate }) : createServer();
  const sockets = new Set<Duplex>();
  server.on("connection", (socket) => sockets.add(socket));

  server.on("request", (request, response) => {
    const headers = { ...request.headers };
    delete headers.upgrade;
    headers.connection = "close";
    manners.changes?.(headers);
    const path = request.url ?? "/";
    const call = openRequest({ host: hostname, port, method: request.method ?? "GET", path, headers, agent: false });
    call.on("error", () => response.writeHead(502).end("Bad Gateway"));
    call.on("response", (answer) => {
      const got = { ...answer.headers };
      delete got.connection;
      manners.changesReply?.(got);
      const parts: Buffer[] = [];
      if (!manners.gathers) response.writeHead(answer.statusCode ?? 502, got).flushHeaders();
      answer.on("data", (part) => (manners.gathers ? parts.push(part) : response.write(part)));
      answer.on("end", () => {
        if (manners.gathers) response.writeHead(answer.statusCode ?? 502, got);
        response.end(Buffer.concat(parts));
      });
    });
    response.on("close", () => call.destroy());
    request.pipe(call);
  });

  // Without a listener, Node makes an upgrade an ordinary request.
  if (!manners.stripsUpgrade)
    server.on("upgrade", (request, socket, head) => {
      if (manners.mute) {
        socket.write("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n");
        return;
      }
      const headers = { ...request.headers };
      manners.changes?.(headers);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      const hub = connect(Number(port), hostname);
      hub.write(`GET ${request.url} HTTP/1.1\r\n${lines.join("")}\r\n`);
      hub.write(head);
      for (const [from, into] of [
        [hub, socket],
        [socket, hub],
      ] as const) {
        from.pipe(into);
        from.on("error", () => into.destroy());
        from.on("close", () => into.destroy());
      }
    });

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `${manners.certificate ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
