import type { ServerResponse } from "node:http";
import type { LiveMessage } from "../message.ts";
import type { ViewerSocket, ViewerSocketEvents } from "../viewer-socket.ts";

/** How long a client has to take what is left after a goodbye, in ms. */
const GOODBYE_MS = 10_000;
/** The comment is for what lies between; the event, with data or browsers would keep it to themselves, is to be answered. */
const PING = Buffer.from(": still here\nevent: ping\ndata: {}\n\n");

/**
 * A viewer behind a stream of server-sent events, for where WebSockets do not
 * get through. What it says comes by other requests, through {@link hear}.
 *
 * `session` is the first event, its data the address for what the viewer says;
 * `text` and `bytes` (base64) are messages; `ping` asks for a sign of life;
 * `close` is the last, with a code and a reason.
 */
export class EventStreamViewer implements ViewerSocket {
  readonly #response: ServerResponse;
  #events: ViewerSocketEvents | null = null;
  #closing = false;

  /** @param response with its headers written */
  constructor(response: ServerResponse, session: string) {
    this.#response = response;
    response.write(`event: session\ndata: ${session}\n\n`);
  }

  get open(): boolean {
    return !this.#closing && !this.#response.destroyed;
  }

  get bufferedAmount(): number {
    return this.#response.writableLength;
  }

  listen(events: ViewerSocketEvents): void {
    this.#events = events;
    this.#response.once("close", () => events.closed());
    this.#response.on("error", () => {});
  }

  /** The viewer said something, by another request. */
  hear(text: string): void {
    if (this.open) this.#events?.message(Buffer.from(text), false);
  }

  send(message: LiveMessage): number {
    if (!this.open) return 0;
    const { event } = message;
    // Left to itself, a response gathers what is written until the next turn, and says that it waits.
    this.cork();
    this.#response.write(event);
    this.uncork();
    return event.length;
  }

  cork(): void {
    this.#response.socket?.cork();
  }

  uncork(): void {
    this.#response.socket?.uncork();
  }

  ping(): void {
    if (this.open) this.#response.write(PING);
  }

  close(code: number, reason: string): void {
    if (!this.open) return;
    this.#closing = true;
    const response = this.#response;
    response.end(`event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`);
    const late = setTimeout(() => response.destroy(), GOODBYE_MS).unref();
    response.once("close", () => clearTimeout(late));
  }

  terminate(): void {
    this.#closing = true;
    this.#response.destroy();
  }
}
