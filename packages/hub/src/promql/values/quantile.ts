/** One classic bucket: how many values were at most `bound`. */
export interface ClassicBucket {
  readonly bound: number;
  readonly count: number;
}

/**
 * The quantile of classic buckets, by Prometheus' rules: values lie evenly
 * within their bucket; beyond the last bound nothing is known but that bound.
 */
export function bucketQuantile(q: number, given: readonly ClassicBucket[]): number {
  if (Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const buckets = monotonic(given.toSorted((a, b) => a.bound - b.bound));
  const last = buckets.at(-1);
  if (last === undefined || last.bound !== Infinity || buckets.length < 2) return Number.NaN;
  if (last.count === 0) return Number.NaN;
  const rank = q * last.count;
  const place = buckets.findIndex(({ count }, i) => count >= rank || i === buckets.length - 1);
  const { bound: end = 0, count = 0 } = buckets[place] ?? {};
  const { bound: start = 0, count: before = 0 } = buckets[place - 1] ?? {};
  if (place === buckets.length - 1) return start;
  if (place === 0 && end <= 0) return end;
  return start + (end - start) * ((rank - before) / (count - before));
}

/** Equal bounds as one; what falls was rounded, or read between two scrapes. Counts that are no numbers stay what they are. */
function monotonic(sorted: readonly ClassicBucket[]): readonly ClassicBucket[] {
  const buckets: { readonly bound: number; count: number }[] = [];
  for (const { bound, count } of sorted) {
    const before = buckets.at(-1);
    if (before?.bound === bound) before.count += count;
    else buckets.push({ bound, count });
  }
  let most = buckets[0]?.count ?? 0;
  for (const bucket of buckets) {
    if (bucket.count > most) most = bucket.count;
    else if (bucket.count < most) bucket.count = most;
  }
  return buckets;
}

/** The quantile of plain values; between two of them it is interpolated. */
export function valueQuantile(q: number, values: readonly number[]): number {
  if (values.length === 0 || Number.isNaN(q)) return Number.NaN;
  if (q < 0) return -Infinity;
  if (q > 1) return Infinity;
  const sorted = values.toSorted(byValue);
  const rank = q * (sorted.length - 1);
  const low = Math.max(0, Math.floor(rank));
  const high = Math.min(sorted.length - 1, low + 1);
  const weight = rank - Math.floor(rank);
  return (sorted[low] ?? 0) * (1 - weight) + (sorted[high] ?? 0) * weight;
}

/** Ascending; NaN is less than anything. */
export function byValue(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : -1;
  return Number.isNaN(b) ? 1 : a - b;
}
