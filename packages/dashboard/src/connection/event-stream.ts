import type { Clock, FetchLike } from "./environment.ts";
import type { Socket, SocketFactory, SocketHandlers } from "./socket.ts";

/** Messages that may wait to be sent; more mean that nobody takes them. */
const MAX_WAITING = 64;
/** Longest event that is waited for, in characters: a backfill of everything is a tenth of it. */
const MAX_EVENT = 2 ** 24;
const NOBODY_SAID = 1006;
const SIGNED_OUT = 4401;

/**
 * Sockets made of a stream of server-sent events, for where WebSockets do not
 * get through. What the page says goes by requests, in order. Read through
 * `fetch`, because an `EventSource` does not tell a refused session from a
 * lost connection.
 */
export function eventStreams(fetchLike: FetchLike, clock: Clock): SocketFactory {
  return (url, handlers) => new EventStreamSocket(url, handlers, fetchLike, clock);
}

class EventStreamSocket implements Socket {
  readonly #url: string;
  readonly #handlers: SocketHandlers;
  readonly #fetch: FetchLike;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  #session: string | null = null;
  #over = false;
  #waiting = 0;
  #said: Promise<void> = Promise.resolve();

  constructor(url: string, handlers: SocketHandlers, fetchLike: FetchLike, clock: Clock) {
    this.#url = url;
    this.#handlers = handlers;
    this.#fetch = fetchLike;
    this.#clock = clock;
    void this.#listen();
  }

  send(text: string): void {
    if (this.#session === null || this.#over) return;
    const address = `${this.#url}/${this.#session}`;
    if (++this.#waiting > MAX_WAITING) this.#end(NOBODY_SAID);
    else this.#said = this.#said.then(() => this.#post(address, text));
  }

  close(): void {
    this.#over = true;
    this.#abort.abort();
  }

  async #listen(): Promise<void> {
    try {
      const response = await this.#request(this.#url, {});
      if (response.ok && response.body !== null) await this.#read(response.body);
      else this.#end(codeOf(response.status));
    } catch {
      // Said below, as a socket would.
    }
    this.#end(NOBODY_SAID);
  }

  async #read(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    for (let rest = ""; rest.length <= MAX_EVENT && !this.#over; ) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = events.pop() ?? "";
      for (const event of events) this.#take(event);
    }
  }

  #take(event: string): void {
    const [, name, data = ""] = /^event: (\w+)\ndata: (.*)$/m.exec(event) ?? [];
    if (this.#over) return;
    if (name === "session") {
      this.#session = data;
      this.#handlers.open();
    } else if (name === "text") this.#handlers.message(data);
    else if (name === "bytes") this.#handlers.message(bytesOf(data));
    // Its own answer, since timers of a hidden tab may sleep for a minute.
    else if (name === "ping") this.send(JSON.stringify({ type: "ping", sentAt: this.#clock.now() }));
    else if (name === "close") this.#end((JSON.parse(data) as { code: number }).code);
  }

  async #post(address: string, body: string): Promise<void> {
    if (this.#over) return;
    try {
      const headers = { "content-type": "application/json" };
      const response = await this.#request(address, { method: "POST", headers, body });
      this.#waiting--;
      if (!response.ok) this.#end(codeOf(response.status));
    } catch {
      this.#end(NOBODY_SAID);
    }
  }

  #request(address: string, init: RequestInit): Promise<Response> {
    const { signal } = this.#abort;
    return this.#fetch(address, { ...init, signal, cache: "no-store", credentials: "same-origin" });
  }

  #end(code: number): void {
    if (this.#over) return;
    this.close();
    this.#handlers.close(code);
  }
}

function codeOf(status: number): number {
  return status === 401 ? SIGNED_OUT : NOBODY_SAID;
}

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}
