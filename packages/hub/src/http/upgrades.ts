import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WsightError } from "@wsight/protocol";
import { type WebSocket, WebSocketServer } from "ws";
import { addressKey } from "../access/address.ts";
import { type Credential, SUBPROTOCOL } from "../access/authenticate.ts";
import { PROOF_HEADER } from "../access/machine-key.ts";
import type { OnHubError } from "../errors.ts";
import type { Gate } from "./gate.ts";
import { toErrorReply } from "./respond.ts";
import type { UpgradeRoute } from "./route.ts";
import { splitTarget } from "./router.ts";

/** Close code of a live connection whose session or token has ended: sign in again. */
export const CLOSE_SIGNED_OUT = 4401;

/** Most frames of one message: each costs a hundred times the byte it may hold. */
const MAX_FRAGMENTS = 256;

/** How long viewers have to answer a goodbye, in ms. */
const GOODBYE_MS = 500;

/** The WebSockets of this hub. */
export interface Upgrades {
  /** Listener for `upgrade` of the HTTP server. */
  handle(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes connections whose credential ended before `at`, ms epoch. */
  sweep(at: number): void;
  /** Closes the connections of a session. */
  closeSession(sessionId: string): void;
  /** Waits a moment for goodbyes, then cuts off whatever is still open. */
  close(): Promise<void>;
}

/** Answers upgrades from their table, behind the gate and the limits of each. */
export function createUpgrades(routes: readonly UpgradeRoute[], gate: Gate, onError: OnHubError): Upgrades {
  const proofs = new WeakMap<IncomingMessage, string>();
  const entries = routes.map((route) => ({ route, server: createSocketServer(route, proofs) }));
  const raw = new Set<Duplex>();
  const open = new Map<WebSocket, Credential>();

  /** Everything that may refuse; resolves with what may go on. */
  async function pass(
    request: IncomingMessage,
  ): Promise<Entry & { readonly credential: Credential; readonly query: URLSearchParams }> {
    gate.admit(request);
    const { path, query } = splitTarget(request.url ?? "/");
    const entry = entries.find(({ route }) => route.path === path.replace(/(?<=.)\/$/, ""));
    if (entry === undefined) throw new WsightError("NOT_FOUND");
    // Browsers always name the page's origin here; a client that names none is no browser.
    gate.origins.check(request.headers);
    return { ...entry, query, credential: await gate.authorize(request, entry.route.access) };
  }

  function enter({ limit }: UpgradeRoute, request: IncomingMessage, socket: Duplex, credential: Credential): void {
    const address = `address ${addressKey(gate.clientOf(request).address)}`;
    const leave = limit.enter([address, `sub ${credential.principal.sub}`]);
    if (leave === null) throw new WsightError("TOO_MANY_CONNECTIONS");
    socket.once("close", leave);
  }

  function accept(route: UpgradeRoute, credential: Credential, query: URLSearchParams, socket: WebSocket): void {
    open.set(socket, credential);
    socket.once("close", () => open.delete(socket));
    // What is sent wrong ends its own connection; `ws` sees to that.
    socket.on("error", ignore);
    try {
      route.accept(socket, credential, query);
    } catch (error) {
      onError(error, { stage: "live" });
      socket.close(1011, "The hub failed to answer");
    }
  }

  async function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const { route, server, credential, query } = await pass(request);
      if (socket.destroyed) return;
      enter(route, request, socket, credential);
      socket.off("error", ignore);
      if (credential.proof !== undefined) proofs.set(request, credential.proof);
      server.handleUpgrade(request, socket, head, (webSocket) => accept(route, credential, query, webSocket));
    } catch (error) {
      if (!(error instanceof WsightError)) onError(error, { stage: "http" });
      refuseUpgrade(socket, error);
    }
  }

  function closeWhere(ended: (credential: Credential) => boolean): void {
    for (const [socket, credential] of open) if (ended(credential)) socket.close(CLOSE_SIGNED_OUT, "Signed out");
  }

  return {
    handle(request, socket, head) {
      raw.add(socket);
      socket.once("close", () => raw.delete(socket));
      socket.on("error", ignore);
      void upgrade(request, socket, head);
    },
    sweep: (at) => closeWhere(({ expiresAt }) => expiresAt !== null && expiresAt <= at),
    closeSession: (id) => closeWhere(({ sessionId }) => sessionId === id),
    async close() {
      await goodbyes([...open.keys()]);
      for (const socket of raw) socket.destroy();
    },
  };
}

interface Entry {
  readonly route: UpgradeRoute;
  readonly server: WebSocketServer;
}

/** Each route has its own limits, so that a viewer can't send what only a probe may. */
function createSocketServer({ maxPayload }: UpgradeRoute, proofs: WeakMap<IncomingMessage, string>): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    // A client may offer its token as a protocol of its own beside this one: that must not be said back.
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
  });
  server.on("headers", (headers, request) => {
    const proof = proofs.get(request);
    if (proof !== undefined) headers.push(`${PROOF_HEADER}: ${proof}`);
  });
  return server;
}

/** Resolves when all sockets have closed, or after {@link GOODBYE_MS}. */
async function goodbyes(sockets: readonly WebSocket[]): Promise<void> {
  const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.once("close", () => resolve())));
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GOODBYE_MS);
  });
  await Promise.race([Promise.all(closed), enough]);
  clearTimeout(timer);
}

/** An upgrade has no response object: the refusal is written by hand. */
export function refuseUpgrade(socket: Duplex, error: unknown): void {
  const { status, headers, body } = toErrorReply(error);
  const lines = Object.entries({ ...headers, connection: "close" }).map(([name, value]) => `${name}: ${value}`);
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n${String(body)}`);
}

function ignore(): void {}
