import { BucketCounts } from "../../../current/bucket-counts.ts";
import type { WindowDistribution } from "../../../current/window-view.ts";
import { type Cells, type Chunk, cellsOf } from "./chunk.ts";
import type { PastSeries } from "./past-series.ts";

/** Distributions of a group bucket by bucket, over a window that slides on. */
export class PastBuckets implements WindowDistribution {
  readonly #series: readonly PastSeries[];
  readonly #counts = new BucketCounts();
  #chunk: Chunk | null = null;
  #held: Cells = { first: 0, end: 0 };
  /** Largest value of each interval of the chunk. */
  #maxima = new Float64Array(0);

  constructor(series: readonly PastSeries[]) {
    this.#series = series;
  }

  get count(): number {
    return this.#counts.count;
  }

  get sum(): number {
    return this.#counts.sum;
  }

  min(): number {
    return Math.min(this.#counts.lowest(), this.max());
  }

  max(): number {
    if (this.count === 0) return Number.NaN;
    let max = -Infinity;
    for (let i = this.#held.first; i < this.#held.end; i++) max = Math.max(max, this.#maxima[i] as number);
    return max;
  }

  quantile(q: number): number {
    return this.#counts.quantile(q, this);
  }

  /** Moves to the window of `seconds` that ends with `second`. */
  moveTo(chunk: Chunk, second: number, seconds: number): this {
    const next: Cells = { first: 0, end: 0 };
    cellsOf(chunk, second, seconds, next);
    const held = this.#held;
    if (chunk !== this.#chunk || next.first < held.first || next.end < held.end || next.first >= held.end) {
      this.#counts.clear();
      this.#chunk = chunk;
      if (this.#maxima.length !== chunk.cells) this.#maxima = new Float64Array(chunk.cells);
      this.#maxima.fill(-Infinity);
      held.first = held.end = next.first;
    }
    for (; held.end < next.end; held.end++) this.#maxima[held.end] = this.#take(held.end, 1);
    for (; held.first < next.first; held.first++) this.#take(held.first, -1);
    return this;
  }

  #take(cell: number, sign: 1 | -1): number {
    let max = -Infinity;
    for (const { forms } of this.#series) {
      const form = forms[cell];
      if (form !== undefined) max = Math.max(max, this.#counts.takeForm(form, sign));
    }
    return max;
  }
}

/** Figures of distributions that need no buckets. */
export class PastTotals implements WindowDistribution {
  count = 0;
  sum = 0;
  readonly #series: readonly PastSeries[];
  #second = 0;
  #seconds = 0;

  constructor(series: readonly PastSeries[]) {
    this.#series = series;
  }

  min(): number {
    return Math.min(...this.#series.map((one) => one.extremes(this.#second, this.#seconds).least));
  }

  max(): number {
    return Math.max(...this.#series.map((one) => one.extremes(this.#second, this.#seconds).largest));
  }

  /** Was not read. */
  quantile(): number {
    return Number.NaN;
  }

  /** Moves to the window of `seconds` that ends with `second`. */
  moveTo(_chunk: Chunk, second: number, seconds: number): this {
    this.#second = second;
    this.#seconds = seconds;
    this.count = this.sum = 0;
    for (const one of this.#series) {
      const { count, sum } = one.totals(second, seconds);
      this.count += count;
      this.sum += sum;
    }
    return this;
  }
}
