import type { Sample } from "@wsight/hub";
import { HISTORY_TIERS, Histogram, seriesKey, type TierStep } from "@wsight/protocol";

/** Steps of all tiers, finest first, ms. */
export const TIER_STEPS: readonly TierStep[] = HISTORY_TIERS.map(({ stepMs }) => stepMs);

/** What a tier must hold of samples of a finer one: each interval put together from all that lie in it. */
export function putTogether(samples: readonly Sample[], stepMs: TierStep): readonly Sample[] {
  const groups = new Map<string, Sample[]>();
  for (const sample of samples) {
    const at = Math.floor(sample.at / stepMs) * stepMs;
    const key = `${at} ${nameOf(sample)}`;
    const group = groups.get(key) ?? [];
    groups.set(key, group);
    group.push(sample);
  }
  return [...groups.values()].map((group) => putOne(group, stepMs));
}

function putOne(group: readonly Sample[], stepMs: TierStep): Sample {
  const inOrder = group.toSorted((a, b) => a.at - b.at);
  const newest = inOrder.at(-1) as Sample;
  const total = (pick: (sample: Sample) => number): number => inOrder.reduce((sum, sample) => sum + pick(sample), 0);
  const whole: Sample = {
    node: newest.node,
    series: newest.series,
    at: Math.floor(newest.at / stepMs) * stepMs,
    intervalMs: stepMs,
    min: Math.min(...inOrder.map(({ min }) => min)),
    max: Math.max(...inOrder.map(({ max }) => max)),
    sum: total(({ sum }) => sum),
    count: total(({ count }) => count),
    last: newest.last,
  };
  return newest.histogram === undefined ? whole : { ...whole, histogram: mergeHistograms(inOrder) };
}

function mergeHistograms(samples: readonly Sample[]): Uint8Array {
  const merged = new Histogram();
  for (const { histogram } of samples) if (histogram !== undefined) merged.merge(Histogram.decode(histogram));
  return merged.encode();
}

/** In an order that depends on the samples alone. */
export function sorted(samples: readonly Sample[]): readonly Sample[] {
  return samples
    .map((sample) => ({ order: `${sample.at} ${nameOf(sample)}`, sample }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ sample }) => sample);
}

/** Text of node and series. */
export function nameOf({ node, series }: Sample): string {
  return `${node} ${seriesKey(series.metric.name, series.labels)}`;
}
