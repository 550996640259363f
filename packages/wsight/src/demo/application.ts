import { once, setMaxListeners } from "node:events";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WsightError } from "@wsight/protocol";
import { Server } from "socket.io";
import type { WebSocketServer } from "ws";
import { type ChatNamespace, serveChat } from "./chat.ts";
import { DEMO_TOKEN } from "./events.ts";
import { createGuarded, type OnDemoError } from "./guarded.ts";
import { type PresenceNamespace, servePresence } from "./presence.ts";
import { createRandom } from "./random.ts";
import { createShop } from "./shop.ts";
import type { DemoSources } from "./sources.ts";
import { openStock } from "./stock.ts";
import { createTicker, searchOf } from "./ticker.ts";

/** The running application of the demo. It knows nothing of wsight. */
export interface DemoApplication {
  readonly url: string;
  readonly io: Server;
  readonly wss: WebSocketServer;
  /** Whose connection it is: a Socket.IO socket, or a `ws` socket with its upgrade request. */
  readonly userOf: (socket: unknown, request?: unknown) => string | undefined;
  /** Kind of a message of the ticker. */
  readonly eventOf: (data: unknown) => string | undefined;
  close(): Promise<void>;
}

/** How the application starts. */
export interface DemoApplicationOptions {
  /** TCP port on 127.0.0.1; 0 takes a free one. */
  readonly port: number;
  readonly seed: number;
  readonly onError: OnDemoError;
  /** What the shop keeps its things in. */
  readonly sources: DemoSources;
}

/** A chat with presence on Socket.IO, a ticker on `ws` and a small shop over HTTP, all on one server. */
export async function startApplication({
  port,
  seed,
  onError,
  sources,
}: DemoApplicationOptions): Promise<DemoApplication> {
  const ending = new AbortController();
  const { signal } = ending;
  // Every handler that waits listens to it.
  setMaxListeners(0, signal);
  const random = createRandom(seed);
  const guarded = createGuarded(onError);
  const stock = await openStock(sources, random, signal);
  const server = createServer(createShop({ random, onError, signal, stock }));
  // Engine.IO would otherwise end the upgrades that are not its own.
  const io = new Server(server, { destroyUpgrade: false, pingInterval: 5_000 });
  const chat: ChatNamespace = io.of("/chat");
  const presence: PresenceNamespace = io.of("/presence");
  for (const namespace of [chat, presence]) namespace.use(signIn);
  serveChat(chat, { random, guarded, signal });
  servePresence(presence, guarded, signal);
  const wss = createTicker({ random, onError, signal });
  server.on("upgrade", (request, socket, head) => routeUpgrade(wss, request, socket, head));
  server.listen(port, "127.0.0.1");
  await once(server, "listening").catch((error: unknown) => {
    throw unableToListen(port, error);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    io,
    wss,
    userOf,
    eventOf,
    close: () => close({ ending, io, wss, server }),
  };
}

function unableToListen(port: number, cause: unknown): WsightError {
  const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  return new WsightError(
    "LISTEN_FAILED",
    `The demo's application can't have port ${port} (${reason}). Choose another with --app-port (0 takes a free one)`,
    { cause },
  );
}

interface Admitted {
  readonly handshake: { readonly auth: Readonly<Record<string, unknown>> };
  readonly data: { user: string };
}

function signIn(socket: Admitted, next: (error?: Error) => void): void {
  const { token, user } = socket.handshake.auth;
  if (token === DEMO_TOKEN && typeof user === "string") {
    socket.data.user = user;
    next();
  } else next(new Error("the token is not valid"));
}

function routeUpgrade(wss: WebSocketServer, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const path = request.url?.split("?")[0] ?? "";
  if (path === "/ticker") wss.handleUpgrade(request, socket, head, (ws) => wss.emit("connection", ws, request));
  else if (!path.startsWith("/socket.io/")) socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
}

function userOf(socket: unknown, request?: unknown): string | undefined {
  if (isRequest(request)) return searchOf(request).get("user") ?? undefined;
  return isSignedIn(socket) ? socket.data.user : undefined;
}

function isRequest(value: unknown): value is IncomingMessage {
  return typeof value === "object" && value !== null && "url" in value;
}

function isSignedIn(value: unknown): value is Admitted {
  return typeof value === "object" && value !== null && "handshake" in value && "data" in value;
}

function eventOf(data: unknown): string | undefined {
  const head = Buffer.isBuffer(data) ? data.toString("latin1", 0, 64) : String(data).slice(0, 64);
  return /"type":"([\w-]+)"/.exec(head)?.[1];
}

async function close(parts: {
  readonly ending: AbortController;
  readonly io: Server;
  readonly wss: WebSocketServer;
  readonly server: HttpServer;
}): Promise<void> {
  parts.ending.abort();
  for (const ws of parts.wss.clients) ws.close(1001, "the demo ends");
  parts.wss.close();
  const closed = once(parts.server, "close");
  await parts.io.close();
  // Whatever is still open, of polling or of a client that does not answer, would hold the server.
  parts.server.closeAllConnections();
  for (const ws of parts.wss.clients) ws.terminate();
  await closed;
}
