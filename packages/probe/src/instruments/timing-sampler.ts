/** Odd, so that sampling does not fall into step with traffic that alternates. */
const PERIODS = [1, 3, 7, 17, 41, 101] as const;
/** Messages per second above which the next longer period is taken: two clock reads a message cost 0.2 µs. */
const MESSAGES_PER_STEP = 1000;

/**
 * Decides which messages are timed. Counting is exact always; a clock read
 * costs 80–90 ns, so timing every message is affordable only while there are
 * few. At up to 1,000 messages a second all are timed, at more one in 3, 7, 17,
 * 41 or 101, each with that weight: some hundred a second at any rate. Deterministic: every n-th, no random numbers.
 */
export class TimingSampler {
  /** Weight of a timed message: how many it stands for. */
  period: number = 1;
  #count = 0;
  #seen = 0;
  #step = 0;
  #seenAtTick = 0;

  /** True when this message should be timed. Hot path. */
  take(): boolean {
    this.#seen++;
    if (++this.#count < this.period) return false;
    this.#count = 0;
    return true;
  }

  /** Ends an interval of so many seconds: adapts the period by at most one step. */
  tick(seconds: number): void {
    const rate = (this.#seen - this.#seenAtTick) / seconds;
    this.#seenAtTick = this.#seen;
    if (rate > MESSAGES_PER_STEP * this.period && this.#step < PERIODS.length - 1) this.#step++;
    else if (this.#step > 0 && rate < (MESSAGES_PER_STEP * (PERIODS[this.#step - 1] as number)) / 2) this.#step--;
    this.period = PERIODS[this.#step] as number;
  }
}
