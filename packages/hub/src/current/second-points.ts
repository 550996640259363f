import { ByteReader, type ByteWriter, bucketBound, MIN_INDEX } from "@wsight/protocol";
import type { SecondPoint } from "../current-view.ts";
import type { LogEntry } from "./bucket-log.ts";
import type { Placed, SeriesIndex } from "./series-index.ts";
import type { TrackedCounter, TrackedGauge } from "./tracked.ts";

/** Ratios are kept to a millionth: digits beyond are noise, and noise does not compress. */
const RATIO_STEPS = 1e6;
/** Sums of distributions are kept to a billionth of their unit: a nanosecond. */
const SUM_STEPS = 1e9;

/**
 * Visits what each series came to in a closed second, as it is kept. The point
 * is the same object each time: take out what is needed.
 *
 * A second without a snapshot has gauges (they are as they were) and no
 * growth; the snapshot that comes next says how much time its growth took.
 */
export function visitSecond(
  index: SeriesIndex,
  second: number,
  writer: ByteWriter,
  visit: (point: SecondPoint) => void,
): void {
  const entry: LogEntry = { bytes: new Uint8Array(0), start: 0, end: 0 };
  let point: Point | null = null;
  index.forEach((placed) => {
    point ??= emptyPoint(placed);
    if (readPoint(placed, second, point, entry, writer)) visit(point);
  });
}

/** A value to the nearest of `steps` a unit; one so large that this would change more than its last digits stays as it is. */
function rounded(value: number, steps: number): number {
  const whole = Math.round(value * steps);
  return Math.abs(whole) < Number.MAX_SAFE_INTEGER ? whole / steps : value;
}

/** A reading to the digits that are kept of it; NaN when unknown. */
export function keptReading(gauge: TrackedGauge, second: number): number {
  const reading = gauge.at(second);
  return gauge.series.metric.unit === "1" ? rounded(reading, RATIO_STEPS) : reading;
}

type Point = { -readonly [K in keyof SecondPoint]: SecondPoint[K] };

function emptyPoint({ node, tracked }: Placed): Point {
  const figures = { min: 0, max: 0, sum: 0, count: 0, last: 0 };
  return { node: node.key, series: tracked.series, ...figures, coveredMs: 0, histogram: null };
}

function readPoint(
  { node, tracked }: Placed,
  second: number,
  point: Point,
  entry: LogEntry,
  writer: ByteWriter,
): boolean {
  const { presence } = node;
  if (!presence.known(second)) return false;
  point.node = node.key;
  point.series = tracked.series;
  point.histogram = null;
  if (tracked.kind === "gauge") {
    return readGauge(keptReading(tracked, second), point);
  }
  if (presence.freshAt(second) !== second) return false;
  point.coveredMs = presence.coveredMs(second);
  // Where counting only begins, nothing is known to have grown.
  if (!(point.coveredMs > 0)) return false;
  if (tracked.kind === "counter") return readCounter(tracked, second, point);
  return tracked.log.find(second, entry) && readDistribution(entry, writer, point);
}

function readGauge(value: number, point: Point): boolean {
  point.min = point.max = point.sum = point.last = value;
  point.count = 1;
  point.coveredMs = 1000;
  return Number.isFinite(value);
}

function readCounter(tracked: TrackedCounter, second: number, point: Point): boolean {
  if (tracked.first < 0 || second < tracked.first) return false;
  const growth = tracked.grownAt(second) - tracked.grownAt(second - 1);
  const value = tracked.totalAt(second);
  point.min = point.max = point.sum = growth;
  point.count = 1;
  // What has ended may have grown in its last second still.
  point.last = Number.isFinite(value) ? value : tracked.value;
  return second < tracked.retiredAt || growth > 0;
}

/** Brings a second of a log into the form of `Histogram.encode`; false when it holds nothing. */
function readDistribution({ bytes, start, end }: LogEntry, writer: ByteWriter, point: Point): boolean {
  const reader = new ByteReader(bytes.subarray(start, end));
  point.sum = rounded(reader.f64(), SUM_STEPS);
  point.max = reader.f64();
  const zeroCount = reader.varint();
  const runs: number[] = [];
  point.count = zeroCount;
  while (reader.remaining > 0) {
    const gap = reader.varint();
    const added = reader.varint();
    runs.push(gap, added);
    point.count += added;
  }
  if (point.count === 0) return false;
  const lowest = runs.length === 0 ? 0 : bucketBound(MIN_INDEX + (runs[0] as number));
  point.min = Math.min(point.max, zeroCount > 0 ? 0 : lowest);
  point.last = point.sum / point.count;
  writer.reset();
  writer.varint(point.count);
  writer.f64(point.sum);
  writer.f64(point.min);
  writer.f64(point.max);
  writer.varint(zeroCount);
  writer.varint(runs.length / 2);
  for (const number of runs) writer.varint(number);
  point.histogram = writer.finish();
  return true;
}
