/** How messages of a session travel. */
export type Transport = "websocket" | "sse";

/** WebSockets in a row that never opened, after which the other way is taken. */
const MAX_NEVER_OPENED = 3;
/** A WebSocket is tried again after this long, ms. */
export const WEBSOCKET_AGAIN_MS = 60_000;

/**
 * Chooses between a WebSocket and server-sent events. The WebSocket is
 * preferred. When several in a row never opened, though the hub answered
 * requests between them, something on the way does not let them through: then
 * it is the events' turn, until they do not open either or a minute has passed.
 */
export class TransportChoice {
  #neverOpened = 0;
  #triedAt = 0;

  /** What to open at `now`. */
  take(now: number): Transport {
    if (this.#neverOpened >= MAX_NEVER_OPENED && now - this.#triedAt < WEBSOCKET_AGAIN_MS) return "sse";
    this.#triedAt = now;
    return "websocket";
  }

  /** A session began over it. */
  opened(transport: Transport): void {
    if (transport === "websocket") this.#neverOpened = 0;
  }

  /** It ended before a session began. */
  neverOpened(transport: Transport): void {
    this.#neverOpened = transport === "websocket" ? this.#neverOpened + 1 : MAX_NEVER_OPENED - 1;
  }

  /** Starts over: whatever failed, failed for another reason. */
  reset(): void {
    this.#neverOpened = 0;
  }
}
