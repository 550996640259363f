/** Newest events that say how far apart the clocks are. */
const MAX_KNOWN = 256;

/**
 * Times of the events of a stream, in this process's clock. Their ids hold the time of the server that keeps them;
 * of those that came last the one that came soonest after its time tells how far the clocks are apart, so that events
 * which were read late keep their distance. Ids without a time (PostgreSQL) are as old as they look: they are read at once.
 */
export class StreamClock {
  readonly #now: () => number;
  readonly #ahead = new Float64Array(MAX_KNOWN).fill(Number.POSITIVE_INFINITY);
  #count = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** When an event happened, ms epoch; never later than now. */
  at(id: unknown): number {
    const now = this.#now();
    const told = /^(\d{12,15})-\d+$/.exec(String(id))?.[1];
    if (told === undefined) return now;
    this.#ahead[this.#count++ % MAX_KNOWN] = now - Number(told);
    return Math.min(now, Number(told) + Math.min(...this.#ahead));
  }
}
