import type { Writable } from "node:stream";
import type { RawData, WebSocket } from "ws";
import type { LiveMessage } from "../message.ts";
import type { ViewerSocket, ViewerSocketEvents } from "../viewer-socket.ts";

const OPEN = 1;
const NOTHING = Buffer.alloc(0);

/** What lies inside a `WebSocket` of `ws` 8: the connection, and what is queued in front of it. */
interface Innards {
  readonly _socket: Pick<Writable, "write" | "cork" | "uncork">;
  readonly _sender: { readonly _state: number; readonly _bufferedBytes: number };
}

/**
 * A viewer behind a WebSocket.
 *
 * `ws` makes a frame head for each recipient and writes it apart from the
 * payload. A message for all viewers is framed once instead and written to the
 * connection itself, while `ws` has nothing queued that it would overtake.
 * Where its insides are not as expected, or the connection compresses, `ws`
 * sends.
 */
export class WebSocketViewer implements ViewerSocket {
  readonly #socket: WebSocket;
  readonly #innards: Innards | null;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.#innards = socket.extensions === "" ? lookInside(socket) : null;
  }

  get open(): boolean {
    return this.#socket.readyState === OPEN;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  listen(events: ViewerSocketEvents): void {
    this.#socket.on("message", (data: RawData, isBinary: boolean) => {
      if (Buffer.isBuffer(data)) events.message(data, isBinary);
      else events.message(NOTHING, true);
    });
    this.#socket.on("pong", () => events.alive());
    this.#socket.on("close", () => events.closed());
    // What goes wrong on a socket closes it, which is all there is to know.
    this.#socket.on("error", () => {});
  }

  send(message: LiveMessage): number {
    if (!this.open) return 0;
    const innards = this.#innards;
    const { frame } = message;
    if (innards !== null && innards._sender._state === 0 && innards._sender._bufferedBytes === 0) {
      innards._socket.write(frame);
    } else this.#socket.send(message.payload, { binary: message.binary, compress: false });
    return frame.length;
  }

  cork(): void {
    this.#innards?._socket.cork();
  }

  uncork(): void {
    this.#innards?._socket.uncork();
  }

  ping(): void {
    if (this.open) this.#socket.ping();
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

function lookInside(socket: WebSocket): Innards | null {
  const { _socket, _sender } = socket as unknown as Partial<Innards>;
  const known =
    typeof _socket?.write === "function" &&
    typeof _socket.cork === "function" &&
    typeof _sender?._state === "number" &&
    typeof _sender._bufferedBytes === "number";
  return known ? { _socket, _sender } : null;
}
