import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { expected, WsightError } from "@wsight/protocol";
import { addressKey } from "../access/address.ts";
import { type ConnectionLimit, createConnectionLimit } from "../access/connection-limit.ts";
import type { OnHubError } from "../errors.ts";
import { corsHeaders, preflight } from "../http/cors.ts";
import type { Gate } from "../http/gate.ts";
import { send, toErrorReply, toWireReply, type WireReply } from "../http/respond.ts";
import { splitTarget } from "../http/router.ts";
import { refuseUpgrade } from "../http/upgrades.ts";
import type { JobDashboard } from "../jobs/dashboard/job-dashboard.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { AudienceStats } from "./audience.ts";
import type { Intervals } from "./payloads/parts.ts";
import type { Payloads } from "./payloads/payloads.ts";
import { createSocketIoServer, type SocketIoServer } from "./socket-io-server.ts";
import { startTiers } from "./tiers.ts";

/** Where it is; a slash at its end, as its clients write it, or none. */
const PATH = "/socket.io";
const TRANSPORTS: readonly string[] = ["websocket", "polling"];
/** How long clients have to take the goodbye. */
const GOODBYE_MS = 500;

/** The live monitor over Socket.IO. */
export interface SocketIoGateway {
  /** True for what is asked of it. */
  takes(request: IncomingMessage): boolean;
  request(request: IncomingMessage, response: ServerResponse): void;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Tells administrators that are connected something that just happened. */
  tellAdmins(event: string, payload: object): void;
  /** Once a second: ends clients whose credential ended before `at`, ms epoch. */
  sweep(at: number): void;
  /** Ends the clients of a session. */
  closeSession(sessionId: string): void;
  stats(): AudienceStats;
  /** Says goodbye, and cuts off who does not take it. */
  close(): Promise<void>;
}

/** What the gateway is made of. */
export interface SocketIoGatewayParts {
  readonly gate: Gate;
  /** Places for viewers, whichever way they come. */
  readonly viewers: ConnectionLimit;
  /** Connections there may be, those included that have not said who they are: in all, and from one address. */
  readonly limits: { readonly total: number; readonly perKey: number };
  /** Prepares what is told; called when somebody asks for the first time. */
  readonly payloads: () => Payloads;
  readonly jobs: Jobs;
  readonly dashboard: JobDashboard;
  readonly intervals: Intervals;
  /** ms epoch. */
  readonly now: () => number;
  readonly onError: OnHubError;
}

/** A request that has passed the gate. */
interface Passed {
  readonly server: SocketIoServer;
  /** Gives the place of a new connection back; `null` for one that goes on. */
  readonly leave: (() => void) | null;
}

/**
 * Makes the gateway. Nothing is loaded, and no beat runs, until somebody asks.
 * Requests and upgrades pass the same gate as all others before Socket.IO sees
 * them; who a client is, it says in its handshake.
 */
export function createSocketIoGateway(parts: SocketIoGatewayParts): SocketIoGateway {
  const { gate, now, intervals } = parts;
  const places = createConnectionLimit(parts.limits);
  const opening = new WeakMap<IncomingMessage, () => void>();
  const sockets = new Set<Duplex>();
  const onError = (error: unknown): void => parts.onError(error, { stage: "live" });
  let loading: Promise<SocketIoServer> | null = null;
  let server: SocketIoServer | null = null;
  let beats: { close(): void } | null = null;
  let closed = false;

  async function load(): Promise<SocketIoServer> {
    const loaded = await createSocketIoServer({ ...parts, path: PATH, payloads: parts.payloads(), onError });
    loaded.onConnection((request, closes) => {
      const leave = opening.get(request);
      opening.delete(request);
      if (leave !== undefined) closes(leave);
    });
    server = loaded;
    if (!closed) beats = startTiers(intervals, now, (tiers) => loaded.audience.onDue(tiers));
    return loaded;
  }

  function loadOnce(): Promise<SocketIoServer> {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  /** Everything that may refuse before a client has said who it is. */
  async function pass(request: IncomingMessage): Promise<Passed> {
    const { query } = splitTarget(request.url ?? "");
    // Engine.IO takes the last of several too.
    const last = (name: string): string => query.getAll(name).at(-1) ?? "";
    const goesOn = last("sid") !== "" && server?.knows(last("sid")) === true;
    gate.admit(request, !goesOn);
    gate.origins.check(request.headers);
    if (closed && !goesOn) throw new WsightError("NODE_AWAY", "The hub is closing");
    if (last("EIO") !== "4") throw expected("BAD_REQUEST", "EIO", "4 (a client of Socket.IO 3 or 4)", last("EIO"));
    if (!TRANSPORTS.includes(last("transport")))
      throw expected("BAD_REQUEST", "transport", TRANSPORTS.join(" or "), last("transport"));
    // Old browsers' way round the rules of origin: an answer that any page may load as a script.
    if (query.has("j")) throw expected("BAD_REQUEST", "j", "none (no JSONP)", last("j"));
    const leave = goesOn ? null : places.enter([addressKey(gate.clientOf(request).address)]);
    if (!goesOn && leave === null) throw new WsightError("TOO_MANY_CONNECTIONS");
    try {
      return { server: await loadOnce(), leave };
    } catch (error) {
      leave?.();
      throw error;
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<WireReply | null> {
    if (request.method === "OPTIONS") {
      gate.admit(request);
      const asked = preflight(gate.origins, request);
      if (asked !== null) return toWireReply(asked);
    }
    if (request.method !== "GET" && request.method !== "POST")
      throw new WsightError("METHOD_NOT_ALLOWED", undefined, { details: { allow: ["GET", "POST"] } });
    const { server: ready, leave } = await pass(request);
    if (leave !== null) {
      opening.set(request, leave);
      // Unless it has become a connection by then, which gives its place back when it ends.
      response.once("close", () => {
        if (opening.delete(request)) leave();
      });
    }
    const { headers } = toWireReply({ status: 204, headers: corsHeaders(gate.origins, request) });
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    if (response.destroyed) leave?.();
    else ready.request(request, response);
    return null;
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const { server: ready, leave } = await pass(request);
      if (leave !== null) socket.once("close", leave);
      if (socket.destroyed) leave?.();
      else ready.upgrade(request, socket, head);
    } catch (error) {
      if (!(error instanceof WsightError)) onError(error);
      refuseUpgrade(socket, error);
    }
  }

  return {
    takes: ({ url = "" }) => splitTarget(url).path.replace(/\/$/, "") === PATH,
    request(request, response) {
      answer(request, response)
        .catch((error: unknown) => {
          if (!(error instanceof WsightError)) onError(error);
          return toErrorReply(error);
        })
        .then((reply) => {
          if (reply === null) return;
          send(response, { ...reply, headers: { ...reply.headers, ...corsHeaders(gate.origins, request) } });
        })
        .catch(onError);
    },
    upgrade(request, socket, head) {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", ignore);
      void upgrade(request, socket, head);
    },
    tellAdmins: (event, payload) => server?.audience.tellAdmins(event, payload),
    sweep: (at) => server?.audience.sweep(at),
    closeSession: (id) => server?.audience.closeSession(id),
    stats: () => server?.audience.stats() ?? NOBODY,
    async close() {
      closed = true;
      beats?.close();
      server?.audience.close();
      await server?.close();
      await allClosed(sockets, GOODBYE_MS);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Resolves when all of them have closed, or after `waitMs`. */
async function allClosed(sockets: ReadonlySet<Duplex>, waitMs: number): Promise<void> {
  if (sockets.size === 0) return;
  const closed = [...sockets].map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([Promise.all(closed), enough]);
  clearTimeout(timer);
}

const NOBODY: AudienceStats = { viewers: 0, clients: 0, users: 0, administrators: 0, skippedTicks: 0 };

function ignore(): void {}
