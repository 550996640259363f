/** The seconds of one channel that were evaluated, as they travel: columns of whole numbers of 1/scale. */
export class Past {
  readonly #columns: readonly Float64Array[];
  readonly #capacity: number;
  #from: number;
  #to: number;

  /** Nothing yet; `from` (seconds since the epoch) will be the first. */
  constructor(series: number, capacity: number, from: number) {
    this.#columns = Array.from({ length: series }, () => new Float64Array(capacity));
    this.#capacity = capacity;
    this.#from = from;
    this.#to = from - 1;
  }

  /** Oldest second held. */
  get from(): number {
    return Math.max(this.#from, this.#to - this.#capacity + 1);
  }

  /** Newest second held. */
  get to(): number {
    return this.#to;
  }

  /** Adds the second after {@link to}. */
  append(values: Float64Array): void {
    this.#to++;
    const slot = this.#to % this.#capacity;
    for (let i = 0; i < this.#columns.length; i++) (this.#columns[i] as Float64Array)[slot] = values[i] as number;
  }

  /** A column from `from` to `to`, both held. */
  column(i: number, from: number, to: number): Float64Array {
    const ring = this.#columns[i] as Float64Array;
    const column = new Float64Array(Math.max(0, to - from + 1));
    for (let s = from; s <= to; s++) column[s - from] = ring[s % this.#capacity] as number;
    return column;
  }
}
