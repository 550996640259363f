/**
 * The newest values of one series on a fixed grid of slots: slot n is the
 * n-th interval since the epoch. Holds `capacity` slots; older ones are
 * overwritten, slots nobody wrote read as NaN.
 */
export class Ring {
  readonly #values: Float64Array;
  #newest = -1;

  constructor(capacity: number) {
    this.#values = new Float64Array(capacity).fill(Number.NaN);
  }

  /** Newest slot ever written, −1 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Writes a slot. What is too old is dropped, and what was known never becomes unknown. */
  write(slot: number, value: number): void {
    const values = this.#values;
    if (slot > this.#newest) {
      const from = this.#newest < 0 ? slot : Math.max(this.#newest + 1, slot - values.length + 1);
      for (let skipped = from; skipped < slot; skipped++) values[skipped % values.length] = Number.NaN;
      this.#newest = slot;
      values[slot % values.length] = value;
    } else if (slot > this.#newest - values.length && value === value) values[slot % values.length] = value;
  }

  /** The value of a slot, NaN where nothing is known. */
  at(slot: number): number {
    if (slot > this.#newest || slot <= this.#newest - this.#values.length || slot < 0) return Number.NaN;
    return this.#values[slot % this.#values.length] as number;
  }

  /** A ring with the same content that goes its own way. */
  copy(): Ring {
    const ring = new Ring(this.#values.length);
    ring.#values.set(this.#values);
    ring.#newest = this.#newest;
    return ring;
  }
}
