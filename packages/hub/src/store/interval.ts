import type { Histogram, MetricKind } from "@wsight/protocol";
import type { SeriesState } from "../current-view.ts";
import type { Sample } from "./old-store.ts";

/** What one interval of a series comes to. */
type Figures = Pick<Sample, "min" | "max" | "sum" | "count" | "last" | "histogram">;

/**
 * Turns the absolute states of one series into figures of the interval they
 * fall in. Counters and histograms that belong to a new epoch, or that became
 * less, have begun anew: all they hold is growth.
 */
export interface SeriesInterval {
  /** Takes the newest state. */
  take(state: SeriesState): void;
  /**
   * The figures so far, `null` when there is nothing to say. `fromZero` tells
   * that what the first state of the series held was growth too.
   */
  figures(fromZero: boolean): Figures | null;
  /** Begins the next interval where this one ends. */
  next(): void;
}

/** One way of counting for each kind of metric. */
export const SERIES_INTERVALS: Readonly<Record<MetricKind, () => SeriesInterval>> = {
  counter: () => new CounterInterval(),
  gauge: () => new GaugeInterval(),
  histogram: () => new HistogramInterval(),
};

class CounterInterval implements SeriesInterval {
  #epoch: number | null = null;
  #value = 0;
  /** `#value` without what was folded in. */
  #own = 0;
  #base = 0;
  #grown = 0;
  /** What was there at first sight. */
  #found = 0;

  take({ epoch, value, folded = 0 }: SeriesState): void {
    if (typeof value !== "number" || typeof folded !== "number" || !Number.isFinite(value)) return;
    const own = value - folded;
    if (this.#epoch === null) this.#base = this.#found = own;
    else if (epoch !== this.#epoch || own < this.#own) {
      this.#grown += this.#own - this.#base;
      this.#base = 0;
    }
    this.#epoch = epoch;
    this.#value = value;
    this.#own = own;
  }

  figures(fromZero: boolean): Figures | null {
    if (this.#epoch === null) return null;
    const sum = this.#grown + this.#own - this.#base + (fromZero ? this.#found : 0);
    return { min: sum, max: sum, sum, count: 1, last: this.#value };
  }

  next(): void {
    this.#base = this.#own;
    this.#grown = this.#found = 0;
  }
}

class GaugeInterval implements SeriesInterval {
  #min: number = Infinity;
  #max: number = -Infinity;
  #sum = 0;
  #count = 0;
  #last = 0;

  take({ value }: SeriesState): void {
    if (typeof value !== "number" || !Number.isFinite(value)) return;
    this.#min = Math.min(this.#min, value);
    this.#max = Math.max(this.#max, value);
    this.#sum += value;
    this.#count++;
    this.#last = value;
  }

  figures(): Figures | null {
    if (this.#count === 0) return null;
    return { min: this.#min, max: this.#max, sum: this.#sum, count: this.#count, last: this.#last };
  }

  next(): void {
    this.#min = Infinity;
    this.#max = -Infinity;
    this.#sum = this.#count = 0;
  }
}

/** A state of a histogram and what of it was folded in. */
interface HistogramMark {
  readonly value: Histogram;
  readonly folded: Histogram | null;
}

class HistogramInterval implements SeriesInterval {
  #epoch = 0;
  #latest: HistogramMark | null = null;
  /** Where counting began; `null` for zero. */
  #base: HistogramMark | null = null;
  /** What earlier epochs of the interval recorded. */
  #grown: Histogram | null = null;
  #found: Histogram | null = null;

  take({ epoch, value, folded }: SeriesState): void {
    if (typeof value === "number" || typeof folded === "number") return;
    const mark = { value, folded: folded ?? null };
    if (this.#latest === null) {
      this.#base = mark;
      this.#found = value;
    } else if (epoch !== this.#epoch || value.count < this.#latest.value.count) {
      this.#grown = sum(this.#grown, growth(this.#latest, this.#base));
      this.#base = null;
    }
    this.#epoch = epoch;
    this.#latest = mark;
  }

  figures(fromZero: boolean): Figures | null {
    if (this.#latest === null) return null;
    let whole = sum(this.#grown, growth(this.#latest, this.#base));
    if (fromZero && this.#found !== null) whole = sum(whole, this.#found);
    if (whole.count === 0) return null;
    const { min, max, count } = whole;
    return { min, max, sum: whole.sum, count, last: whole.sum / count, histogram: whole.encode() };
  }

  next(): void {
    this.#base = this.#latest;
    this.#grown = this.#found = null;
  }
}

function growth(latest: HistogramMark, base: HistogramMark | null): Histogram {
  const whole = base === null ? latest.value : latest.value.since(base.value);
  if (latest.folded === null) return whole;
  const folded = base === null || base.folded === null ? latest.folded : latest.folded.since(base.folded);
  return folded.count === 0 ? whole : whole.since(folded);
}

function sum(one: Histogram | null, other: Histogram): Histogram {
  if (one === null) return other;
  const both = one.clone();
  both.merge(other);
  return both;
}
