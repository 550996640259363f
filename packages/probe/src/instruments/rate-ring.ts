/** Length of the ring, seconds: the longest rate asked for. */
const RING_SECONDS = 900;

/** Growth of one count, interval by interval, for the last 15 minutes. */
export class RateRing {
  readonly #deltas: Float64Array;
  readonly #stepSeconds: number;
  #last = 0;
  #steps = 0;

  constructor(stepSeconds: number) {
    this.#stepSeconds = stepSeconds;
    this.#deltas = new Float64Array(Math.ceil(RING_SECONDS / stepSeconds));
  }

  /** Ends an interval: `total` is the count so far. */
  push(total: number): void {
    // A count below the last one was reset: what it holds now is the growth.
    this.#deltas[this.#steps % this.#deltas.length] = total < this.#last ? total : total - this.#last;
    this.#last = total;
    this.#steps++;
  }

  /** Mean growth per second over the last `seconds`, or over what there is when that is less. */
  rate(seconds: number): number {
    const span = this.#span(seconds);
    return span === 0 ? 0 : this.growth(seconds) / (span * this.#stepSeconds);
  }

  /** Growth over the last `seconds`; nothing is extrapolated from a shorter history. */
  growth(seconds: number): number {
    let sum = 0;
    for (let i = this.#span(seconds); i > 0; i--) {
      sum += this.#deltas[(this.#steps - i) % this.#deltas.length] as number;
    }
    return sum;
  }

  /** Forgets everything. */
  reset(): void {
    this.#last = 0;
    this.#steps = 0;
  }

  /** Intervals of the last `seconds` that there are. */
  #span(seconds: number): number {
    return Math.min(Math.round(seconds / this.#stepSeconds), this.#steps, this.#deltas.length);
  }
}
