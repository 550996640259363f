import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type CompiledSelectors, type CurrentView, createLive, type Live, type LiveOptions } from "@wsight/hub";
import {
  type Backfill,
  decodeLiveBytes,
  type HubMessage,
  type LiveTable,
  MAX_VIEWER_MESSAGE,
  type Selector,
  type Tick,
} from "@wsight/protocol";
import WebSocket, { WebSocketServer } from "ws";
import { Rig } from "./current-rig.ts";

/** Live sessions on a real server, with the clock of a {@link Rig}. */
export class LiveRig extends Rig {
  readonly live: Live;
  /** Sockets of the hub's side, in order of arrival. */
  readonly sockets: WebSocket[] = [];
  /** Evaluations asked of `current`, by channel or not. */
  evaluations = 0;
  readonly #server: WebSocketServer;
  readonly #clients: Client[] = [];

  private constructor(server: WebSocketServer, options: Partial<LiveOptions>) {
    super();
    this.#server = server;
    this.live = createLive({ current: this.#counting(), clock: this.clock, ...options });
    server.on("connection", (socket) => {
      this.sockets.push(socket);
      this.live.accept(socket, { sub: "ann", role: "viewer" });
    });
  }

  static async open(options: Partial<LiveOptions> & { maxPayload?: number } = {}): Promise<LiveRig> {
    const { maxPayload = MAX_VIEWER_MESSAGE, ...rest } = options;
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, maxPayload });
    await once(server, "listening");
    return new LiveRig(server, rest);
  }

  async connect(): Promise<Client> {
    const { port } = this.#server.address() as AddressInfo;
    const client = new Client(new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false }));
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
    for (const client of this.#clients) client.socket.terminate();
    this.#server.close();
    await once(this.#server, "close");
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

type Heard = HubMessage | Tick | Backfill;

/** A viewer with the real codec: applies differences to the tick before. */
export class Client {
  readonly socket: WebSocket;
  readonly heard: Heard[] = [];
  closeCode: number | null = null;
  #previous: Float64Array | null = null;
  #wake: () => void = () => {};

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      this.heard.push(isBinary ? this.#decode(data) : (JSON.parse(data.toString()) as HubMessage));
      this.#wake();
    });
    socket.on("close", (code) => {
      this.closeCode = code;
      this.#wake();
    });
    socket.on("error", () => {});
  }

  say(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  subscribe(
    series: readonly Selector[],
    options: { id?: number; tables?: readonly LiveTable[]; since?: number } = {},
  ): void {
    this.say({ type: "subscribe", id: 1, tables: [], series, ...options });
  }

  get ticks(): Tick[] {
    return this.heard.filter((one): one is Tick => one.type === "tick");
  }

  get backfills(): Backfill[] {
    return this.heard.filter((one): one is Backfill => one.type === "backfill");
  }

  /** Waits for the nth message of a type. */
  async text<T extends Heard["type"]>(type: T, nth = 1): Promise<Extract<Heard, { type: T }>> {
    await this.until(() => this.heard.filter((one) => one.type === type).length >= nth);
    return this.heard.filter((one) => one.type === type)[nth - 1] as Extract<Heard, { type: T }>;
  }

  async closed(): Promise<number> {
    await this.until(() => this.closeCode !== null);
    return this.closeCode ?? 0;
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #decode(data: Buffer): Tick | Backfill {
    const frame = decodeLiveBytes(data, this.#previous);
    if (frame.type === "tick") this.#previous = frame.values;
    return frame;
  }
}
