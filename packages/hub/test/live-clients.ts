import { Agent, type IncomingMessage, request } from "node:http";
import {
  type Backfill,
  decodeLiveBytes,
  type HubMessage,
  type LiveTable,
  type Selector,
  type Tick,
} from "@wsight/protocol";
import type { WebSocket } from "ws";

/** What is written to fill the kernel's buffers; clients pass over it. */
export const FILLING: Buffer = Buffer.alloc(64 * 1024, "{");

type Heard = HubMessage | Tick | Backfill;

/** A viewer with the real codec: applies differences to the tick before. */
export abstract class Client {
  readonly heard: Heard[] = [];
  closeCode: number | null = null;
  #previous: Float64Array | null = null;
  /** Those who wait for something, each until it looks again. */
  readonly #waiting = new Set<() => void>();

  abstract say(message: unknown): void;
  /** Stops reading. */
  abstract pause(): void;
  abstract resume(): void;
  /** Leaves in good order. */
  abstract close(): void;
  abstract terminate(): void;

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
        this.#waiting.add(resolve);
      });
    }
  }

  protected hear(data: string | Buffer): void {
    this.heard.push(typeof data === "string" ? (JSON.parse(data) as HubMessage) : this.#decode(data));
    this.#wake();
  }

  protected end(code: number): void {
    this.closeCode ??= code;
    this.#wake();
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const look of waiting) look();
  }

  #decode(data: Buffer): Tick | Backfill {
    const frame = decodeLiveBytes(data, this.#previous);
    if (frame.type === "tick") this.#previous = frame.values;
    return frame;
  }
}

/** A viewer behind a WebSocket. */
export class SocketClient extends Client {
  readonly socket: WebSocket;

  constructor(socket: WebSocket) {
    super();
    this.socket = socket;
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (data.length !== FILLING.length) this.hear(isBinary ? data : data.toString());
    });
    socket.on("close", (code) => this.end(code));
    socket.on("error", () => {});
  }

  say(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.close();
  }

  terminate(): void {
    this.socket.terminate();
  }
}

/** A viewer behind server-sent events; what it says goes by requests, one after the other. */
export class StreamClient extends Client {
  readonly #address: string;
  readonly #headers: Record<string, string>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #call: ReturnType<typeof request>;
  /** What the hub told to speak to. */
  session = "";
  /** Gets binary messages as they came. */
  onBytes: (bytes: Buffer) => void = () => {};
  #response: IncomingMessage | null = null;
  #rest = "";

  constructor(address: string, headers: Record<string, string> = {}) {
    super();
    this.#address = address;
    this.#headers = { ...headers, "content-type": "application/json" };
    this.#call = request(address, { agent: false, headers }, (response) => {
      this.#response = response;
      response.setEncoding("utf8");
      response.on("data", (text: string) => this.#read(text));
      response.on("close", () => this.end(1006));
      response.on("error", () => {});
    });
    this.#call.on("error", () => this.end(1006));
    this.#call.end();
  }

  say(message: unknown): void {
    const options = { method: "POST", agent: this.#agent, headers: this.#headers };
    const call = request(`${this.#address}/${this.session}`, options, (response) => response.resume());
    call.on("error", () => {});
    call.end(typeof message === "string" ? message : JSON.stringify(message));
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  close(): void {
    this.terminate();
  }

  terminate(): void {
    this.#call.destroy();
    this.#agent.destroy();
  }

  #read(text: string): void {
    const events = (this.#rest + text).split("\n\n");
    this.#rest = events.pop() ?? "";
    for (const event of events) this.#take(event);
  }

  #take(event: string): void {
    const [, name, data = ""] = /^event: (\w+)\ndata: (.*)$/m.exec(event) ?? [];
    if (name === "session") this.session = data;
    if (name === "text") this.hear(data);
    if (name === "bytes") {
      const bytes = Buffer.from(data, "base64");
      this.onBytes(bytes);
      this.hear(bytes);
    }
    if (name === "ping") this.say({ type: "ping", sentAt: 0 });
    if (name === "close") this.end((JSON.parse(data) as { code: number }).code);
  }
}
