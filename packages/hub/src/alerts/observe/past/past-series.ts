import type { HistoryAggregate, MetricKind } from "@wsight/protocol";
import type { WindowReading, WindowSeries } from "../../../current/window-view.ts";
import type { ColumnName, SeriesColumns } from "../../../store/reader.ts";
import { type Cells, type Chunk, cellsOf, Sums } from "./chunk.ts";
import type { PastNode } from "./past-node.ts";

const NONE: Float64Array = new Float64Array(0);

/** Columns that a figure is made from. */
export function columnsFor(kind: MetricKind, agg: HistoryAggregate): readonly ColumnName[] {
  if (kind === "histogram") {
    if (agg === "count" || agg === "rate") return ["count"];
    if (agg === "mean") return ["count", "sum"];
    return agg === "min" || agg === "max" ? ["count", agg] : ["histogram"];
  }
  if (agg === "total" || agg === "last") return ["count", "sum", "last"];
  return agg === "min" || agg === "max" ? ["count", "sum", agg] : ["count", "sum"];
}

/** One series of the past over trailing windows. */
export class PastSeries implements WindowSeries {
  readonly node: PastNode;
  readonly id: number;
  /** Distributions of each interval; empty unless they were read. */
  forms: readonly (Uint8Array | undefined)[] = [];
  readonly #kind: MetricKind;
  #chunk: Chunk | null = null;
  #rows: Sums | null = null;
  #count: Sums | null = null;
  #sum: Sums | null = null;
  #counts: Float64Array = NONE;
  #min: Float64Array = NONE;
  #max: Float64Array = NONE;
  #last: Float64Array = NONE;
  readonly #cells: Cells = { first: 0, end: 0 };

  constructor(id: number, node: PastNode, kind: MetricKind) {
    this.id = id;
    this.node = node;
    this.#kind = kind;
  }

  /** Begins with the next part of the past, of which nothing is known yet. */
  begin(chunk: Chunk): void {
    this.#chunk = chunk;
    this.#rows = this.#count = this.#sum = null;
    this.#counts = this.#min = this.#max = this.#last = NONE;
    this.forms = [];
  }

  /** Takes what was read of it. */
  take(columns: SeriesColumns, wanted: readonly ColumnName[]): void {
    const chunk = this.#chunk;
    if (chunk === null) return;
    const read = (name: ColumnName): Float64Array | null => {
      if (name === "histogram" || !wanted.includes(name)) return null;
      const values = columns[name];
      return dense(columns, chunk, (i) => values[i] as number);
    };
    const sums = (values: Float64Array | null): Sums | null => (values === null ? null : new Sums(values));
    const counts = read("count");
    this.#rows = new Sums(dense(columns, chunk, () => 1));
    this.#count = sums(counts);
    this.#sum = sums(read("sum"));
    this.#counts = counts ?? NONE;
    this.#min = read("min") ?? NONE;
    this.#max = read("max") ?? NONE;
    this.#last = read("last") ?? NONE;
    if (!wanted.includes("histogram")) return;
    const forms: (Uint8Array | undefined)[] = new Array(chunk.cells).fill(undefined);
    for (let i = 0; i < columns.length; i++) forms[cellOf(columns, chunk, i)] = columns.histogram[i];
    this.forms = forms;
  }

  read(second: number, seconds: number, reading: WindowReading): void {
    const cells = this.#cells;
    reading.count = reading.sum = 0;
    if (this.#chunk === null || this.#count === null) return;
    cellsOf(this.#chunk, second, seconds, cells);
    reading.count = this.#count.of(cells);
    // Of a distribution only the number of its values is asked for here.
    reading.sum = this.#kind === "histogram" ? reading.count : (this.#sum?.of(cells) ?? 0);
    if (reading.count === 0) return;
    const { least, largest } = this.extremes(second, seconds);
    reading.min = least;
    reading.max = largest;
    reading.last = this.#lastWithin(cells);
  }

  /** Values recorded within the window, and what they add up to. */
  totals(second: number, seconds: number): { readonly count: number; readonly sum: number } {
    const cells = this.#cells;
    if (this.#chunk === null) return { count: 0, sum: 0 };
    cellsOf(this.#chunk, second, seconds, cells);
    return { count: this.#count?.of(cells) ?? 0, sum: this.#sum?.of(cells) ?? 0 };
  }

  /** Least and largest value, where they were read. */
  extremes(second: number, seconds: number): { readonly least: number; readonly largest: number } {
    const cells = this.#cells;
    let least = Infinity;
    let largest = -Infinity;
    if (this.#chunk === null || this.#min.length + this.#max.length === 0) return { least, largest };
    cellsOf(this.#chunk, second, seconds, cells);
    for (let i = cells.first; i < cells.end; i++) {
      if ((this.#counts[i] as number) === 0) continue;
      least = Math.min(least, this.#min[i] ?? Infinity);
      largest = Math.max(largest, this.#max[i] ?? -Infinity);
    }
    return { least, largest };
  }

  /** Seconds of the intervals of the window that have data. */
  seconds(second: number, seconds: number): number {
    const cells = this.#cells;
    if (this.#chunk === null || this.#rows === null) return 0;
    cellsOf(this.#chunk, second, seconds, cells);
    return (this.#rows.of(cells) * this.#chunk.stepMs) / 1000;
  }

  #lastWithin({ first, end }: Cells): number {
    for (let i = end - 1; i >= first && this.#last.length > 0; i--) {
      if ((this.#counts[i] as number) > 0) return this.#last[i] as number;
    }
    return Number.NaN;
  }
}

function cellOf({ at }: SeriesColumns, { fromAt, stepMs }: Chunk, i: number): number {
  return Math.floor(((at[i] as number) - fromAt) / stepMs);
}

/** A value for each interval of a chunk; 0 where there is none. */
function dense(columns: SeriesColumns, chunk: Chunk, value: (i: number) => number): Float64Array {
  const values = new Float64Array(chunk.cells);
  for (let i = 0; i < columns.length; i++) values[cellOf(columns, chunk, i)] = value(i);
  return values;
}
