/** Samples of one stretch: the best of the newest two counts. */
const STRETCH = 30;

/**
 * How far a node's clock is ahead of the hub's. Each sample is short of that by its way and by what the hub had else to
 * do, so that the largest of the last half a minute to a minute is the truest.
 */
export class ClockLead {
  #best: number | null = null;
  #before: number | null = null;
  #count = 0;

  /** ms; `null` before the first sample. */
  get ms(): number | null {
    if (this.#best === null || this.#before === null) return this.#best ?? this.#before;
    return Math.max(this.#best, this.#before);
  }

  /** Something that was told at `toldAt` by the node's clock was heard at `heardAt` by the hub's, ms epoch. */
  add(toldAt: number, heardAt: number): void {
    if (this.#count === STRETCH) {
      this.#before = this.#best;
      this.#best = null;
      this.#count = 0;
    }
    this.#count++;
    this.#best = Math.max(this.#best ?? Number.NEGATIVE_INFINITY, toldAt - heardAt);
  }
}
