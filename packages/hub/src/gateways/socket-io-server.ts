import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { WsightError } from "@wsight/protocol";
import type { Server, Socket } from "socket.io";
import { type ServerOptions, WebSocketServer } from "ws";
import { addressKey } from "../access/address.ts";
import type { ConnectionLimit } from "../access/connection-limit.ts";
import type { Gate } from "../http/gate.ts";
import { Audience } from "./audience.ts";
import { backlogOf, cutOff, type EngineSocket, idOf } from "./engine-socket.ts";
import { loadSocketIo } from "./load-socket-io.ts";
import type { Payloads } from "./payloads/payloads.ts";
import { authorizeHandshake, toConnectError } from "./socket-io-handshake.ts";

/** Largest message, or body of a poll, that a client may send: a token, or a list of names. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** Most frames of one message. */
const MAX_FRAGMENTS = 64;
/** Packets and polls of one client within a second. */
const MAX_PER_SECOND = 100;
/** Answers that may wait for a client that asks on without reading them. */
const MAX_BACKLOG = 64;
/** Times one connection may try to come in. */
const MAX_ATTEMPTS = 3;
/** How long a connection may stay without having come in. */
const ENTER_MS = 10_000;
/** How long a hub that closes waits until it can say so, and how often it looks. */
const GOODBYE_MS = 300;
const GOODBYE_STEP_MS = 5;
/** How often a client is asked for a sign of life, and how long it has. Below what proxies, and the mount, wait for an answer. */
const PING_INTERVAL_MS = 20_000;
const PING_TIMEOUT_MS = 15_000;

/** What a server of Socket.IO is made of. */
export interface SocketIoServerParts {
  readonly path: string;
  readonly gate: Gate;
  /** Places for viewers, whichever way they come. */
  readonly viewers: ConnectionLimit;
  readonly payloads: Payloads;
  /** ms epoch. */
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

/** Socket.IO, loaded and set up; it has no HTTP server of its own. */
export interface SocketIoServer {
  readonly audience: Audience;
  /** Takes one more request of a known connection; false for one that is not known. */
  knows(sid: string): boolean;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Told of every connection, with the request that opened it. */
  onConnection(hear: (request: IncomingMessage, closed: (then: () => void) => void) => void): void;
  /** Closes all connections, polls after they have come back for the goodbye. Clients that are left try again by themselves. */
  close(): Promise<void>;
}

/** Loads Socket.IO and sets it up. */
export async function createSocketIoServer(parts: SocketIoServerParts): Promise<SocketIoServer> {
  const { path, gate, viewers, payloads, now, onError } = parts;
  const { Server } = await loadSocketIo();
  const io: Server = new Server({
    path,
    serveClient: false,
    // Its own way of closing waits for a poll that may never come; see `Connection`.
    connectTimeout: 2 * ENTER_MS,
    pingInterval: PING_INTERVAL_MS,
    pingTimeout: PING_TIMEOUT_MS,
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    // It would be done anew for each client.
    httpCompression: false,
    wsEngine: FragmentLimitedServer,
  });
  io.attach(createServer());
  const { engine } = io;
  const audience = new Audience({ io, payloads, now, onError });
  const connections = new Map<string, Connection>();

  engine.on("connection", (conn: EngineSocket) => {
    connections.set(idOf(conn), new Connection(conn, now));
    conn.once("close", () => connections.delete(idOf(conn)));
  });

  /** Everything that may refuse a client once it has said who it is. */
  async function admit(socket: Socket): Promise<void> {
    const { conn, request, handshake } = socket;
    const connection = connections.get(idOf(conn));
    if (connection === undefined || !connection.beginsAttempt()) throw new WsightError("RATE_LIMITED");
    try {
      const credential = await authorizeHandshake(gate, request, handshake.auth);
      const keys = [`address ${addressKey(gate.clientOf(request).address)}`, `sub ${credential.principal.sub}`];
      const leave = viewers.enter(keys);
      if (leave === null) throw new WsightError("TOO_MANY_CONNECTIONS");
      // Whichever comes first; a connection may also end before its client has come in.
      conn.once("close", leave);
      socket.once("disconnect", leave);
      if (conn.readyState !== "open") leave();
      socket.data = credential;
    } finally {
      connection.endAttempt();
    }
  }

  io.use((socket, next) => {
    admit(socket).then(
      () => next(),
      (error: unknown) => {
        if (!(error instanceof WsightError)) onError(error);
        next(toConnectError(error));
      },
    );
  });
  io.on("connection", (socket) => {
    connections.get(idOf(socket.conn))?.enter();
    audience.join(socket, socket.data);
  });

  return {
    audience,
    knows: (sid) => connections.get(sid)?.takesOneMore() ?? false,
    request: (request, response) =>
      engine.handleRequest(request as Parameters<typeof engine.handleRequest>[0], response),
    upgrade: (request, socket, head) =>
      engine.handleUpgrade(request as Parameters<typeof engine.handleUpgrade>[0], socket, head),
    onConnection(hear) {
      engine.on("connection", (conn: EngineSocket) => hear(conn.request, (then) => conn.once("close", then)));
    },
    async close() {
      const deadline = performance.now() + GOODBYE_MS;
      const isBusy = (): boolean => [...connections.values()].some(({ busy }) => busy);
      while (isBusy() && performance.now() < deadline) await wait(GOODBYE_STEP_MS);
      engine.close();
    },
  };
}

/** What one client may do, whatever it says. */
class Connection {
  readonly #conn: EngineSocket;
  readonly #now: () => number;
  #second = 0;
  #count = 0;
  #attempts = 0;
  #attempting = false;
  readonly #late: NodeJS.Timeout;

  constructor(conn: EngineSocket, now: () => number) {
    this.#conn = conn;
    this.#now = now;
    this.#late = setTimeout(() => cutOff(conn), ENTER_MS).unref();
    conn.on("packet", () => this.takesOneMore());
    conn.once("close", () => clearTimeout(this.#late));
  }

  /** True while nothing can be told at once: it takes what it was told before, or has not polled again. */
  get busy(): boolean {
    return !this.#conn.transport.writable;
  }

  /** It has come in, and may stay. */
  enter(): void {
    clearTimeout(this.#late);
  }

  /** Counts a packet or a poll; one too many ends the connection. */
  takesOneMore(): boolean {
    const second = Math.floor(this.#now() / 1000);
    this.#count = second === this.#second ? this.#count + 1 : 1;
    this.#second = second;
    if (this.#count > MAX_PER_SECOND || backlogOf(this.#conn) > MAX_BACKLOG) cutOff(this.#conn);
    return true;
  }

  /** One after the other, and not too often. */
  beginsAttempt(): boolean {
    if (this.#attempting || this.#attempts >= MAX_ATTEMPTS) return false;
    this.#attempts++;
    this.#attempting = true;
    return true;
  }

  endAttempt(): void {
    this.#attempting = false;
  }
}

class FragmentLimitedServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, maxFragments: MAX_FRAGMENTS });
  }
}
