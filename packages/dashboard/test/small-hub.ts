import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  decodeViewerMessage,
  encodeBackfill,
  encodeTick,
  LIVE_HISTORY_MS,
  LIVE_VERSION,
  type Selector,
  selectorKey,
  selectorScale,
  toWire,
  type ViewerMessage,
} from "@wsight/protocol";
import { WebSocket, WebSocketServer } from "ws";
import { webSockets } from "../src/connection/socket.ts";
import { createLiveState, type LiveState } from "../src/state/index.ts";
import { HandAttention, HandClock, until } from "./hand-clock.ts";

type Subscribe = Extract<ViewerMessage, { type: "subscribe" }>;

/** The truth: what a series is worth at a second. Some seconds are not known. */
export function truth(key: string, at: number): number {
  let hash = 7;
  for (const letter of key) hash = (hash * 31 + letter.charCodeAt(0)) % 9973;
  const second = at / 1000;
  return (second + hash) % 13 === 0 ? Number.NaN : hash + ((second * 37) % 101) / 4;
}

/** How a viewer is reached. */
interface ViewerSocket {
  send(data: string | Uint8Array): void;
  close(code: number): void;
  terminate(): void;
}

interface Viewer {
  readonly socket: ViewerSocket;
  selectors: readonly Selector[];
  channel: number;
  seq: number;
  sent: Float64Array | null;
}

/** A small hub with real sockets that speaks the live session and the session API. Its time is the test's. */
export class SmallHub {
  readonly http = createServer((request, response) => void this.#answer(request, response));
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #responses = new Set<ServerResponse>();
  readonly viewers = new Set<Viewer>();
  /** Viewers over server-sent events, by their session. */
  readonly streams = new Map<string, Viewer>();
  readonly subscriptions: Subscribe[] = [];
  readonly said: ViewerMessage[] = [];
  readonly requests: string[] = [];
  /** Status to refuse every live session with, or `null` to take them. */
  refuse: number | null = null;
  /** Status to refuse upgrades with, as a proxy does that does not know them, or `null` to take them. */
  refuseUpgrades: number | null = null;
  /** Status to answer the session API with, or `null` to do its work. */
  broken: number | null = null;
  codes = new Set(["good-code"]);
  tokens = new Map([["good-token", { sub: "ada", role: "admin" }]]);
  sessions = new Map<string, { sub: string; role: string }>();
  upgrades = 0;
  now: () => number = () => 0;
  /** When false, pings are not answered. */
  answersPings = true;
  /** Newest closed second. */
  at: number;
  readonly startedAt: number;

  constructor(at: number, historyMs = 120_000) {
    this.at = at;
    this.startedAt = at - historyMs;
    this.now = () => this.at + 1000;
    this.http.on("upgrade", (request, socket, head) => {
      this.upgrades++;
      const status = this.refuse ?? this.refuseUpgrades ?? (this.#principal(request) === null ? 401 : null);
      if (status !== null || request.url !== "/mount/ws/live") {
        socket.end(`HTTP/1.1 ${status ?? 404} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`);
        return;
      }
      const principal = this.#principal(request);
      this.#sockets.handleUpgrade(request, socket, head, (client) => {
        const viewer = this.#welcome(client, principal);
        client.on("close", () => this.viewers.delete(viewer));
        client.on("message", (data) => this.#hear(viewer, String(data)));
      });
    });
  }

  async listen(): Promise<void> {
    this.http.listen(0, "127.0.0.1");
    await once(this.http, "listening");
  }

  get base(): URL {
    return new URL(`http://127.0.0.1:${(this.http.address() as AddressInfo).port}/mount/dashboard/`);
  }

  async close(): Promise<void> {
    this.cut();
    this.http.closeAllConnections();
    this.http.close();
    await once(this.http, "close");
  }

  /** Cuts every live connection off. */
  cut(): void {
    for (const { socket } of this.viewers) socket.terminate();
    this.viewers.clear();
  }

  /** Closes every live connection in good order. */
  end(code: number): void {
    for (const { socket } of this.viewers) socket.close(code);
    this.viewers.clear();
  }

  /** A second passes; viewers get it unless `skip`. A skipped second leaves its place in `seq`. */
  tick(options: { skip?: boolean; base?: "lost" } = {}): void {
    this.at += 1000;
    for (const viewer of this.viewers) {
      if (viewer.channel === 0) continue;
      const values = this.#values(viewer.selectors, this.at);
      viewer.seq++;
      if (options.skip === true) viewer.sent = null;
      else {
        const previous = options.base === "lost" ? this.#values(viewer.selectors, this.at - 1000) : viewer.sent;
        if (options.base === "lost") viewer.seq++;
        const { channel, seq } = viewer;
        viewer.socket.send(encodeTick({ channel, seq, at: this.at, values }, previous));
        viewer.sent = values;
      }
    }
  }

  send(data: string | Uint8Array): void {
    for (const { socket } of this.viewers) socket.send(data);
  }

  sendTable(table: string, rows: unknown): void {
    this.send(JSON.stringify({ type: "table", id: 1, at: this.at, table, rows }));
  }

  #values(selectors: readonly Selector[], at: number): Float64Array {
    return Float64Array.from(selectors, (selector) =>
      at < this.startedAt ? Number.NaN : toWire(truth(selectorKey(selector), at), selectorScale(selector)),
    );
  }

  #welcome(socket: ViewerSocket, principal: { sub: string; role: string } | null): Viewer {
    const viewer: Viewer = { socket, selectors: [], channel: 0, seq: 0, sent: null };
    this.viewers.add(viewer);
    const text = {
      type: "welcome",
      version: LIVE_VERSION,
      at: this.now(),
      intervalMs: 1000,
      historyMs: LIVE_HISTORY_MS,
    };
    socket.send(JSON.stringify({ ...text, principal }));
    return viewer;
  }

  #stream(response: ServerResponse, principal: { sub: string; role: string } | null): void {
    const id = randomUUID();
    response.writeHead(200, { "content-type": "text/event-stream" });
    this.#responses.add(response);
    const say = (event: string, data: string) => response.write(`event: ${event}\ndata: ${data}\n\n`);
    say("session", id);
    const viewer = this.#welcome(
      {
        send: (data) =>
          typeof data === "string" ? say("text", data) : say("bytes", Buffer.from(data).toString("base64")),
        close: (code) => {
          say("close", JSON.stringify({ code, reason: "" }));
          response.end();
        },
        terminate: () => response.destroy(),
      },
      principal,
    );
    this.streams.set(id, viewer);
    response.on("close", () => {
      this.viewers.delete(viewer);
      this.streams.delete(id);
      this.#responses.delete(response);
    });
  }

  /** Asks those over server-sent events for a sign of life. */
  pingStreams(): void {
    for (const response of this.#responses) response.write(": still here\nevent: ping\ndata: {}\n\n");
  }

  #hear(viewer: Viewer, text: string): void {
    const message = decodeViewerMessage(text);
    this.said.push(message);
    if (message.type === "ping" && this.answersPings) {
      viewer.socket.send(JSON.stringify({ type: "pong", sentAt: message.sentAt, at: this.now() }));
    }
    if (message.type !== "subscribe") return;
    this.subscriptions.push(message);
    viewer.selectors = message.series;
    viewer.channel = this.subscriptions.length;
    viewer.sent = null;
    const series = message.series.map((selector) => ({ key: selectorKey(selector), scale: selectorScale(selector) }));
    viewer.socket.send(JSON.stringify({ type: "dictionary", id: message.id, channel: viewer.channel, series }));
    this.#backfill(viewer, message);
  }

  #backfill(viewer: Viewer, { since, series }: Subscribe): void {
    const oldest = Math.max(this.startedAt, this.at - LIVE_HISTORY_MS + 1000);
    const fromAt = Math.max(oldest, since === undefined ? 0 : since + 1000);
    const length = Math.max(0, (this.at - fromAt) / 1000 + 1);
    const columns = series.map((selector) =>
      Float64Array.from({ length }, (_, i) => this.#values([selector], fromAt + i * 1000)[0] as number),
    );
    viewer.socket.send(encodeBackfill({ channel: viewer.channel, fromAt, stepMs: 1000, columns }));
  }

  #principal(request: IncomingMessage): { sub: string; role: string } | null {
    return this.sessions.get(/wsight=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1] ?? "") ?? null;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests.push(`${request.method} ${request.url}`);
    const say = (status: number, body: unknown, headers: Record<string, string> = {}) =>
      response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
    const no = (status: number, code: string) => say(status, { error: { code, message: `No: ${code}` } });
    let text = "";
    for await (const chunk of request) text += chunk;
    if (this.broken !== null) return void no(this.broken, this.broken === 403 ? "FORBIDDEN" : "INTERNAL");
    const principal = this.#principal(request);
    if (request.url?.startsWith("/mount/api/live")) {
      if (principal === null) return void no(401, "UNAUTHENTICATED");
      if (this.refuse !== null) return void no(this.refuse, "INTERNAL");
      if (request.method === "GET") return this.#stream(response, principal);
      const viewer = this.streams.get(request.url.slice("/mount/api/live/".length));
      if (viewer === undefined) return void no(404, "NOT_FOUND");
      this.#hear(viewer, text);
      return void response.writeHead(204).end();
    }
    if (request.url !== "/mount/api/session") return void no(404, "NOT_FOUND");
    if (request.method === "GET")
      return void (principal === null ? no(401, "UNAUTHENTICATED") : say(200, { principal }));
    if (request.method === "DELETE") {
      this.sessions.clear();
      return void response.writeHead(204).end();
    }
    const body = JSON.parse(text) as { code?: string; token?: string };
    const found = this.codes.delete(body.code ?? "")
      ? { sub: "local", role: "admin" }
      : this.tokens.get(body.token ?? "");
    if (found === undefined) return void no(401, "UNAUTHENTICATED");
    const id = randomUUID();
    this.sessions.set(id, found);
    say(200, { principal: found }, { "set-cookie": `wsight=${id}; HttpOnly; SameSite=Strict; Path=/` });
  }
}

/** A page that looks at a {@link SmallHub}: the real live state, with a cookie jar and time by hand. */
export class Page {
  readonly clock: HandClock;
  readonly attention = new HandAttention();
  readonly hub: SmallHub;
  readonly live: LiveState;
  hash: string;
  cookie = "";
  #markers = 0;

  constructor(hub: SmallHub, options: { hash?: string; signedIn?: boolean; base?: URL } = {}) {
    this.hub = hub;
    this.hash = options.hash ?? "";
    this.clock = new HandClock(hub.at + 1000);
    if (options.signedIn ?? options.hash === undefined) {
      hub.sessions.set("kept", { sub: "ada", role: "admin" });
      this.cookie = "wsight=kept";
    }
    const page = this;
    class SocketWithCookie extends WebSocket {
      constructor(url: string) {
        super(url, { headers: { cookie: page.cookie } });
      }
    }
    this.live = createLiveState({
      base: options.base ?? hub.base,
      clock: this.clock,
      attention: this.attention,
      socket: webSockets(SocketWithCookie as never),
      fetch: async (input, init) => {
        const response = await fetch(input, { ...init, headers: { ...init.headers, cookie: this.cookie } });
        this.cookie = response.headers.get("set-cookie")?.split(";")[0] ?? this.cookie;
        return response;
      },
      addressBar: {
        hash: () => this.hash,
        clearHash: () => {
          this.hash = "";
        },
      },
    });
  }

  /** Waits for a state. */
  async becomes(state: string): Promise<void> {
    await until(() => this.live.status.value.state === state, state);
  }

  /** Waits until everything the hub has sent so far was taken in. */
  async heard(): Promise<void> {
    const message = `marker ${++this.#markers}`;
    this.hub.send(JSON.stringify({ type: "error", error: { code: "RATE_LIMITED", message } }));
    await until(() => this.live.fault.value?.message === message, "everything sent to be heard");
  }

  /** Waits until the hub answered `count` subscriptions and the page took the answers in, then paints. */
  async subscribed(count: number): Promise<void> {
    await until(() => this.hub.subscriptions.length >= count, `subscription ${count}`);
    await this.heard();
    this.clock.paint();
  }

  /** A second passes at the hub and here. */
  async second(): Promise<void> {
    this.clock.advance(1000);
    this.hub.tick();
    await this.heard();
    this.clock.paint();
  }

  /** Seconds pass here and at the hub, whose figures do not come. */
  async unheard(seconds: number): Promise<void> {
    for (let i = 0; i < seconds; i++) {
      this.hub.tick({ skip: true });
      this.clock.advance(1000);
      await this.heard();
    }
  }

  /** Seconds that are held otherwise than the hub would tell them. */
  differences(selector: Selector, fromAt: number, toAt: number, told = selector): string[] {
    const { at, value, length } = this.live.series(selector).read(fromAt, toAt);
    const differing: string[] = [];
    for (let i = 0; i < length; i++) {
      const should = truth(selectorKey(told), (at[i] as number) * 1000);
      if (!Object.is(value[i], should))
        differing.push(`${(at[i] as number) - fromAt / 1000} s: ${value[i]}, not ${should}`);
    }
    return differing;
  }
}
