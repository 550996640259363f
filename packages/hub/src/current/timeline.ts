/** Seconds that can still be read after they left the history: who walks through it slowly finds all of it. */
const GRACE_SECONDS = 60;

/**
 * The seconds that are held: consecutive, each known by its number since the
 * epoch. All rings of `current` share one, so a second has the same slot in
 * each of them.
 */
export class Timeline {
  /** Slots of every ring: the history, the grace, and what a window of full length needs beyond its start. */
  readonly slots: number;
  /** Newest closed second; `null` before the first. */
  last: number | null = null;
  /** The second that is being filled. */
  open: number;
  readonly #historySeconds: number;
  #first = 0;

  constructor(historySeconds: number, open: number) {
    this.#historySeconds = historySeconds;
    this.slots = historySeconds + GRACE_SECONDS + 2;
    this.open = open;
  }

  /** Oldest second of the history; meaningful once there is a `last`. */
  get first(): number {
    return this.last === null ? this.open : Math.max(this.#first, this.last - this.#historySeconds + 1);
  }

  /** Oldest second that can be read. */
  get oldest(): number {
    return Math.max(this.first - GRACE_SECONDS, this.last === null ? this.open : this.#first);
  }

  /** True when `second` is closed and can be read. */
  holds(second: number): boolean {
    return this.last !== null && second <= this.last && second >= this.oldest;
  }

  /** Forgets all seconds; `open` is the next. */
  restart(open: number): void {
    this.last = null;
    this.open = open;
  }

  /** Ends `second`, which becomes the newest. */
  close(second: number): void {
    if (this.last === null) this.#first = second;
    this.last = second;
    this.open = second + 1;
  }
}
