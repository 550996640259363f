import type { ColumnName, SeriesColumns } from "../../reader.ts";
import type { HistogramMerger } from "../histogram-merger.ts";

const NONE = new Float64Array(0);
const NO_BYTES = new Uint8Array(0);

/**
 * What several writers have of one series, put together. They have it from one
 * node that went from hub to hub, so an interval that two of them have is the
 * sum of what each has seen of it. Its newest reading is of the one that has seen more after it.
 */
export function mergeColumns(
  parts: readonly SeriesColumns[],
  want: readonly ColumnName[],
  merger: HistogramMerger,
): SeriesColumns {
  const inOrder = parts.toSorted((a, b) => newestOf(a) - newestOf(b));
  return inOrder.reduce((one, other) => mergeTwo(one, other, want, merger));
}

function newestOf({ at, length }: SeriesColumns): number {
  return at[length - 1] ?? 0;
}

/** Places of an interval in both, -1 where one has none. */
interface Pair {
  readonly old: number;
  readonly late: number;
}

function mergeTwo(
  old: SeriesColumns,
  late: SeriesColumns,
  want: readonly ColumnName[],
  merger: HistogramMerger,
): SeriesColumns {
  const pairs = pairsOf(old, late);
  const column = (name: "at" | Exclude<ColumnName, "histogram">, both: (a: number, b: number) => number) => {
    if (name !== "at" && !want.includes(name)) return NONE;
    return Float64Array.from(pairs, (pair) => {
      const a = old[name][pair.old] ?? Number.NaN;
      const b = late[name][pair.late] ?? Number.NaN;
      if (pair.old < 0) return b;
      return pair.late < 0 ? a : both(a, b);
    });
  };
  const add = (a: number, b: number): number => a + b;
  const newer = (_: number, b: number): number => b;
  const withHistograms = want.includes("histogram") && old.histogram.length + late.histogram.length > 0;
  return {
    series: late.series,
    stepMs: late.stepMs,
    length: pairs.length,
    at: column("at", newer),
    min: column("min", Math.min),
    max: column("max", Math.max),
    sum: column("sum", add),
    count: column("count", add),
    last: column("last", newer),
    histogram: withHistograms ? pairs.map((pair) => mergeBytes(old, late, pair, merger)) : [],
  };
}

function pairsOf(old: SeriesColumns, late: SeriesColumns): readonly Pair[] {
  const pairs: Pair[] = [];
  for (let a = 0, b = 0; a < old.length || b < late.length; ) {
    const first = a < old.length ? (old.at[a] as number) : Infinity;
    const second = b < late.length ? (late.at[b] as number) : Infinity;
    pairs.push({ old: first <= second ? a : -1, late: second <= first ? b : -1 });
    if (first <= second) a++;
    if (second <= first) b++;
  }
  return pairs;
}

function mergeBytes(old: SeriesColumns, late: SeriesColumns, pair: Pair, merger: HistogramMerger): Uint8Array {
  const both = [old.histogram[pair.old], late.histogram[pair.late]].filter((bytes) => (bytes?.length ?? 0) > 0);
  const [only] = both;
  if (both.length < 2) return only ?? NO_BYTES;
  for (const bytes of both) merger.add(bytes ?? NO_BYTES);
  return merger.finish() ?? NO_BYTES;
}
