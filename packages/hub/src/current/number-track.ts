/**
 * What a number was at the end of each second. Only changes are written, and
 * a number that never changed has no ring at all: most series of a real
 * application are idle, and they cost nothing here.
 */
export class NumberTrack {
  #ring: Float64Array | null = null;
  readonly #slots: number;
  #first = -1;
  #last = -1;
  #value = Number.NaN;

  constructor(slots: number) {
    this.#slots = slots;
  }

  /** The first second written; `-1` while there is none. */
  get first(): number {
    return this.#first;
  }

  /** Sets the value from `second` on. Seconds must not go back. */
  write(second: number, value: number): void {
    if (this.#first < 0) {
      this.#first = this.#last = second;
      this.#value = value;
      return;
    }
    if (Object.is(value, this.#value)) return;
    const ring = this.#fill(second);
    ring[second % this.#slots] = value;
    this.#last = second;
    this.#value = value;
  }

  /** The value at the end of `second`, which must be held by the timeline; NaN before the first write. */
  read(second: number): number {
    if (second < this.#first || this.#first < 0) return Number.NaN;
    if (this.#ring === null || second >= this.#last) return this.#value;
    return this.#ring[second % this.#slots] as number;
  }

  /** Carries the value over the seconds since it last changed. */
  #fill(second: number): Float64Array {
    this.#ring ??= new Float64Array(this.#slots);
    const from = Math.max(this.#last, second - this.#slots + 1);
    for (let s = from; s < second; s++) this.#ring[s % this.#slots] = this.#value;
    return this.#ring;
  }
}
