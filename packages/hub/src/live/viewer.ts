import type { HubMessage, LiveTable } from "@wsight/protocol";
import type { Channel } from "./channel.ts";
import { LiveMessage } from "./message.ts";
import type { ViewerSocket } from "./viewer-socket.ts";

/** What a viewer asked for last. */
export interface Subscription {
  readonly id: number;
  readonly channel: Channel<Viewer>;
  readonly tables: readonly LiveTable[];
  /** Start of the newest second it has, ms epoch; `null` for none. */
  readonly since: number | null;
}

/**
 * One live connection.
 *
 * Without a subscription it gets nothing. A new one makes it `filling`: it
 * waits for its backfill and gets no ticks. Then it is `live`. Whoever does
 * not read is sent nothing more until the socket's buffer is short again.
 */
export class Viewer {
  readonly socket: ViewerSocket;
  subscription: Subscription | null = null;
  phase: "filling" | "live" = "filling";
  /** Start of the newest second it got, ms epoch. */
  at: number = -Infinity;
  /** Number of the newest tick it got; `null` when the next must be a keyframe. */
  seq: number | null = null;
  everyMs = 1000;
  /** Versions of the tables it has. */
  readonly tables: Map<LiveTable, number> = new Map();
  /** Waits in the line for backfills. */
  queued = false;
  badMessages = 0;
  /** Messages it sent within this second. */
  messages = 0;
  /** Subscriptions of this second that were taken up. */
  subscriptions = 0;
  /** A subscription that came while it did not read, or one too many; only the newest matters. */
  postponed: string | null = null;
  /** Since when it does not read, ms epoch. */
  stuckSince: number | null = null;
  /** When it was last looked after a sign of life, ms epoch. */
  lookedAt: number;
  /** It was heard since then. */
  spoke = false;
  /** It owes no answer to a ping. */
  answered = true;
  #closing = false;
  readonly #maxBuffered: number;
  readonly #sent: (bytes: number) => void;

  /** @param sent called with the bytes of every message */
  constructor(socket: ViewerSocket, options: { lookedAt: number; maxBuffered: number; sent: (bytes: number) => void }) {
    this.socket = socket;
    this.lookedAt = options.lookedAt;
    this.#maxBuffered = options.maxBuffered;
    this.#sent = options.sent;
  }

  /** True until it was closed, from either side. */
  get open(): boolean {
    return !this.#closing && this.socket.open;
  }

  /** True when it reads what it is sent. */
  get ready(): boolean {
    return this.socket.bufferedAmount <= this.#maxBuffered;
  }

  /** Sends a message that may be shared with others. */
  send(message: LiveMessage): void {
    if (!this.#closing) this.#sent(this.socket.send(message));
  }

  /** Sends a message of its own. */
  say(message: HubMessage): void {
    this.send(new LiveMessage(JSON.stringify(message), false));
  }

  /** Ends it; the other side is told why. */
  close(code: number, reason: string): void {
    this.#closing = true;
    this.socket.close(code, reason);
  }
}
