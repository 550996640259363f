import type { HistorySelector, MetricDefinition, TierStep } from "@wsight/protocol";
import type { ColumnName, SeriesColumns, StoredSeries } from "../../store/reader.ts";
import type { SeriesCells } from "../cells.ts";
import type { Grid } from "../grid.ts";
import type { LineSeries } from "../lines.ts";
import type { Pace } from "../pace.ts";
import type { Presence } from "../presence.ts";

/** Where lines are made. */
export interface FoldContext {
  readonly grid: Grid;
  readonly tierMs: TierStep;
  readonly metric: MetricDefinition;
  readonly presence: Presence;
}

/** A figure in each interval and, last, over the whole time; NaN where nothing is known. */
export interface Figure {
  readonly values: Float64Array;
  /** Bounds of every second, where they are known. */
  readonly low?: Float64Array;
  readonly high?: Float64Array;
}

/** Puts the series of lines together, one line after the other. Each metric kind has its own way. */
export interface Fold {
  /** Forgets the line before and begins another. */
  begin(line: LineSeries): void;
  /** Adds a whole series; those of one node come one after the other. */
  add(series: StoredSeries, cells: SeriesCells): void;
  /** Hands over intervals whose distributions are needed. */
  addDistributions(columns: SeriesColumns): void;
  /** Ends the line, in turns when there is much to do; every figure can be asked for then. */
  finish(pace: Pace): Promise<void> | void;
  /** A figure of the line that was ended, in arrays of its own. */
  figure(selector: HistorySelector): Figure;
  /** Seconds with data in each interval and, last, in the whole time; written over by the next line. */
  readonly seconds: Float64Array;
  /** True when any series had any interval. */
  readonly any: boolean;
}

/** Columns that the figures of these selectors are made from. */
export type ColumnsOf = (selectors: readonly HistorySelector[], envelope: boolean) => readonly ColumnName[];

/** An array for each interval and the whole, of NaN unless told otherwise. */
export function slotsOf(grid: Grid, fill: number = Number.NaN): Float64Array {
  return new Float64Array(grid.cells + 1).fill(fill);
}
