import { backlogOf, cutOff, type EngineSocket } from "./engine-socket.ts";

/** Packets and polls of one client within a second. */
const MAX_PER_SECOND = 100;
/** Answers that may wait for a client that asks on without reading them. */
const MAX_BACKLOG = 64;
/** Times one connection may try to come in. */
const MAX_ATTEMPTS = 3;
/** How long a connection may stay without having come in, ms. */
export const ENTER_MS = 10_000;

/** What one client may do, whatever it says. */
export class Connection {
  readonly #conn: EngineSocket;
  readonly #now: () => number;
  #second = 0;
  #count = 0;
  #attempts = 0;
  #attempting = false;
  readonly #late: NodeJS.Timeout;

  constructor(conn: EngineSocket, now: () => number) {
    this.#conn = conn;
    this.#now = now;
    this.#late = setTimeout(() => cutOff(conn), ENTER_MS).unref();
    conn.on("packet", () => this.takesOneMore());
    conn.once("close", () => clearTimeout(this.#late));
  }

  /** True while nothing can be told at once: it takes what it was told before, or has not polled again. */
  get busy(): boolean {
    return !this.#conn.transport.writable;
  }

  /** It has come in, and may stay. */
  enter(): void {
    clearTimeout(this.#late);
  }

  /** Counts a packet or a poll; one too many ends the connection. */
  takesOneMore(): boolean {
    const second = Math.floor(this.#now() / 1000);
    this.#count = second === this.#second ? this.#count + 1 : 1;
    this.#second = second;
    if (this.#count > MAX_PER_SECOND || backlogOf(this.#conn) > MAX_BACKLOG) cutOff(this.#conn);
    return true;
  }

  /** One after the other, and not too often. */
  beginsAttempt(): boolean {
    if (this.#attempting || this.#attempts >= MAX_ATTEMPTS) return false;
    this.#attempts++;
    this.#attempting = true;
    return true;
  }

  endAttempt(): void {
    this.#attempting = false;
  }
}
