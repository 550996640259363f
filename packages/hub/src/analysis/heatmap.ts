import {
  bucketBound,
  expected,
  findMetric,
  type HistoryHeatmap,
  type HistoryHeatmapQuery,
  MAX_HEATMAP_COLUMNS,
  MAX_INDEX,
  MIN_INDEX,
  SCALE,
} from "@wsight/protocol";
import type { HistoryReader } from "../store/reader.ts";
import { BucketSum } from "./bucket-sum.ts";
import { Cost, checkAnswer } from "./cost.ts";
import { shareOf } from "./evaluate.ts";
import { planGrid } from "./grid.ts";
import { Pace } from "./pace.ts";
import { readPresence } from "./presence.ts";
import { spanOf } from "./spans.ts";

const DEFAULT_COLUMNS = 120;
const BUCKETS = MAX_INDEX - MIN_INDEX + 1;
const PER_OCTAVE = 1 << SCALE;

/** A distribution over time, as exact counts. @throws WsightError `BAD_REQUEST` when it would be too much */
export async function readHeatmap(
  reader: HistoryReader,
  query: HistoryHeatmapQuery,
  signal: AbortSignal,
): Promise<HistoryHeatmap> {
  signal.throwIfAborted();
  const { metric: name, where, nodes, points = DEFAULT_COLUMNS, perOctave = 1 } = query;
  const metric = findMetric(name);
  if (metric?.kind !== "histogram") throw expected("BAD_REQUEST", "metric", "one of kind histogram", name);
  const extents = await reader.extents();
  const plan = planGrid(query, extents, points);
  const { grid, tierMs } = plan;
  if (grid.cells > MAX_HEATMAP_COLUMNS) {
    throw expected("BAD_REQUEST", "stepMs", `one that makes at most ${MAX_HEATMAP_COLUMNS} columns`, query.stepMs);
  }
  const narrowed = { ...(where === undefined ? {} : { where }), ...(nodes === undefined ? {} : { nodes }) };
  const series = await reader.series({ metrics: [name], ...narrowed });
  const span = spanOf(plan);
  new Cost(extents).add(series, span, true);
  const places = [...new Set(series.map(({ node }) => node))].sort();
  const { seconds } = (await readPresence(reader, plan, places, signal)).of(places);

  const parts: Uint8Array[][] = Array.from({ length: grid.cells }, () => []);
  const { fromAt, toAt } = span;
  for await (const one of reader.columns({ series, stepMs: tierMs, fromAt, toAt, columns: ["histogram"] }, signal)) {
    for (let i = 0; i < one.length; i++) {
      parts[Math.floor(((one.at[i] as number) - grid.fromAt) / grid.stepMs)]?.push(one.histogram[i] as Uint8Array);
    }
  }
  const rows = await countRows(parts, PER_OCTAVE / perOctave, new Pace(signal));
  checkAnswer(rows.end - rows.first, grid.cells);
  return {
    fromAt,
    toAt,
    stepMs: grid.stepMs,
    resolutionMs: tierMs,
    unit: metric.unit,
    coverage: shareOf(seconds[grid.cells] as number, plan),
    bounds: boundsOf(rows, PER_OCTAVE / perOctave),
    columns: rows.columns.map((column, i) => {
      const isKnown = (seconds[i] as number) > 0 || (parts[i]?.length ?? 0) > 0;
      return isKnown ? Array.from(column.subarray(rows.first, rows.end)) : null;
    }),
    zeroCount: rows.zeroCount,
    count: rows.count,
  };
}

interface Rows {
  /** Counts of all rows there could be, for each column. */
  readonly columns: readonly Float64Array[];
  /** Rows that hold anything: from `first` up to and without `end`. */
  readonly first: number;
  readonly end: number;
  readonly zeroCount: number;
  readonly count: number;
}

async function countRows(parts: readonly (readonly Uint8Array[])[], size: number, pace: Pace): Promise<Rows> {
  const sum = new BucketSum();
  const columns: Float64Array[] = [];
  let first = BUCKETS;
  let end = 0;
  let zeroCount = 0;
  let count = 0;
  for (const some of parts) {
    sum.clear();
    for (const bytes of some) sum.add(bytes);
    const column = new Float64Array(BUCKETS / size);
    for (let row = Math.floor(sum.lowest / size); row * size <= sum.highest; row++) {
      column[row] = sum.countOf(row * size, (row + 1) * size);
    }
    if (sum.highest >= sum.lowest) {
      first = Math.min(first, Math.floor(sum.lowest / size));
      end = Math.max(end, Math.floor(sum.highest / size) + 1);
    }
    zeroCount += sum.zeroCount;
    count += sum.count;
    columns.push(column);
    if (pace.isDue) await pace.rest();
  }
  return { columns, first: Math.min(first, end), end, zeroCount, count };
}

function boundsOf({ first, end }: Rows, size: number): readonly number[] {
  if (end === first) return [];
  return Array.from({ length: end - first + 1 }, (_, i) => bucketBound(MIN_INDEX + (first + i) * size));
}
