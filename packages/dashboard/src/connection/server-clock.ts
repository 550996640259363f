/** Round trips that the offset is the median of. */
export const CLOCK_SAMPLES = 8;
/** A round trip longer than this says nothing about the offset, ms. */
const LONGEST_ROUND_TRIP_MS = 30_000;

/**
 * The hub's time, told from this machine's. Starts from the time in the
 * hub's welcome, which is late by one way, and goes over to the median of the
 * last eight round trips.
 */
export class ServerClock {
  readonly #localNow: () => number;
  #offsets: number[] = [];
  #offsetMs = 0;

  constructor(localNow: () => number) {
    this.#localNow = localNow;
  }

  /** Hub time minus this machine's time, ms. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Hub time, ms epoch. */
  now(): number {
    return this.#localNow() + this.#offsetMs;
  }

  /** A new session began, perhaps with another hub; `at` is its time. */
  restart(at: number): void {
    this.#offsets = [];
    this.#offsetMs = at - this.#localNow();
  }

  /** A ping sent at `sentAt` (this machine) was answered at `at` (hub). */
  pong(sentAt: number, at: number): void {
    const now = this.#localNow();
    if (sentAt > now || now - sentAt > LONGEST_ROUND_TRIP_MS) return;
    this.#offsets.push(at - (sentAt + now) / 2);
    if (this.#offsets.length > CLOCK_SAMPLES) this.#offsets.shift();
    this.#offsetMs = median(this.#offsets);
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
