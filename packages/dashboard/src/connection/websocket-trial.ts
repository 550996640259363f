import type { Clock } from "./environment.ts";
import type { Socket, SocketHandlers } from "./socket.ts";
import { WEBSOCKET_AGAIN_MS } from "./transport-choice.ts";

/**
 * Tries a WebSocket each minute beside server-sent events that work, so that
 * nothing is missed while it fails. The first word over it makes it the
 * session's socket.
 */
export class WebSocketTrial {
  readonly #open: (handlers: SocketHandlers) => Socket;
  readonly #clock: Clock;
  readonly #won: (socket: Socket) => SocketHandlers;
  #socket: Socket | null = null;
  #timer: unknown;

  /** @param won takes the socket over; answers with who hears it from then on */
  constructor(open: (handlers: SocketHandlers) => Socket, clock: Clock, won: (socket: Socket) => SocketHandlers) {
    this.#open = open;
    this.#clock = clock;
    this.#won = won;
  }

  /** Tries in a minute, and then each minute. */
  begin(): void {
    this.end();
    this.#timer = this.#clock.setTimeout(() => this.#try(), WEBSOCKET_AGAIN_MS);
  }

  /** Tries no more, and leaves what was won alone. */
  end(): void {
    this.#clock.clearTimeout(this.#timer);
    this.#socket?.close();
    this.#socket = null;
  }

  #try(): void {
    let heir: SocketHandlers | null = null;
    try {
      const socket = this.#open({
        open: () => undefined,
        message: (data) => {
          if (heir === null) {
            this.#socket = null;
            heir = this.#won(socket);
          }
          heir.message(data);
        },
        close: (code) => {
          if (heir === null) this.begin();
          else heir.close(code);
        },
      });
      this.#socket = socket;
    } catch {
      this.begin();
    }
  }
}
