import type { HistorySelector } from "@wsight/protocol";
import type { StoredSeries } from "../../store/reader.ts";
import type { SeriesCells } from "../cells.ts";
import type { LineSeries } from "../lines.ts";
import { type Presence, type Present, stays } from "../presence.ts";
import { type ColumnsOf, type Figure, type Fold, type FoldContext, slotsOf } from "./fold.ts";

/** What is added up before anything is compared: all series of the line, or those of a node, or one. */
interface Part {
  readonly growth: Float64Array;
  /** Seconds of the series that has most. */
  readonly own: Float64Array;
  readonly low: Float64Array;
  readonly high: Float64Array;
  readonly total: Float64Array;
}

/** @see CounterFold */
export const counterColumns: ColumnsOf = (selectors, envelope) => {
  const rates = selectors.some(({ agg }) => agg !== "total");
  const totals = selectors.some(({ agg }) => agg === "total");
  return [
    "count",
    ...(rates ? (["sum"] as const) : []),
    ...(rates && envelope ? (["min", "max"] as const) : []),
    ...(totals ? (["last"] as const) : []),
  ];
};

/**
 * Counters. `increase` is the growth, `rate` the growth by the seconds in which
 * it was watched: those in which any node of the line was known, or any of its
 * counters was read. `total` adds up the newest values of the nodes that were
 * still there at the end of the interval.
 *
 * Several series add up. Where the catalogue says `across: max` several
 * processes count one thing: then the series of a node add up and the node
 * with the largest figure counts; those of `db.client` never add up.
 */
export class CounterFold implements Fold {
  readonly seconds: Float64Array;
  any = false;
  readonly #presence: Presence;
  readonly #parting: "line" | "node" | "series";
  readonly #rate: Float64Array;
  readonly #increase: Float64Array;
  readonly #total: Float64Array;
  readonly #low: Float64Array;
  readonly #high: Float64Array;
  readonly #part: Part;
  #line: Present;
  #node: string | null = null;

  constructor({ grid, metric, presence }: FoldContext) {
    this.#presence = presence;
    this.#line = presence.of([]);
    if (metric.across !== "max") this.#parting = "line";
    else this.#parting = metric.attributes.includes("db.client") ? "series" : "node";
    this.seconds = slotsOf(grid, 0);
    this.#rate = slotsOf(grid);
    this.#increase = slotsOf(grid);
    this.#total = slotsOf(grid);
    this.#low = slotsOf(grid);
    this.#high = slotsOf(grid);
    const part = (): Float64Array => slotsOf(grid);
    this.#part = { growth: part(), own: slotsOf(grid, 0), low: part(), high: part(), total: part() };
  }

  begin({ nodes }: LineSeries): void {
    this.any = false;
    this.#line = this.#presence.of(nodes);
    this.#node = null;
    this.seconds.fill(0);
    for (const values of [this.#rate, this.#increase, this.#total, this.#low, this.#high]) values.fill(Number.NaN);
  }

  add({ node }: StoredSeries, cells: SeriesCells): void {
    this.any = true;
    if (this.#parting === "series" || (this.#parting === "node" && node !== this.#node)) this.#endPart();
    if (this.#node === null) this.#beginPart();
    this.#node = node;
    const line = this.#line;
    const { growth, own, low, high, total } = this.#part;
    const there = this.#presence.of([node]);
    for (let slot = 0; slot < growth.length; slot++) {
      const count = cells.count[slot] as number;
      if (count === 0) continue;
      growth[slot] = added(growth[slot], cells.sum[slot] as number);
      if (count > (own[slot] as number)) own[slot] = count;
      // A counter that was not there all the time may have stood still the rest of it.
      const least = count < (line.seconds[slot] as number) ? 0 : (cells.min[slot] as number);
      low[slot] = added(low[slot], least);
      high[slot] = added(high[slot], cells.max[slot] as number);
      if (stays(there, line, slot)) total[slot] = added(total[slot], cells.last[slot] as number);
    }
  }

  addDistributions(): void {}

  finish(): void {
    this.#endPart();
  }

  figure({ agg }: HistorySelector): Figure {
    if (agg === "increase") return { values: this.#increase.slice() };
    if (agg === "total") return { values: this.#total.slice() };
    return { values: this.#rate.slice(), low: this.#low.slice(), high: this.#high.slice() };
  }

  #beginPart(): void {
    const { growth, own, low, high, total } = this.#part;
    own.fill(0);
    for (const values of [growth, low, high, total]) values.fill(Number.NaN);
  }

  #endPart(): void {
    if (this.#node === null) return;
    const { seconds } = this.#parting === "line" ? this.#line : this.#presence.of([this.#node]);
    this.#node = null;
    const part = this.#part;
    for (let slot = 0; slot < seconds.length; slot++) {
      const growth = part.growth[slot] as number;
      if (growth !== growth) continue;
      const watched = Math.max(seconds[slot] as number, part.own[slot] as number);
      if (watched > (this.seconds[slot] as number)) this.seconds[slot] = watched;
      keepLargest(this.#increase, slot, growth);
      keepLargest(this.#rate, slot, growth / watched);
      keepLargest(this.#total, slot, part.total[slot] as number);
      keepLargest(this.#low, slot, part.low[slot] as number);
      keepLargest(this.#high, slot, part.high[slot] as number);
    }
  }
}

function added(before: number | undefined, more: number): number {
  return before === undefined || before !== before ? more : before + more;
}

function keepLargest(values: Float64Array, slot: number, value: number): void {
  const before = values[slot] as number;
  if (before !== before || value > before) values[slot] = value;
}
