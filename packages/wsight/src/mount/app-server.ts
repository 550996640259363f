import type { Server } from "node:http";
import { describe, WsightError } from "@wsight/protocol";

/** An application's server to mount on. */
export interface AppServer {
  readonly server: Server;
  /** What there is to watch: the server, or the instance of Fastify that knows its routes. */
  readonly watched: object;
  /** Further servers of the same application, which a framework may open later: Fastify has one more for `localhost`. */
  readonly further: Server[];
}

/** What people pass instead of a server, how it is told, and what to write. */
const MISTAKES: readonly {
  readonly what: string;
  readonly is: (value: object) => boolean;
  readonly paste: string;
}[] = [
  {
    what: "an HTTP/2 server, whose requests can't be passed on",
    is: (value) => has(value, "updateSettings"),
    paste: "open the dashboard at the hub's own address, and leave out server",
  },
  {
    what: "a Socket.IO server",
    is: (value) => has(value, "of") && has(value, "attach"),
    paste: "await monitor({ io, server: io.httpServer })",
  },
  {
    what: "a Hono app",
    is: (value) => has(value, "fetch") && !has(value, "listen"),
    paste: "const server = serve({ fetch: app.fetch, port: 3000 }); await monitor({ server })",
  },
  {
    what: "an app that is no server yet",
    is: (value) => has(value, "listen") && (has(value, "use") || has(value, "callback")),
    paste: "const server = app.listen(3000); await monitor({ server })",
  },
  {
    what: "a WebSocketServer",
    is: (value) => has(value, "handleUpgrade"),
    paste: "await monitor({ wss, server }), where server is the http.Server it is attached to",
  },
];

/**
 * Takes a `http.Server` or `https.Server`, or what has one: a Fastify instance.
 * @throws WsightError `BAD_OPTION` saying what to write instead
 */
export function parseServer(where: string, value: unknown): AppServer {
  if (isHttpServer(value)) return { server: value, watched: value, further: [] };
  if (isFastify(value)) {
    return { ...parseServer(`${where}.server`, value.server), watched: value, further: bindingsOf(value) };
  }
  const mistake = isThing(value) ? MISTAKES.find(({ is }) => is(value)) : undefined;
  const got = mistake === undefined ? describe(value) : `${mistake.what}: ${mistake.paste}`;
  throw new WsightError(
    "BAD_OPTION",
    `${where}: expected a http.Server or https.Server, a Fastify instance, or what app.listen() or serve() returned, got ${got}`,
  );
}

/**
 * The one server that what is watched hangs on.
 * @throws WsightError `BAD_OPTION` when there is none, or more than one
 */
export function findServer(watched: readonly object[]): AppServer {
  const servers = serversBelow(watched);
  const [server] = servers;
  if (server !== undefined && servers.length === 1) return { server, watched: server, further: [] };
  const got = servers.length === 0 ? "none of io and wss hangs on a server" : `io and wss hang on ${servers.length}`;
  throw new WsightError(
    "BAD_OPTION",
    `mount: expected the server to mount on, but ${got}. Name it: await monitor({ io, server }, { mount: "/" })`,
  );
}

/** The HTTP servers that Socket.IO and `ws` servers hang on, each once. */
export function serversBelow(watched: readonly object[]): readonly Server[] {
  return [...new Set(watched.map(serverOf).filter(isHttpServer))];
}

/** `io.httpServer` of Socket.IO, `wss.options.server` of ws. */
function serverOf(watched: object): unknown {
  if ("httpServer" in watched) return watched.httpServer;
  const options = "options" in watched && isThing(watched.options) ? watched.options : {};
  return "server" in options ? options.server : undefined;
}

function isHttpServer(value: unknown): value is Server {
  if (!isThing(value) || has(value, "updateSettings")) return false;
  return "headersTimeout" in value && has(value, "listen") && has(value, "emit") && has(value, "address");
}

function isFastify(value: unknown): value is { readonly server: unknown } {
  return isThing(value) && "server" in value && has(value, "inject") && has(value, "listen");
}

/** Fastify keeps the servers of further addresses to itself. */
function bindingsOf(fastify: object): Server[] {
  const symbol = Object.getOwnPropertySymbols(fastify).find(
    ({ description }) => description === "fastify.serverBindings",
  );
  const bindings: unknown = symbol === undefined ? undefined : Reflect.get(fastify, symbol);
  return Array.isArray(bindings) ? bindings : [];
}

function isThing(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

function has(value: object, method: string): boolean {
  return typeof Reflect.get(value, method) === "function";
}
