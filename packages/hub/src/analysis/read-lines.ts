import type { HistorySelector, MetricKind } from "@wsight/protocol";
import type { ColumnName, HistoryReader, SeriesColumns, StoredSeries } from "../store/reader.ts";
import { BucketSum } from "./bucket-sum.ts";
import { SeriesCells } from "./cells.ts";
import { CounterFold, counterColumns } from "./folds/counter-fold.ts";
import type { ColumnsOf, Figure, Fold, FoldContext } from "./folds/fold.ts";
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
export async function readLines(reading: Reading): Promise<readonly ReadLine[]> {
  const maker = new LineMaker(reading);
  return reading.spans.length === 1 ? streamed(reading, maker) : gathered(reading, maker);
}

/** One span: each line is made as its series come, and its columns can go. */
async function streamed(
  { reader, shape, columns, grid, spans, signal }: Reading,
  maker: LineMaker,
): Promise<ReadLine[]> {
  const { tierMs: stepMs, fromAt, toAt } = spans[0] as Span;
  const series = shape.lines.flatMap((line) => line.series);
  const lineOf = lineBook(shape.lines);
  const cells = new SeriesCells(grid);
  const read = new Map<LineSeries, ReadLine>();
  const pace = new Pace(signal);
  const wanted = new Set(columns);
  let line: LineSeries | null = null;
  let fold: Fold | null = null;
  for await (const one of reader.columns({ series, stepMs, fromAt, toAt, columns }, signal)) {
    const next = lineOf.get(one.series.id) as LineSeries;
    if (next !== line) {
      if (line !== null && fold !== null) read.set(line, await maker.finish(line, fold, pace));
      if (pace.isDue) await pace.rest();
      line = next;
      fold = maker.begin(line);
    }
    cells.reset();
    cells.take(one, wanted);
    fold?.add(one.series, cells);
    fold?.addDistributions(one);
  }
  if (line !== null && fold !== null) read.set(line, await maker.finish(line, fold, pace));
  for (const line of shape.lines)
    if (!read.has(line)) read.set(line, await maker.finish(line, maker.begin(line), pace));
  return shape.lines.map((line) => read.get(line) as ReadLine);
}

/** Several spans: what each series came to is kept until all of them are read. */
async function gathered(
  { reader, shape, columns, grid, spans, signal }: Reading,
  maker: LineMaker,
): Promise<ReadLine[]> {
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
  const read: ReadLine[] = [];
  for (const line of shape.lines) {
    const fold = maker.begin(line);
    for (const one of line.series) {
      const entry = known.get(one.id);
      if (entry === undefined) continue;
      fold.add(one, entry.cells);
      for (const columns of entry.columns) fold.addDistributions(columns);
    }
    read.push(await maker.finish(line, fold, pace));
    if (pace.isDue) await pace.rest();
  }
  return read;
}

function lineBook(lines: readonly LineSeries[]): ReadonlyMap<StoredSeries["id"], LineSeries> {
  const book = new Map<number, LineSeries>();
  for (const line of lines) for (const { id } of line.series) book.set(id, line);
  return book;
}

/** Begins and ends lines. */
class LineMaker {
  readonly #reading: Reading;
  readonly #scratch = { cell: new BucketSum(), whole: new BucketSum() };

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  begin(line: LineSeries): Fold {
    const { grid, spans, presence, shape } = this.#reading;
    const tierMs = (spans[0] as Span).tierMs;
    const { metric, selectors } = shape;
    const context: FoldContext = { grid, tierMs, metric, line, presence, present: presence.of(line.nodes) };
    if (metric.kind === "counter") return new CounterFold(context);
    if (metric.kind === "gauge") return new GaugeFold(context);
    return new HistogramFold(context, selectors, this.#scratch);
  }

  async finish(line: LineSeries, fold: Fold, pace: Pace): Promise<ReadLine> {
    await fold.finish(pace);
    const figures = new Map(this.#reading.shape.selectors.map((selector) => [selector, fold.figure(selector)]));
    return { line, figures, seconds: fold.seconds, any: fold.any };
  }
}
