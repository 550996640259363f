/** Reads that are looked at together. */
const KEPT = 5;
/** Reads before the usual time is judged. */
const ENOUGH = 3;
/** A read over its budget by this factor, and at least so long, counts at once. */
const FAR_OVER = 20;
const FAR_OVER_MS = 100;

/** How long the last reads of one pull held the application's thread. */
export class PullTimes {
  readonly #last: number[] = [];
  readonly #budgetMs: number;
  #good = 0;
  #meanBefore = 0;

  /** @param budgetMs what a read may take */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Reads in a row, up to the newest, within half the budget. */
  get good(): number {
    return this.#good;
  }

  /** Takes the time of one more read, ms. */
  add(ms: number): void {
    if (this.#last.length >= KEPT) this.#last.shift();
    this.#last.push(ms);
    this.#good = ms <= this.#budgetMs / 2 ? this.#good + 1 : 0;
  }

  /** Mean of the last reads, ms; 0 before the first. */
  mean(): number {
    return this.#last.length === 0 ? this.#meanBefore : this.#last.reduce((sum, ms) => sum + ms, 0) / this.#last.length;
  }

  /**
   * True when the usual read takes longer than the budget, or the newest by
   * far. The median, not the mean: a read during which the process was put
   * aside, or a collection ran, says nothing about the next.
   */
  isOver(): boolean {
    const newest = this.#last.at(-1) ?? 0;
    if (newest > Math.max(FAR_OVER_MS, this.#budgetMs * FAR_OVER)) return true;
    return this.#last.length >= ENOUGH && median(this.#last) > this.#budgetMs;
  }

  /** Judges from here on: what the reads so far took has decided something already. */
  forget(): void {
    this.#meanBefore = this.mean();
    this.#last.length = 0;
    this.#good = 0;
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
