import type { HistorySelector, MetricKind } from "@wsight/protocol";
import type { ColumnName, HistoryReader, SeriesColumns, StoredSeries } from "../store/reader.ts";
import { SeriesCells } from "./cells.ts";
import { CounterFold, counterColumns } from "./folds/counter-fold.ts";
import type { ColumnsOf, Figure, Fold } from "./folds/fold.ts";
import { GaugeFold, gaugeColumns } from "./folds/gauge-fold.ts";
import { HistogramFold, histogramColumns } from "./folds/histogram-fold.ts";
import type { Grid } from "./grid.ts";
import type { LineSeries, Shape } from "./lines.ts";
import { Pace } from "./pace.ts";
import type { Presence } from "./presence.ts";
import type { Span } from "./spans.ts";

/** Columns that the selectors of a kind are made from. */
export const COLUMNS: Readonly<Record<MetricKind, ColumnsOf>> = {
  counter: counterColumns,
  gauge: gaugeColumns,
  histogram: histogramColumns,
};

/** What is read of which series, and what is made of it. */
export interface Reading {
  readonly reader: HistoryReader;
  readonly shape: Shape;
  readonly columns: readonly ColumnName[];
  readonly grid: Grid;
  /** In order of time; several only for a grid of one interval. */
  readonly spans: readonly Span[];
  readonly presence: Presence;
  readonly signal: AbortSignal;
}

/** A line that was read. Arrays have a place for each interval and, last, one for the whole time. */
export interface ReadLine {
  readonly line: LineSeries;
  readonly figures: ReadonlyMap<HistorySelector, Figure>;
  /** Seconds with data. */
  readonly seconds: Float64Array;
  /** True when any series of the line had any interval. */
  readonly any: boolean;
}

/** Reads and makes all lines of a shape. */
export function readLines(reading: Reading): Promise<readonly ReadLine[]> {
  return reading.spans.length === 1 ? streamed(reading) : gathered(reading);
}

/** One span: each line is made as its series come, and its columns can go. */
async function streamed(reading: Reading): Promise<readonly ReadLine[]> {
  const { reader, shape, columns, grid, spans, signal } = reading;
  const { tierMs: stepMs, fromAt, toAt } = spans[0] as Span;
  const series = shape.lines.flatMap((line) => line.series);
  const lineOf = lineBook(shape.lines);
  const fold = foldOf(reading);
  const cells = new SeriesCells(grid);
  const read = new Map<LineSeries, ReadLine>();
  const pace = new Pace(signal);
  const wanted = new Set(columns);
  let line: LineSeries | null = null;

  function end(ended: LineSeries): Promise<unknown> | null {
    const made = finish(ended, fold, shape, pace);
    if (made instanceof Promise) return made.then((line) => read.set(ended, line));
    read.set(ended, made);
    return pace.isDue ? pace.rest() : null;
  }

  for await (const one of reader.columns({ series, stepMs, fromAt, toAt, columns }, signal)) {
    const next = lineOf.get(one.series.id) as LineSeries;
    if (next !== line) {
      const pending = line === null ? null : end(line);
      // Waiting for nothing would cost a turn of the queue for each line.
      if (pending !== null) await pending;
      line = next;
      fold.begin(line);
    }
    cells.reset();
    cells.take(one, wanted);
    fold.add(one.series, cells);
    fold.addDistributions(one);
  }
  if (line !== null) await end(line);
  for (const line of shape.lines) {
    if (read.has(line)) continue;
    fold.begin(line);
    await end(line);
  }
  return shape.lines.map((line) => read.get(line) as ReadLine);
}

/** Several spans: what each series came to is kept until all of them are read. */
async function gathered(reading: Reading): Promise<readonly ReadLine[]> {
  const { reader, shape, columns, grid, spans, signal } = reading;
  const series = shape.lines.flatMap((line) => line.series);
  const known = new Map<number, { readonly cells: SeriesCells; readonly columns: SeriesColumns[] }>();
  const wanted = new Set(columns);
  const pace = new Pace(signal);
  for (const { tierMs: stepMs, fromAt, toAt } of spans) {
    for await (const one of reader.columns({ series, stepMs, fromAt, toAt, columns }, signal)) {
      let entry = known.get(one.series.id);
      if (entry === undefined) {
        entry = { cells: new SeriesCells(grid), columns: [] };
        known.set(one.series.id, entry);
      }
      entry.cells.take(one, wanted);
      if (one.histogram.length > 0) entry.columns.push(one);
      if (pace.isDue) await pace.rest();
    }
  }
  const fold = foldOf(reading);
  const read: ReadLine[] = [];
  for (const line of shape.lines) {
    fold.begin(line);
    for (const one of line.series) {
      const entry = known.get(one.id);
      if (entry === undefined) continue;
      fold.add(one, entry.cells);
      for (const columns of entry.columns) fold.addDistributions(columns);
    }
    const made = finish(line, fold, shape, pace);
    read.push(made instanceof Promise ? await made : made);
    if (pace.isDue) await pace.rest();
  }
  return read;
}

function lineBook(lines: readonly LineSeries[]): ReadonlyMap<StoredSeries["id"], LineSeries> {
  const book = new Map<number, LineSeries>();
  for (const line of lines) for (const { id } of line.series) book.set(id, line);
  return book;
}

function foldOf({ grid, spans, presence, shape: { metric, selectors } }: Reading): Fold {
  const context = { grid, tierMs: (spans[0] as Span).tierMs, metric, presence };
  if (metric.kind === "counter") return new CounterFold(context);
  if (metric.kind === "gauge") return new GaugeFold(context);
  return new HistogramFold(context, selectors);
}

/** Ends a line; a promise only when there was so much to do that others had their turn. */
function finish(line: LineSeries, fold: Fold, { selectors }: Shape, pace: Pace): ReadLine | Promise<ReadLine> {
  const read = (): ReadLine => ({
    line,
    figures: new Map(selectors.map((selector) => [selector, fold.figure(selector)])),
    seconds: fold.seconds.slice(),
    any: fold.any,
  });
  const pending = fold.finish(pace);
  return pending === undefined ? read() : pending.then(read);
}
