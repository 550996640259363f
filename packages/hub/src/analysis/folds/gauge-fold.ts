import type { HistorySelector } from "@wsight/protocol";
import type { StoredSeries } from "../../store/reader.ts";
import type { SeriesCells } from "../cells.ts";
import type { LineSeries } from "../lines.ts";
import { type Presence, type Present, stays } from "../presence.ts";
import { type ColumnsOf, type Figure, type Fold, type FoldContext, slotsOf } from "./fold.ts";

/** @see GaugeFold */
export const gaugeColumns: ColumnsOf = (selectors, envelope) => {
  const asks = (...aggs: readonly string[]): boolean => selectors.some(({ agg }) => aggs.includes(agg));
  const bounds = envelope && asks("mean", "sum", "last");
  return [
    "count",
    ...(asks("mean", "sum") ? (["sum"] as const) : []),
    ...(bounds || asks("min") ? (["min"] as const) : []),
    ...(bounds || asks("max") ? (["max"] as const) : []),
    ...(asks("last") ? (["last"] as const) : []),
  ];
};

/**
 * Gauges. `mean` and `last` put series together as the catalogue's `across`
 * says, `sum` always adds them up; `min` and `max` are the least and the
 * largest reading of any series.
 *
 * `mean` is over time. Of sums it is the sum of all readings by the seconds in
 * which any was read, so a process that took over from another within the
 * interval is not counted twice. Of `max` it is the largest of the series'
 * means, of `mean` the mean of all readings. `last` leaves out nodes that were
 * gone at the end of the interval.
 */
export class GaugeFold implements Fold {
  readonly seconds: Float64Array;
  any = false;
  readonly #across: "sum" | "max" | "mean";
  readonly #presence: Presence;
  #line: Present;
  readonly #sum: Float64Array;
  readonly #count: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #largestMin: Float64Array;
  readonly #largestMean: Float64Array;
  readonly #lowSum: Float64Array;
  readonly #highSum: Float64Array;
  readonly #lastSum: Float64Array;
  readonly #lastMax: Float64Array;
  readonly #lastCount: Float64Array;
  /** Largest share of its node's time that any series was read in. */
  readonly #share: Float64Array;

  constructor({ grid, metric, presence }: FoldContext) {
    this.#across = metric.across;
    this.#presence = presence;
    this.#line = presence.of([]);
    this.seconds = slotsOf(grid, 0);
    this.#sum = slotsOf(grid, 0);
    this.#count = slotsOf(grid, 0);
    this.#min = slotsOf(grid, Infinity);
    this.#max = slotsOf(grid, -Infinity);
    this.#largestMin = slotsOf(grid, -Infinity);
    this.#largestMean = slotsOf(grid, -Infinity);
    this.#lowSum = slotsOf(grid, 0);
    this.#highSum = slotsOf(grid, 0);
    this.#lastSum = slotsOf(grid, 0);
    this.#lastMax = slotsOf(grid, -Infinity);
    this.#lastCount = slotsOf(grid, 0);
    this.#share = slotsOf(grid, 0);
  }

  begin({ nodes }: LineSeries): void {
    this.any = false;
    this.#line = this.#presence.of(nodes);
    const sums = [this.seconds, this.#sum, this.#count, this.#lowSum, this.#highSum, this.#lastSum];
    for (const values of [...sums, this.#lastCount, this.#share]) values.fill(0);
    for (const values of [this.#max, this.#largestMin, this.#largestMean, this.#lastMax]) values.fill(-Infinity);
    this.#min.fill(Infinity);
  }

  add({ node }: StoredSeries, cells: SeriesCells): void {
    this.any = true;
    const line = this.#line;
    const own = this.#presence.of([node]);
    for (let slot = 0; slot < this.seconds.length; slot++) {
      const count = cells.count[slot] as number;
      if (count === 0) continue;
      const sum = cells.sum[slot] as number;
      const min = cells.min[slot] as number;
      const max = cells.max[slot] as number;
      const last = cells.last[slot] as number;
      this.#sum[slot] = (this.#sum[slot] as number) + sum;
      this.#count[slot] = (this.#count[slot] as number) + count;
      this.#min[slot] = Math.min(this.#min[slot] as number, min);
      this.#max[slot] = Math.max(this.#max[slot] as number, max);
      this.#largestMin[slot] = Math.max(this.#largestMin[slot] as number, min);
      this.#largestMean[slot] = Math.max(this.#largestMean[slot] as number, sum / count);
      // A series that was not read all the time adds nothing to the sum of other seconds.
      const partly = count < (line.seconds[slot] as number);
      this.#lowSum[slot] = (this.#lowSum[slot] as number) + (partly ? Math.min(0, min) : min);
      this.#highSum[slot] = (this.#highSum[slot] as number) + (partly ? Math.max(0, max) : max);
      const known = own.seconds[slot] as number;
      const share = known > 0 ? Math.min(1, count / known) : 0;
      this.#share[slot] = Math.max(this.#share[slot] as number, share);
      this.seconds[slot] = Math.max(this.seconds[slot] as number, count);
      if (!stays(own, line, slot)) continue;
      this.#lastSum[slot] = (this.#lastSum[slot] as number) + last;
      this.#lastMax[slot] = Math.max(this.#lastMax[slot] as number, last);
      this.#lastCount[slot] = (this.#lastCount[slot] as number) + 1;
    }
  }

  addDistributions(): void {}

  finish(): void {
    for (let slot = 0; slot < this.seconds.length; slot++) {
      const watched = (this.#line.seconds[slot] as number) * (this.#share[slot] as number);
      this.seconds[slot] = Math.max(this.seconds[slot] as number, watched);
    }
  }

  figure({ agg }: HistorySelector): Figure {
    if (agg === "min") return { values: this.#where(this.#min) };
    if (agg === "max") return { values: this.#where(this.#max) };
    const across = agg === "sum" ? "sum" : this.#across;
    const values = agg === "last" ? this.#last(across) : this.#mean(across);
    return { values, ...this.#envelope(across) };
  }

  #mean(across: "sum" | "max" | "mean"): Float64Array {
    if (across === "max") return this.#where(this.#largestMean);
    const by = across === "sum" ? this.seconds : this.#count;
    return this.#sum.map((sum, slot) => ((this.#count[slot] as number) > 0 ? sum / (by[slot] as number) : Number.NaN));
  }

  #last(across: "sum" | "max" | "mean"): Float64Array {
    const values = across === "max" ? this.#lastMax : this.#lastSum;
    return values.map((value, slot) => {
      const count = this.#lastCount[slot] as number;
      if (count === 0) return Number.NaN;
      return across === "mean" ? value / count : value;
    });
  }

  #envelope(across: "sum" | "max" | "mean"): Pick<Figure, "low" | "high"> {
    if (across === "sum") return { low: this.#where(this.#lowSum), high: this.#where(this.#highSum) };
    return { low: this.#where(across === "max" ? this.#largestMin : this.#min), high: this.#where(this.#max) };
  }

  /** NaN where nothing was read. */
  #where(values: Float64Array): Float64Array {
    return values.map((value, slot) => ((this.#count[slot] as number) > 0 ? value : Number.NaN));
  }
}
