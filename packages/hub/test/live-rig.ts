import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type CompiledSelectors, type CurrentView, createLive, type Live, type LiveOptions } from "@wsight/hub";
import { MAX_VIEWER_MESSAGE, type Selector } from "@wsight/protocol";
import { onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type FakeProbe, Rig } from "./current-rig.ts";
import { type Client, FILLING, SocketClient, StreamClient } from "./live-clients.ts";

/** Ways of a live session to its viewer. */
export const TRANSPORTS = ["websocket", "sse"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The hub's end of a connection to a viewer. */
export interface HubEnd {
  readonly bufferedAmount: number;
  readonly isOpen: boolean;
  /** Sends something that the client passes over. */
  fill(): void;
}

/** How a rig is set up. */
export type LiveRigOptions = Partial<LiveOptions> & { readonly maxPayload?: number; readonly transport?: Transport };

/** Live sessions on a real server, with the clock of a {@link Rig}. */
export class LiveRig extends Rig {
  readonly live: Live;
  /** The hub's ends, in order of arrival. */
  readonly ends: HubEnd[] = [];
  /** Messages of viewers that have arrived. */
  arrived = 0;
  /** Evaluations asked of `current`, by channel or not. */
  evaluations = 0;
  readonly #transport: Transport;
  readonly #server: Server = createServer();
  readonly #clients: Client[] = [];

  private constructor({ maxPayload = MAX_VIEWER_MESSAGE, transport = "websocket", ...options }: LiveRigOptions) {
    super();
    this.#transport = transport;
    this.live = createLive({ current: this.#counting(), clock: this.clock, ...options });
    this.#serveSockets(maxPayload);
    this.#serveStreams();
  }

  static async open(options: LiveRigOptions = {}): Promise<LiveRig> {
    const rig = new LiveRig(options);
    rig.#server.listen(0, "127.0.0.1");
    await once(rig.#server, "listening");
    return rig;
  }

  async connect(): Promise<Client> {
    const { port } = this.#server.address() as AddressInfo;
    const client =
      this.#transport === "sse"
        ? new StreamClient(`http://127.0.0.1:${port}`)
        : new SocketClient(new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false }));
    this.#clients.push(client);
    await client.text("welcome");
    return client;
  }

  /** One second of the application, told to the viewers. */
  async tick(during: () => void = () => {}): Promise<number> {
    const at = this.second(during);
    await this.live.tick(at);
    // The messages are on their way; let the other end have its turn.
    await new Promise((resolve) => setImmediate(resolve));
    return at;
  }

  async close(): Promise<void> {
    this.live.close();
    for (const client of this.#clients) client.terminate();
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  #serveSockets(maxPayload: number): void {
    const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload });
    this.#server.on("upgrade", (request, socket, head) =>
      sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on("message", () => this.arrived++);
        this.ends.push({
          get bufferedAmount() {
            return webSocket.bufferedAmount;
          },
          get isOpen() {
            return webSocket.readyState === WebSocket.OPEN;
          },
          fill: () => webSocket.send(FILLING),
        });
        this.live.accept(webSocket, { sub: "ann", role: "viewer" });
      }),
    );
  }

  #serveStreams(): void {
    const hears = new Map<string, (text: string) => void>();
    this.#server.on("request", async (request, response) => {
      if (request.method === "POST") {
        let text = "";
        for await (const part of request) text += part;
        this.arrived++;
        hears.get(request.url ?? "")?.(text);
        response.writeHead(204).end();
        return;
      }
      response.removeHeader("transfer-encoding");
      response.writeHead(200, { "content-type": "text/event-stream", connection: "close" });
      this.ends.push({
        get bufferedAmount() {
          return response.writableLength;
        },
        get isOpen() {
          return !response.writableEnded && !response.destroyed;
        },
        fill: () => response.write(`:${FILLING}\n\n`),
      });
      const stream = this.live.acceptStream(response, { sub: "ann", role: "viewer" });
      hears.set(`/${stream.id}`, (text) => stream.hear(text));
    });
  }

  #counting(): CurrentView {
    const { current } = this;
    const compile = (selectors: readonly Selector[]): CompiledSelectors => {
      const compiled = current.compile(selectors);
      return {
        evaluate: (at) => {
          this.evaluations++;
          return compiled.evaluate(at);
        },
      };
    };
    return Object.create(current, { compile: { value: compile } }) as CurrentView;
  }
}

const MESSAGES = "websocket.server.messages";
const OPEN = "websocket.server.active_connections";
export const RATE: Selector = { metric: MESSAGES, agg: "rate" };
export const TOTAL: Selector = { metric: MESSAGES, agg: "total" };
export const GAUGE: Selector = { metric: OPEN, agg: "last" };

/** A rig that closes when the test ends. */
export async function openRig(options: LiveRigOptions = {}): Promise<LiveRig> {
  const rig = await LiveRig.open(options);
  onTestFinished(() => rig.close());
  return rig;
}

/** A second of a probe: ten messages, and so many connections. */
export function beat(probe: FakeProbe, connections: number): void {
  probe.grow(MESSAGES, 10).set(OPEN, connections).snapshot({ keyframe: false });
}

export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
