import type { Labels } from "@wsight/protocol";
import { parseNumber } from "../literals.ts";
import type { Pacer } from "../pacer.ts";
import { keyOfLabels, withoutLabels } from "../values/labels.ts";
import { emptyLine, hasAny, type Line, setValue } from "../values/line.ts";
import { bucketQuantile, type ClassicBucket } from "../values/quantile.ts";

/** Quantiles of classic buckets by their `le`, and of native histograms. */
export async function histogramQuantile(
  lines: readonly Line[],
  quantiles: Float64Array,
  pacer: Pacer,
): Promise<readonly Line[]> {
  const answer: Line[] = [];
  for (const line of lines) {
    if (line.histograms === null) continue;
    await pacer.turn();
    answer.push(ofNative(line, quantiles));
  }
  for (const { labels, members } of groupBuckets(lines)) {
    await pacer.turn();
    answer.push(ofClassic(labels, members, quantiles));
  }
  for (const { values } of answer) pacer.spendPoints(values.length);
  return answer.filter(hasAny);
}

/** One figure of a native histogram: `histogram_count`, `histogram_sum`, `histogram_avg`. Numbers have none. */
export function histogramFigure(name: string, line: Line, labels: Labels): Line {
  const answer = emptyLine(labels, line.values.length);
  for (const [place, histogram] of line.histograms?.entries() ?? []) {
    if (histogram === null) continue;
    const { count, sum } = histogram;
    setValue(answer, place, name === "histogram_count" ? count : name === "histogram_sum" ? sum : sum / count);
  }
  return answer;
}

function ofNative(line: Line, quantiles: Float64Array): Line {
  const answer = emptyLine(withoutLabels(line.labels), line.values.length);
  for (const [place, histogram] of line.histograms?.entries() ?? [])
    if (histogram !== null) setValue(answer, place, histogram.quantile(quantiles[place] ?? Number.NaN));
  return answer;
}

interface Bucket {
  readonly bound: number;
  readonly line: Line;
}

interface Group {
  readonly labels: Labels;
  readonly members: Bucket[];
}

function groupBuckets(lines: readonly Line[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const line of lines) {
    const bound = parseNumber(line.labels.le ?? "");
    if (line.histograms !== null || bound === null) continue;
    const labels = withoutLabels(line.labels, "le");
    const key = keyOfLabels(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    groups.set(key, group);
    group.members.push({ bound, line });
  }
  return [...groups.values()];
}

function ofClassic(labels: Labels, members: readonly Bucket[], quantiles: Float64Array): Line {
  const answer = emptyLine(labels, quantiles.length);
  for (let place = 0; place < quantiles.length; place++) {
    const buckets: ClassicBucket[] = [];
    for (const { bound, line } of members)
      if (line.present[place] === 1) buckets.push({ bound, count: line.values[place] ?? 0 });
    if (buckets.length > 0) setValue(answer, place, bucketQuantile(quantiles[place] ?? Number.NaN, buckets));
  }
  return answer;
}
