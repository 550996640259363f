/** Work between two turns of the event loop, ms. */
const SLICE_MS = 8;

/** Lets others have their turn within long work. */
export class Pace {
  readonly #signal: AbortSignal;
  #sliceEndsAt: number = performance.now() + SLICE_MS;

  /** @param signal ends the work at the next rest */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** True when it is time for {@link rest}. */
  get isDue(): boolean {
    return performance.now() >= this.#sliceEndsAt;
  }

  /** Comes back after everybody else had a turn. @throws the signal's reason */
  async rest(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#signal.throwIfAborted();
    this.#sliceEndsAt = performance.now() + SLICE_MS;
  }
}
