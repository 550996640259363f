import type { HistorySelector } from "@wsight/protocol";
import type { ColumnName, SeriesColumns, StoredSeries } from "../../store/reader.ts";
import { BucketSum } from "../bucket-sum.ts";
import type { SeriesCells } from "../cells.ts";
import type { LineSeries } from "../lines.ts";
import type { Pace } from "../pace.ts";
import type { Present } from "../presence.ts";
import { type ColumnsOf, type Figure, type Fold, type FoldContext, slotsOf } from "./fold.ts";

const QUANTILES: Readonly<Record<string, number>> = {
  p50: 0.5,
  p75: 0.75,
  p90: 0.9,
  p95: 0.95,
  p99: 0.99,
  p999: 0.999,
};

/** @see HistogramFold */
export const histogramColumns: ColumnsOf = (selectors) => {
  if (selectors.some(needsBuckets)) return ["histogram"];
  const columns = new Set<ColumnName>(["count"]);
  for (const { agg } of selectors) {
    if (agg === "mean") columns.add("sum");
    if (agg === "min" || agg === "max") columns.add(agg);
  }
  return [...columns];
};

/**
 * Distributions. What several series and intervals recorded is put together
 * bucket by bucket, and a quantile is taken from that: nearest rank, within
 * 1.1 % of the exact value. `rate` and `octave` are counts by the seconds in which
 * any node of the line was known.
 */
export class HistogramFold implements Fold {
  readonly seconds: Float64Array;
  any = false;
  readonly #context: FoldContext;
  readonly #selectors: readonly HistorySelector[];
  readonly #withBuckets: boolean;
  readonly #figures: readonly Float64Array[];
  readonly #count: Float64Array;
  readonly #sum: Float64Array;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #parts: Uint8Array[][];
  #line: Present;
  readonly #cell: BucketSum = new BucketSum();
  readonly #whole: BucketSum = new BucketSum();

  constructor(context: FoldContext, selectors: readonly HistorySelector[]) {
    const { grid, presence } = context;
    this.#line = presence.of([]);
    this.#context = context;
    this.#selectors = selectors;
    this.#withBuckets = selectors.some(needsBuckets);
    this.#figures = this.#withBuckets ? selectors.map(() => slotsOf(grid)) : [];
    this.#parts = this.#withBuckets ? Array.from({ length: grid.cells }, () => []) : [];
    this.seconds = slotsOf(grid, 0);
    this.#count = slotsOf(grid, 0);
    this.#sum = slotsOf(grid, 0);
    this.#min = slotsOf(grid, Infinity);
    this.#max = slotsOf(grid, -Infinity);
  }

  begin({ nodes }: LineSeries): void {
    this.any = false;
    this.#line = this.#context.presence.of(nodes);
    for (const values of [this.seconds, this.#count, this.#sum]) values.fill(0);
    this.#min.fill(Infinity);
    this.#max.fill(-Infinity);
    for (const parts of this.#parts) parts.length = 0;
  }

  add(_series: StoredSeries, cells: SeriesCells): void {
    this.any = true;
    const tierSeconds = this.#context.tierMs / 1000;
    for (let slot = 0; slot < this.seconds.length; slot++) {
      // Without a witness all that is known is that there was something to record.
      const watched = (cells.rows[slot] as number) * tierSeconds;
      if (watched > (this.seconds[slot] as number)) this.seconds[slot] = watched;
      if (this.#withBuckets) continue;
      this.#count[slot] = (this.#count[slot] as number) + (cells.count[slot] as number);
      this.#sum[slot] = (this.#sum[slot] as number) + (cells.sum[slot] as number);
      this.#min[slot] = Math.min(this.#min[slot] as number, cells.min[slot] as number);
      this.#max[slot] = Math.max(this.#max[slot] as number, cells.max[slot] as number);
    }
  }

  addDistributions({ at, length, histogram }: SeriesColumns): void {
    if (!this.#withBuckets) return;
    const { fromAt, stepMs } = this.#context.grid;
    for (let i = 0; i < length; i++) {
      this.#parts[Math.floor(((at[i] as number) - fromAt) / stepMs)]?.push(histogram[i] as Uint8Array);
    }
  }

  finish(pace: Pace): Promise<void> | void {
    this.#line.seconds.forEach((watched, slot) => {
      if (watched > 0) this.seconds[slot] = watched;
    });
    return this.#withBuckets ? this.#merge(pace) : undefined;
  }

  figure(selector: HistorySelector): Figure {
    const read = this.#figures[this.#selectors.indexOf(selector)];
    if (read !== undefined) return { values: read.slice() };
    return { values: this.seconds.map((_, slot) => this.#plain(selector.agg, slot)) };
  }

  async #merge(pace: Pace): Promise<void> {
    const whole = this.#whole;
    const cell = this.#cell;
    whole.clear();
    for (const [slot, parts] of this.#parts.entries()) {
      cell.clear();
      for (const bytes of parts) cell.add(bytes);
      this.#read(cell, slot);
      whole.addAll(cell);
      if (pace.isDue) await pace.rest();
    }
    this.#read(whole, this.#parts.length);
  }

  #read(sum: BucketSum, slot: number): void {
    this.#count[slot] = sum.count;
    this.#sum[slot] = sum.sum;
    this.#min[slot] = sum.min;
    this.#max[slot] = sum.max;
    this.#selectors.forEach(({ agg, octave = 0 }, i) => {
      const figures = this.#figures[i] as Float64Array;
      const quantile = QUANTILES[agg];
      if (quantile !== undefined) figures[slot] = sum.quantile(quantile);
      else if (agg === "octave") figures[slot] = this.#perSecond(sum.octave(octave), slot);
      else figures[slot] = this.#plain(agg, slot);
    });
  }

  #plain(agg: string, slot: number): number {
    const count = this.#count[slot] as number;
    if (agg === "rate") return this.#perSecond(count, slot);
    if (agg === "count") return (this.seconds[slot] as number) > 0 ? count : Number.NaN;
    if (count === 0) return Number.NaN;
    if (agg === "mean") return (this.#sum[slot] as number) / count;
    return (agg === "min" ? this.#min : this.#max)[slot] as number;
  }

  #perSecond(count: number, slot: number): number {
    const seconds = this.seconds[slot] as number;
    return seconds > 0 ? count / seconds : Number.NaN;
  }
}

function needsBuckets({ agg }: HistorySelector): boolean {
  return agg === "octave" || agg in QUANTILES;
}
