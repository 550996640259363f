const SECONDS = 10;

/** Bytes per second over the last ten seconds. */
export class ByteRate {
  readonly #counts = new Float64Array(SECONDS + 1);
  #second = 0;

  /** Counts bytes received at `now`, ms. */
  add(bytes: number, now: number): void {
    this.#advance(now);
    const slot = this.#second % this.#counts.length;
    this.#counts[slot] = (this.#counts[slot] as number) + bytes;
  }

  /** Mean of the ten whole seconds before `now`, ms. */
  read(now: number): number {
    this.#advance(now);
    let total = 0;
    for (const count of this.#counts) total += count;
    return (total - (this.#counts[this.#second % this.#counts.length] as number)) / SECONDS;
  }

  #advance(now: number): void {
    const second = Math.floor(now / 1000);
    const passed = second - this.#second;
    if (passed < 0 || passed >= this.#counts.length) this.#counts.fill(0);
    else for (let i = 1; i <= passed; i++) this.#counts[(this.#second + i) % this.#counts.length] = 0;
    this.#second = second;
  }
}
