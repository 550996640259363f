import { bucketIndex } from "@wsight/protocol";
import type { SeriesColumns } from "../../store/reader.ts";
import { type Distribution, readBuckets } from "../values/distribution.ts";
import type { PickedLine } from "./pick.ts";
import type { Presence } from "./presence.ts";
import { mergeTimes } from "./presence.ts";
import type { DistributionStream, NumberStream, Stream } from "./stream.ts";

/** A stored distribution over a time: growths, and the times its process was there. */
export interface StoredDistribution {
  readonly columns: Pick<SeriesColumns, "at" | "histogram"> | null;
  readonly presence: Presence | undefined;
  /** What it held before. */
  readonly base: Distribution;
  readonly stepMs: number;
  /** Ends of intervals that start at the given times, ms epoch. */
  readonly endsOf: (at: Float64Array) => Float64Array;
}

/**
 * A distribution as Prometheus would have scraped it: counts since the process
 * began, at every time it was there. Stored are growths, and nothing where
 * there was none.
 */
export function distributionStreams(stored: StoredDistribution, lines: readonly PickedLine[]): readonly Stream[] {
  const own = stored.columns?.at ?? new Float64Array(0);
  const at = stored.presence === undefined ? own : mergeTimes(stored.presence.at, own);
  if (at.length === 0) return [];
  const growths = placeGrowths(at, own, stored.columns?.histogram ?? []);
  const restarts = new Set<number>();
  if (stored.presence !== undefined && stored.presence.restarts.size > 0) {
    const { restarts: begun } = stored.presence;
    at.forEach((time, i) => {
      if (begun.has(time)) restarts.add(i);
    });
  }
  const placed: Placed = { times: stored.endsOf(at), growths, restarts, base: stored.base, stepMs: stored.stepMs };
  const wholes = lines.filter(({ part }) => part === "histogram");
  const parts = lines.filter(({ part }) => part !== "histogram");
  return [...partStreams(placed, parts), ...wholes.map((line) => wholeStream(placed, line))];
}

interface Placed {
  readonly times: Float64Array;
  readonly growths: readonly (Uint8Array | null)[];
  readonly restarts: ReadonlySet<number>;
  readonly base: Distribution;
  readonly stepMs: number;
}

function placeGrowths(
  at: Float64Array,
  own: Float64Array,
  histograms: readonly Uint8Array[],
): readonly (Uint8Array | null)[] {
  const growths = new Array<Uint8Array | null>(at.length).fill(null);
  for (let i = 0, j = 0; j < own.length; i++) if (at[i] === own[j]) growths[i] = histograms[j++] ?? null;
  return growths;
}

function wholeStream({ times, growths, restarts, base, stepMs }: Placed, { labels }: PickedLine): DistributionStream {
  return { type: "distribution", labels, times, stepMs, growths, base, restarts };
}

/** Sums, counts, and counts of classic buckets: each distribution is taken apart once for all of them. */
function partStreams(placed: Placed, lines: readonly PickedLine[]): readonly NumberStream[] {
  const { times, growths, restarts, base, stepMs } = placed;
  const tallies = lines.map((line) => ({ line, ...emptyTally(times.length) }));
  const measure = createMeasure(lines);
  const before = measure(base).slice();
  for (const [i, growth] of growths.entries()) {
    const more = growth === null ? null : measure(growth);
    for (const [k, { values, grown }] of tallies.entries()) {
      const added = more?.[k] ?? 0;
      const value = i === 0 ? (before[k] ?? 0) : (values[i - 1] ?? 0);
      values[i] = restarts.has(i) ? added : value + added;
      if (i > 0) grown[i] = (grown[i - 1] ?? 0) + added;
    }
  }
  return tallies.map(({ line, values, grown }) => {
    return { type: "number", labels: line.labels, times, stepMs, values, grown, within: null };
  });
}

function emptyTally(length: number): { readonly values: Float64Array; readonly grown: Float64Array } {
  return { values: new Float64Array(length), grown: new Float64Array(length) };
}

/** Makes what says how much of a distribution falls to each line; the answer is the same array each time. */
function createMeasure(lines: readonly PickedLine[]): (of: Uint8Array | Distribution) => Float64Array {
  const answer = new Float64Array(lines.length);
  const places = lines.flatMap(({ part }, place) => (part === "bucket" ? [place] : []));
  // Every bound is one of our own, so the bucket that ends with it is the last that counts. Lines come by their bounds.
  const lasts = Float64Array.from(places, (place) => lastIndex(lines[place]?.bound ?? null));
  const counts = new Float64Array(places.length);
  return (of) => {
    counts.fill(0);
    const totals = { count: 0, sum: 0, zeroCount: 0 };
    let k = 0;
    visitBuckets(of, totals, (index, count) => {
      while (k < lasts.length && (lasts[k] as number) < index) k++;
      if (k < lasts.length) counts[k] = (counts[k] as number) + count;
    });
    for (const [place, { part }] of lines.entries()) answer[place] = part === "sum" ? totals.sum : totals.count;
    let upTo = totals.zeroCount;
    for (const [i, place] of places.entries()) {
      upTo += counts[i] as number;
      answer[place] = upTo;
    }
    return answer;
  };
}

function lastIndex(bound: number | null): number {
  return bound === null || bound === Infinity ? Infinity : bucketIndex(bound);
}

function visitBuckets(
  of: Uint8Array | Distribution,
  totals: { count: number; sum: number; zeroCount: number },
  visit: (index: number, count: number) => void,
): void {
  if (of instanceof Uint8Array) {
    readBuckets(of, totals, visit);
    return;
  }
  totals.count = of.count;
  totals.sum = of.sum;
  totals.zeroCount = of.zeroCount;
  for (const [index, count] of of.sorted()) visit(index, count);
}
