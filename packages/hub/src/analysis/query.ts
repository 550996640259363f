import type { HistoryAnswer, HistoryLine, HistoryQuery, HistoryResult } from "@wsight/protocol";
import type { HistoryReader } from "../store/reader.ts";
import { type Evaluated, type EvaluatedLine, evaluate, shareOf } from "./evaluate.ts";
import { endOf, type Plan, planGrid } from "./grid.ts";
import { unitOf } from "./units.ts";

/** Series of a sum whose bounds still say something. */
const MAX_ENVELOPE_SERIES = 16;

/**
 * Answers figures of the past. The tier follows from the range, the step and
 * what each tier still holds; every tier that fits gives the same figures.
 * @throws WsightError `BAD_REQUEST` when it would be too much, saying what to change
 */
export async function queryHistory(
  reader: HistoryReader,
  query: HistoryQuery,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  signal.throwIfAborted();
  const extents = await reader.extents();
  const plan = planGrid(query, extents);
  const { results, coverage } = await evaluate(query.selectors, { reader, plan, extents, signal, envelope: true });
  const { grid, tierMs } = plan;
  return {
    fromAt: grid.fromAt,
    toAt: endOf(grid),
    stepMs: grid.stepMs,
    resolutionMs: tierMs,
    coverage,
    results: results.map((evaluated) => resultOf(evaluated, plan)),
  };
}

/** `null` for NaN. */
export function known(value: number | undefined): number | null {
  return value === undefined || value !== value ? null : value;
}

function resultOf({ selector, metric, lines, leftOut }: Evaluated, plan: Plan): HistoryResult {
  return {
    selector,
    unit: unitOf(metric, selector.agg),
    lines: lines.map((line) => lineOf(line, plan)),
    leftOut,
  };
}

function lineOf({ line, values, low, high, seconds }: EvaluatedLine, plan: Plan): HistoryLine {
  const { cells, stepMs } = plan.grid;
  const withBounds = stepMs > 1000 && line.series.length <= MAX_ENVELOPE_SERIES;
  return {
    labels: line.labels,
    values: listOf(values, cells),
    whole: known(values[cells]),
    ...(withBounds && low !== undefined && high !== undefined
      ? { low: listOf(low, cells), high: listOf(high, cells) }
      : {}),
    coverage: shareOf(seconds[cells] as number, plan),
  };
}

function listOf(values: Float64Array, length: number): readonly (number | null)[] {
  const list: (number | null)[] = new Array(length);
  for (let i = 0; i < length; i++) list[i] = known(values[i]);
  return list;
}
