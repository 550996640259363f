/** A list of numbers that grows as it is added to. */
export class GrowingList {
  #values: Float64Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#values = new Float64Array(capacity);
  }

  push(value: number): void {
    if (this.#length === this.#values.length) {
      const grown = new Float64Array(this.#length * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#length++] = value;
  }

  /** What was added, in the list's own memory. */
  values(): Float64Array {
    return this.#values.subarray(0, this.#length);
  }
}
