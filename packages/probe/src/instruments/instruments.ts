import { Histogram, type Series } from "@wsight/protocol";

/** A number that only grows within an epoch. On the hot path: `counter.value++`. */
export class Counter {
  /** Growth since the epoch began. */
  value = 0;
  /** What the newest snapshot told; `-1` before the first. */
  told = -1;
  readonly id: number;
  readonly series: Series;

  constructor(id: number, series: Series) {
    this.id = id;
    this.series = series;
  }

  add(by: number): void {
    this.value += by;
  }
}

/** A distribution with the id it has on the link. */
export class Distribution extends Histogram {
  /** `count` that the newest snapshot told; `-1` before the first. */
  told = -1;
  readonly id: number;
  readonly series: Series;

  constructor(id: number, series: Series) {
    super();
    this.id = id;
    this.series = series;
  }
}

/** A reading taken when a snapshot is, from whoever owns the truth. */
export interface Gauge {
  readonly id: number;
  readonly series: Series;
  /** Returns the reading; NaN when it cannot be had. */
  readonly read: () => number;
  /** What the newest snapshot told. */
  told: number;
}
