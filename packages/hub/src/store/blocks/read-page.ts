import type { TierStep } from "@wsight/protocol";
import { type PackedSamples, type PackedSeries, ROW_NUMBERS } from "../pack.ts";
import type { HistoryReader, SeriesColumns, StoredSeries } from "../reader.ts";
import { ALL_COLUMNS } from "./columns.ts";
import type { OpenHistory } from "./open-history.ts";

/** Most series of a page. */
const MOST_SERIES = 128;

/** Where the next page begins. */
export interface PageCursor {
  readonly series: number;
  /** ms epoch. */
  readonly at: number;
}

/** What to read, and from where on. */
export interface PageQuery {
  /** `null` for all. */
  readonly metrics: readonly string[] | null;
  readonly node: string | null;
  readonly stepMs: TierStep;
  readonly fromAt: number;
  readonly toAt: number;
  readonly after: PageCursor | null;
  /** About this many rows. */
  readonly rows: number;
}

/** One page of samples. */
export interface Page {
  readonly samples: PackedSamples;
  /** `null` after the last page. */
  readonly next: PageCursor | null;
}

/** Reads a page: some series as a whole, or a part of a long one. Pages may be empty. */
export async function readPage(
  history: OpenHistory,
  reader: HistoryReader,
  query: PageQuery,
  signal: AbortSignal,
): Promise<Page> {
  const { fromAt, toAt } = await clamp(reader, query);
  const after = query.after ?? { series: 0, at: fromAt };
  const filter = {
    ...(query.metrics === null ? {} : { metrics: query.metrics }),
    ...(query.node === null ? {} : { nodes: [query.node] }),
  };
  const left = (await reader.series(filter)).filter(({ id }) => id >= after.series);
  const [first] = left;
  if (first === undefined || fromAt >= toAt) return { samples: pack([]), next: null };
  const startAt = first.id === after.series ? Math.max(fromAt, after.at) : fromAt;
  const rowsEach = (toAt - fromAt) / query.stepMs;
  const several = Math.min(MOST_SERIES, Math.floor(query.rows / rowsEach));
  if (several >= 1 && startAt === fromAt) {
    const samples = await read([history, reader], query, left.slice(0, several), [fromAt, toAt], signal);
    return { samples, next: cursorAt(left[several], fromAt) };
  }
  const beginAt = await nextTime(reader, query, first, [startAt, toAt], signal);
  if (beginAt !== null) {
    const endAt = Math.min(toAt, beginAt + query.rows * query.stepMs);
    const samples = await read([history, reader], query, [first], [beginAt, endAt], signal);
    if (endAt < toAt) return { samples, next: { series: first.id, at: endAt } };
    return { samples, next: cursorAt(left[1], fromAt) };
  }
  return { samples: pack([]), next: cursorAt(left[1], fromAt) };
}

function cursorAt(series: StoredSeries | undefined, at: number): PageCursor | null {
  return series === undefined ? null : { series: series.id, at };
}

/** Where a series goes on from a time; looks ahead ever further, as gaps may be of years. */
async function nextTime(
  reader: HistoryReader,
  { stepMs, rows }: PageQuery,
  series: StoredSeries,
  [fromAt, toAt]: readonly [number, number],
  signal: AbortSignal,
): Promise<number | null> {
  let lengthMs = rows * stepMs;
  for (let at = fromAt; at < toAt; at += lengthMs, lengthMs *= 8) {
    const range = { fromAt: at, toAt: Math.min(toAt, at + lengthMs) };
    for await (const { at: times } of reader.columns({ series: [series], stepMs, ...range, columns: [] }, signal)) {
      return times[0] ?? null;
    }
  }
  return null;
}

/** To where the tier has anything. */
async function clamp(
  reader: HistoryReader,
  { fromAt, toAt, stepMs }: PageQuery,
): Promise<{ readonly fromAt: number; readonly toAt: number }> {
  const extent = (await reader.extents()).find((one) => one.stepMs === stepMs);
  const { oldestAt = null, newestAt = null } = extent ?? {};
  if (oldestAt === null || newestAt === null) return { fromAt: 0, toAt: 0 };
  return { fromAt: Math.max(fromAt, oldestAt), toAt: Math.min(toAt, newestAt + stepMs) };
}

async function read(
  [history, reader]: readonly [OpenHistory, HistoryReader],
  { stepMs }: PageQuery,
  series: readonly StoredSeries[],
  [fromAt, toAt]: readonly [number, number],
  signal: AbortSignal,
): Promise<PackedSamples> {
  const found: { readonly named: PackedSeries; readonly columns: SeriesColumns }[] = [];
  for await (const columns of reader.columns({ series, stepMs, fromAt, toAt, columns: ALL_COLUMNS }, signal)) {
    const named = history.series.row(columns.series.id);
    if (named !== undefined) found.push({ named, columns });
  }
  return pack(found);
}

function pack(found: readonly { readonly named: PackedSeries; readonly columns: SeriesColumns }[]): PackedSamples {
  const rows = found.reduce((sum, { columns }) => sum + columns.length, 0);
  const numbers = new Float64Array(rows * ROW_NUMBERS);
  const histogramSizes = new Uint32Array(rows);
  const bytes = found.reduce((sum, { columns }) => columns.histogram.reduce((all, { length }) => all + length, sum), 0);
  const histograms = new Uint8Array(bytes);
  let row = 0;
  let offset = 0;
  found.forEach(({ columns }, index) => {
    const { stepMs, at, min, max, sum, count, last, histogram } = columns;
    for (let i = 0; i < columns.length; i++, row++) {
      const start = row * ROW_NUMBERS;
      numbers[start] = index;
      numbers[start + 1] = at[i] as number;
      numbers[start + 2] = stepMs;
      numbers[start + 3] = min[i] as number;
      numbers[start + 4] = max[i] as number;
      numbers[start + 5] = sum[i] as number;
      numbers[start + 6] = count[i] as number;
      numbers[start + 7] = last[i] as number;
      const one = histogram[i];
      if (one === undefined || one.length === 0) continue;
      histogramSizes[row] = one.length + 1;
      histograms.set(one, offset);
      offset += one.length;
    }
  });
  const series = found.map(({ named: { node, key, metric, labels } }) => ({ node, key, metric, labels }));
  return { series, numbers, histogramSizes, histograms };
}
