import type { LoadLatency } from "@wsight/protocol";

/**
 * A distribution in the percentile text format of HdrHistogram (`.hgrm`, ms),
 * which its plotter and others read. Values are upper bounds of buckets, at
 * most 2.2 % above what was measured.
 */
export function hgrmReport(latency: LoadLatency | null): string {
  const lines = ["       Value     Percentile TotalCount 1/(1-Percentile)", ""];
  const count = latency?.count ?? 0;
  for (const [ms, seen] of latency?.buckets ?? []) {
    const share = seen / count;
    const inverse = seen === count ? "" : (1 / (1 - share)).toFixed(2).padStart(15);
    lines.push(`${ms.toFixed(3).padStart(12)} ${share.toFixed(12)} ${String(seen).padStart(10)}${inverse}`);
  }
  const mean = (latency?.avg ?? 0).toFixed(3).padStart(12);
  const deviation = deviationOf(latency).toFixed(3).padStart(12);
  lines.push(
    `#[Mean    = ${mean}, StdDeviation   = ${deviation}]`,
    `#[Max     = ${(latency?.max ?? 0).toFixed(3).padStart(12)}, Total count    = ${String(count).padStart(12)}]`,
    `#[Buckets = ${String(latency?.buckets.length ?? 0).padStart(12)}, SubBuckets     = ${"32".padStart(12)}]`,
  );
  return `${lines.join("\n")}\n`;
}

/** Standard deviation as far as buckets tell. */
function deviationOf(latency: LoadLatency | null): number {
  if (latency === null || latency.count === 0) return 0;
  let before = 0;
  let sum = 0;
  for (const [ms, seen] of latency.buckets) {
    sum += (seen - before) * (ms - latency.avg) ** 2;
    before = seen;
  }
  return Math.sqrt(sum / latency.count);
}
