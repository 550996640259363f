import { bucketBound, type Histogram, type LoadLatency } from "@wsight/protocol";

/** Figures of a distribution; `null` while it is empty. */
export function latencyOf(histogram: Histogram): LoadLatency | null {
  if (histogram.count === 0) return null;
  const at = (q: number): number => histogram.quantile(q) ?? 0;
  return {
    count: histogram.count,
    avg: histogram.mean() ?? 0,
    p50: at(0.5),
    p90: at(0.9),
    p95: at(0.95),
    p99: at(0.99),
    p999: at(0.999),
    max: histogram.max,
    buckets: bucketsOf(histogram),
  };
}

function bucketsOf(histogram: Histogram): LoadLatency["buckets"] {
  const buckets: [number, number][] = [];
  let seen = histogram.zeroCount;
  if (seen > 0) buckets.push([0, seen]);
  histogram.forEachBucket((index, count) => {
    seen += count;
    buckets.push([Math.min(bucketBound(index + 1), histogram.max), seen]);
  });
  return buckets;
}
