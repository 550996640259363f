/** Samples of one stretch: the best of the newest two counts. */
const STRETCH = 30;
/** Until so many samples came, being behind by less than this is taken for being late, ms: starting up is slow. */
const SURE_AFTER = 5;
const LATE_MS = 5000;

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
    const best = this.#best ?? this.#before;
    if (best === null) return null;
    if (this.#before === null && this.#count < SURE_AFTER && best < 0 && best > -LATE_MS) return 0;
    return Math.max(best, this.#before ?? best);
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
