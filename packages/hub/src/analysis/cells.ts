import type { ColumnName, SeriesColumns } from "../store/reader.ts";
import type { Grid } from "./grid.ts";

/**
 * One series over the intervals of a grid. Every array has a place for each
 * interval and, last, one for the whole time; `count` 0 is no data.
 */
export class SeriesCells {
  readonly min: Float64Array;
  readonly max: Float64Array;
  readonly sum: Float64Array;
  readonly count: Float64Array;
  readonly last: Float64Array;
  /** Intervals of the tier that had data. */
  readonly rows: Float64Array;
  readonly #grid: Grid;

  constructor(grid: Grid) {
    const slots = grid.cells + 1;
    this.#grid = grid;
    this.min = new Float64Array(slots).fill(Infinity);
    this.max = new Float64Array(slots).fill(-Infinity);
    this.sum = new Float64Array(slots);
    this.count = new Float64Array(slots);
    this.last = new Float64Array(slots);
    this.rows = new Float64Array(slots);
  }

  /** Forgets everything. */
  reset(): void {
    this.min.fill(Infinity);
    this.max.fill(-Infinity);
    this.sum.fill(0);
    this.count.fill(0);
    this.last.fill(0);
    this.rows.fill(0);
  }

  /** Adds intervals of one series that come after those it has. What was not read is not added. */
  take(columns: SeriesColumns, wanted: ReadonlySet<ColumnName>): void {
    if (columns.length === 0) return;
    if (wanted.has("count")) this.#add(columns, columns.count, this.count);
    if (wanted.has("sum")) this.#add(columns, columns.sum, this.sum);
    if (wanted.has("min")) this.#least(columns);
    if (wanted.has("max")) this.#largest(columns);
    if (wanted.has("last")) this.#newest(columns);
    this.#add(columns, null, this.rows);
  }

  #add({ at, length }: SeriesColumns, values: Float64Array | null, into: Float64Array): void {
    const { fromAt, stepMs, cells } = this.#grid;
    let whole = into[cells] as number;
    for (let i = 0; i < length; i++) {
      const value = values === null ? 1 : (values[i] as number);
      const cell = Math.floor(((at[i] as number) - fromAt) / stepMs);
      into[cell] = (into[cell] as number) + value;
      whole += value;
    }
    into[cells] = whole;
  }

  #least({ at, length, min }: SeriesColumns): void {
    const { fromAt, stepMs, cells } = this.#grid;
    const into = this.min;
    for (let i = 0; i < length; i++) {
      const value = min[i] as number;
      const cell = Math.floor(((at[i] as number) - fromAt) / stepMs);
      if (value < (into[cell] as number)) into[cell] = value;
      if (value < (into[cells] as number)) into[cells] = value;
    }
  }

  #largest({ at, length, max }: SeriesColumns): void {
    const { fromAt, stepMs, cells } = this.#grid;
    const into = this.max;
    for (let i = 0; i < length; i++) {
      const value = max[i] as number;
      const cell = Math.floor(((at[i] as number) - fromAt) / stepMs);
      if (value > (into[cell] as number)) into[cell] = value;
      if (value > (into[cells] as number)) into[cells] = value;
    }
  }

  #newest({ at, length, last }: SeriesColumns): void {
    const { fromAt, stepMs, cells } = this.#grid;
    for (let i = 0; i < length; i++) {
      this.last[Math.floor(((at[i] as number) - fromAt) / stepMs)] = last[i] as number;
    }
    this.last[cells] = last[length - 1] as number;
  }
}
