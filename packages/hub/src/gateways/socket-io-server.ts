import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { WsightError } from "@wsight/protocol";
import type { Server } from "socket.io";
import { type ServerOptions, WebSocketServer } from "ws";
import type { ConnectionLimit } from "../access/connection-limit.ts";
import type { Gate } from "../http/gate.ts";
import type { JobDashboard } from "../jobs/dashboard/job-dashboard.ts";
import type { Jobs } from "../jobs/jobs.ts";
import { Audience } from "./audience.ts";
import { type EngineSocket, idOf } from "./engine-socket.ts";
import { nameClient } from "./kept-subscriptions.ts";
import { loadSocketIo } from "./load-socket-io.ts";
import type { Payloads } from "./payloads/payloads.ts";
import { Connection, ENTER_MS } from "./socket-io-connection.ts";
import { toConnectError } from "./socket-io-handshake.ts";
import { createIdentities } from "./socket-io-identity.ts";

/** Largest message, or body of a poll, that a client may send: a token, or a list of names. */
const MAX_MESSAGE_BYTES = 16 * 1024;
/** Most frames of one message. */
const MAX_FRAGMENTS = 64;
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
  readonly jobs: Jobs;
  readonly dashboard: JobDashboard;
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
  const { path, gate, viewers, payloads, jobs, dashboard, now, onError } = parts;
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
  const audience = new Audience({ io, payloads, jobs, dashboard, now, onError });
  const identities = createIdentities({ gate, viewers, audience, onError });
  const connections = new Map<string, Connection>();

  engine.on("connection", (conn: EngineSocket) => {
    connections.set(idOf(conn), new Connection(conn, now));
    conn.once("close", () => connections.delete(idOf(conn)));
  });

  io.use((socket, next) => {
    nameClient(socket);
    identities.admit(socket, connections.get(idOf(socket.conn))).then(
      () => next(),
      (error: unknown) => {
        if (!(error instanceof WsightError)) onError(error);
        next(toConnectError(error));
      },
    );
  });
  io.on("connection", (socket) => identities.begin(socket, connections.get(idOf(socket.conn))));

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

class FragmentLimitedServer extends WebSocketServer {
  constructor(options: ServerOptions) {
    super({ ...options, maxFragments: MAX_FRAGMENTS });
  }
}
