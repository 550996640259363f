import {
  expected,
  type HistoryTrend,
  type HistoryTrendAnswer,
  type HistoryTrendQuery,
  MAX_TREND_POINTS,
  MIN_TREND_POINTS,
} from "@wsight/protocol";
import type { HistoryReader } from "../store/reader.ts";
import { type Evaluated, evaluate, shareOf } from "./evaluate.ts";
import { endOf, type Grid, planGrid } from "./grid.ts";
import { Pace } from "./pace.ts";
import { type FittedLine, fitLine } from "./theil-sen.ts";
import { unitOf } from "./units.ts";

/** A limit that is reached later than this is taken never to be. */
const TEN_YEARS_MS = 10 * 365.25 * 24 * 3_600_000;

/** Straight lines through the lines of a selector. @throws WsightError `BAD_REQUEST` when it would be too much */
export async function readTrend(
  reader: HistoryReader,
  query: HistoryTrendQuery,
  signal: AbortSignal,
): Promise<HistoryTrendAnswer> {
  signal.throwIfAborted();
  const { selector, limit } = query;
  const extents = await reader.extents();
  const plan = planGrid(query, extents);
  const { grid, tierMs } = plan;
  if (grid.cells > MAX_TREND_POINTS) {
    throw expected("BAD_REQUEST", "stepMs", `one that makes at most ${MAX_TREND_POINTS} points`, query.stepMs);
  }
  const { results } = await evaluate([selector], { reader, plan, extents, signal });
  const { metric, lines: found, leftOut } = results[0] as Evaluated;
  const pace = new Pace(signal);
  const lines: HistoryTrendAnswer["lines"][number][] = [];
  for (const { line, values, seconds } of found) {
    const coverage = shareOf(seconds[grid.cells] as number, plan);
    lines.push({ labels: line.labels, coverage, trend: trendOf(values, grid, limit) });
    if (pace.isDue) await pace.rest();
  }
  return {
    fromAt: grid.fromAt,
    toAt: endOf(grid),
    stepMs: grid.stepMs,
    resolutionMs: tierMs,
    unit: unitOf(metric, selector.agg),
    lines,
    leftOut,
  };
}

/** `null` for too few points. Times are seconds since the start of the grid, each interval stands at its middle. */
function trendOf(values: Float64Array, grid: Grid, limit: number | undefined): HistoryTrend | null {
  const cells = Array.from({ length: grid.cells }, (_, i) => i).filter((i) => values[i] === values[i]);
  if (cells.length < MIN_TREND_POINTS) return null;
  const stepSeconds = grid.stepMs / 1000;
  const x = Float64Array.from(cells, (cell) => (cell + 0.5) * stepSeconds);
  const y = Float64Array.from(cells, (cell) => values[cell] as number);
  const line = fitLine(x, y);
  const { slope, slopeLow, slopeHigh, p } = line;
  const startValue = line.intercept(slope);
  return {
    slope,
    slopeLow,
    slopeHigh,
    p,
    points: cells.length,
    startValue,
    endValue: startValue + slope * grid.cells * stepSeconds,
    ...reaches(line, grid, limit),
  };
}

type Reaches = Pick<HistoryTrend, "reachesAt" | "reachesEarliestAt" | "reachesLatestAt">;

function reaches(line: FittedLine, grid: Grid, limit: number | undefined): Reaches {
  if (limit === undefined) return { reachesAt: null, reachesEarliestAt: null, reachesLatestAt: null };
  const endSeconds = (grid.stepMs * grid.cells) / 1000;
  const isBelow = line.intercept(line.slope) + line.slope * endSeconds < limit;
  const [steep, flat] = isBelow ? [line.slopeHigh, line.slopeLow] : [line.slopeLow, line.slopeHigh];
  return {
    reachesAt: reachesAt(line, line.slope, grid, limit, isBelow),
    reachesEarliestAt: reachesAt(line, steep, grid, limit, isBelow),
    reachesLatestAt: reachesAt(line, flat, grid, limit, isBelow),
  };
}

function reachesAt(line: FittedLine, slope: number, grid: Grid, limit: number, isBelow: boolean): number | null {
  if (isBelow ? slope <= 0 : slope >= 0) return null;
  const at = grid.fromAt + ((limit - line.intercept(slope)) / slope) * 1000;
  // Another slope turns the line, which may then have crossed the limit before the end.
  const reached = Math.max(endOf(grid), Math.round(at));
  return reached - endOf(grid) <= TEN_YEARS_MS ? reached : null;
}
