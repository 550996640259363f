/** Longest that live sessions hold the event loop in one go, in ms. */
const TURN_MS = 6;

/** Lets everything else that waits on the event loop have its turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Says when work done in slices has held the event loop for long enough. */
export class Turn {
  #endsAt: number = performance.now() + TURN_MS;

  /** Call between small pieces of work: gives way when the turn is over. */
  async pause(): Promise<void> {
    if (performance.now() < this.#endsAt) return;
    await nextTurn();
    this.#endsAt = performance.now() + TURN_MS;
  }

  /** True when {@link pause} would give way; spares the caller an await when it would not. */
  get over(): boolean {
    return performance.now() >= this.#endsAt;
  }
}
