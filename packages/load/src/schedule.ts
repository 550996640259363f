/**
 * When which connection is to send: an open-loop schedule. Each connection
 * sends every `intervalMs`, begun at a place of its own within the first
 * interval, so that load is even. The time a message was *meant* to leave is
 * kept, and latency counts from it: a server that stalls, or a tool that is
 * late, is charged for the wait (coordinated omission, Gil Tene 2013).
 *
 * The rows of a ring are connections in the order of their turn; one pointer
 * walks it, so that finding who is due costs nothing.
 */
export class Schedule {
  readonly #intervalMs: number;
  readonly #due: number[] = [];
  readonly #who: number[] = [];
  #head = 0;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  /** Connections that take part. */
  get size(): number {
    return this.#due.length - this.#head;
  }

  /** Lets a connection take part from `at` on. */
  add(connection: number, at: number): void {
    // Everybody has the same interval, so who had a turn nearly always goes to the end.
    if (this.#head === this.#due.length || (this.#due[this.#due.length - 1] as number) <= at) {
      this.#due.push(at);
      this.#who.push(connection);
      return;
    }
    const place = this.#placeOf(at);
    this.#due.splice(place, 0, at);
    this.#who.splice(place, 0, connection);
  }

  /** When the next message is meant to leave; `Infinity` when nobody takes part. */
  get next(): number {
    return this.#head < this.#due.length ? (this.#due[this.#head] as number) : Number.POSITIVE_INFINITY;
  }

  /**
   * Calls `send` for every message meant to leave at or before `now`, at most
   * `most` of them. `send` says whether the connection goes on.
   */
  run(now: number, most: number, send: (connection: number, meantAt: number) => boolean): number {
    let sent = 0;
    while (sent < most && this.next <= now) {
      const at = this.#due[this.#head] as number;
      const who = this.#who[this.#head] as number;
      this.#head++;
      if (send(who, at)) this.add(who, at + this.#intervalMs);
      sent++;
      if (this.#head > 4096 && this.#head * 2 > this.#due.length) {
        this.#due.splice(0, this.#head);
        this.#who.splice(0, this.#head);
        this.#head = 0;
      }
    }
    return sent;
  }

  /** Where the first that is due after `at` stands. */
  #placeOf(at: number): number {
    let low = this.#head;
    let high = this.#due.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#due[middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
