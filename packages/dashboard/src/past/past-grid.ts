import type { HistoryAnswer, HistoryLine, Selector } from "@wsight/protocol";
import type { Past, SeriesColumns } from "../state/live.ts";
import type { PastAnswer, PastTable } from "../state/past-rows.ts";

/** A value this many intervals from the end still says how it was there. */
const CURRENT_STEPS = 3;

/** One series of the past, one value an interval, NaN where nothing is known. */
type Row = Float64Array;

/** Tables by {@link tableKey}; `null` for one that can't be had. */
export type PastTableMap = ReadonlyMap<string, PastAnswer<PastTable> | null>;

/** Name of a table of one node, or of all. */
export function tableKey(name: PastTable, node: string | null): string {
  return node === null ? name : `${name} ${node}`;
}

/** A stretch of the past with the series that were asked for so far. */
export class PastGrid implements Past {
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
  /** Step of the tier that was read, ms. */
  readonly resolutionMs: number;
  /** How much of the time has data in any series, 0 to 1. */
  readonly coverage: number;
  readonly #rows: ReadonlyMap<string, Row>;
  readonly #tables: PastTableMap;

  constructor(
    first: Omit<HistoryAnswer, "results">,
    rows: ReadonlyMap<string, Row>,
    tables: PastTableMap = new Map<string, null>(),
  ) {
    this.fromAt = first.fromAt;
    this.toAt = first.toAt;
    this.stepMs = first.stepMs;
    this.resolutionMs = first.resolutionMs;
    this.coverage = first.coverage;
    this.#rows = rows;
    this.#tables = tables;
  }

  /** True when this series was asked for, whatever came of it. */
  has(key: string): boolean {
    return this.#rows.has(key);
  }

  /** The same stretch with more series. @param coverage of what was added */
  with(rows: ReadonlyMap<string, Row>, coverage: number): PastGrid {
    return new PastGrid(
      { ...this.#shape(), coverage: Math.max(this.coverage, coverage) },
      new Map([...this.#rows, ...rows]),
      this.#tables,
    );
  }

  /** True when this table was asked for, whatever came of it. @param key see {@link tableKey} */
  hasTable(key: string): boolean {
    return this.#tables.has(key);
  }

  /** The same stretch with more tables. */
  withTables(tables: PastTableMap): PastGrid {
    return new PastGrid(this.#shape(), this.#rows, new Map([...this.#tables, ...tables]));
  }

  table<T extends PastTable>(name: T, node: string | null): PastAnswer<T> | null {
    // What was put there under this name was made for it.
    return (this.#tables.get(tableKey(name, node)) ?? null) as PastAnswer<T> | null;
  }

  latest(key: string): number | null {
    const row = this.#rows.get(key);
    if (row === undefined) return null;
    for (let i = row.length - 1; i >= Math.max(0, row.length - CURRENT_STEPS); i--) {
      const value = row[i] as number;
      if (value === value) return value;
    }
    return null;
  }

  read(key: string, fromAt: number, toAt: number, into?: SeriesColumns): SeriesColumns & { readonly length: number } {
    const { stepMs } = this;
    const row = this.#rows.get(key);
    const first = Math.ceil((Math.max(fromAt, this.fromAt) - this.fromAt) / stepMs);
    const last = Math.floor((Math.min(toAt, this.toAt - stepMs) - this.fromAt) / stepMs);
    const length = Math.max(0, last - first + 1);
    const fits = into !== undefined && into.at.length >= length && into.value.length >= length;
    const at = fits ? into.at : new Float64Array(length);
    const value = fits ? into.value : new Float64Array(length);
    for (let i = 0; i < length; i++) {
      at[i] = (this.fromAt + (first + i) * stepMs) / 1000;
      value[i] = row?.[first + i] ?? Number.NaN;
    }
    return { at, value, length };
  }

  #shape(): Omit<HistoryAnswer, "results"> {
    const { fromAt, toAt, stepMs, resolutionMs, coverage } = this;
    return { fromAt, toAt, stepMs, resolutionMs: resolutionMs as HistoryAnswer["resolutionMs"], coverage };
  }
}

/** The grid that rows are put on. */
export type GridShape = Pick<Past, "fromAt" | "toAt" | "stepMs">;

/**
 * One line of an answer on a grid. Answers to one question have one grid; one
 * that was answered on another is read at each interval's start.
 */
export function rowOf(grid: GridShape, answer: GridShape, line: HistoryLine | undefined, selector: Selector): Row {
  const length = Math.round((grid.toAt - grid.fromAt) / grid.stepMs);
  const row = Float64Array.from({ length }, (_, i) => {
    const at = grid.fromAt + i * grid.stepMs;
    return line?.values[Math.floor((at - answer.fromAt) / answer.stepMs)] ?? Number.NaN;
  });
  return smoothed(row, selector, grid.stepMs);
}

/** Rates over a trailing window are means of it, or of what is known of it. */
function smoothed(row: Row, { agg, window = 1 }: Selector, stepMs: number): Row {
  const steps = Math.round((window * 1000) / stepMs);
  if ((agg !== "rate" && agg !== "octave") || steps <= 1) return row;
  let sum = 0;
  let known = 0;
  const count = (value: number | undefined, by: 1 | -1) => {
    if (value === undefined || value !== value) return;
    sum += by * value;
    known += by;
  };
  return row.map((value, i) => {
    count(value, 1);
    count(row[i - steps], -1);
    return known === 0 ? Number.NaN : Math.max(0, sum / known);
  });
}
