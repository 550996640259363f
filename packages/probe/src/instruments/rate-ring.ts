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
    const span = Math.min(Math.round(seconds / this.#stepSeconds), this.#steps, this.#deltas.length);
    if (span === 0) return 0;
    let sum = 0;
    for (let i = 1; i <= span; i++) sum += this.#deltas[(this.#steps - i) % this.#deltas.length] as number;
    return sum / (span * this.#stepSeconds);
  }

  /** Forgets everything. */
  reset(): void {
    this.#last = 0;
    this.#steps = 0;
  }
}
