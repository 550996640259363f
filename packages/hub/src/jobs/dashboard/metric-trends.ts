import {
  type JobMetricsFigure,
  type JobMetricsHistory,
  type JobMetricsPoint,
  type JobMetricsTrend,
  MIN_TREND_POINTS,
} from "@wsight/protocol";
import { fitLine } from "../../analysis/theil-sen.ts";

/** Points that a line is put through; of more, the means of groups of neighbours. */
const MAX_POINTS = 144;
/** Below it a trend is not taken for chance. */
const SIGNIFICANT_P = 0.05;
const HOUR_MS = 3_600_000;

const FIGURES: readonly JobMetricsFigure[] = [
  "waiting",
  "active",
  "delayed",
  "workers",
  "utilizationPct",
  "completed",
  "failed",
  "errorRatePct",
  "processingTimeSec",
  "waitTimeSec",
  "cpuPct",
  "memoryPct",
];

/** Whether each figure goes up or down. */
export function trendsOf(points: readonly JobMetricsPoint[]): JobMetricsHistory["trends"] {
  const times = points.map(({ timestamp }) => Date.parse(timestamp));
  const trends = FIGURES.map((figure) => {
    const samples = points.flatMap((point, i) => {
      const value = point[figure];
      return value === null ? [] : [{ hours: ((times[i] ?? 0) - (times[0] ?? 0)) / HOUR_MS, value }];
    });
    return [figure, trendOf(thin(samples))] as const;
  });
  return Object.fromEntries(trends) as Record<JobMetricsFigure, JobMetricsTrend | null>;
}

interface Sample {
  readonly hours: number;
  readonly value: number;
}

function trendOf(samples: readonly Sample[]): JobMetricsTrend | null {
  if (samples.length < MIN_TREND_POINTS) return null;
  const x = Float64Array.from(samples, ({ hours }) => hours);
  const y = Float64Array.from(samples, ({ value }) => value);
  const { slope, p } = fitLine(x, y);
  const isSure = p < SIGNIFICANT_P && slope !== 0;
  const direction = !isSure ? "steady" : slope > 0 ? "rising" : "falling";
  return { direction, changePerHour: Number(slope.toPrecision(6)), p: Number(p.toPrecision(3)) };
}

function thin(samples: readonly Sample[]): readonly Sample[] {
  const size = Math.ceil(samples.length / MAX_POINTS);
  if (size <= 1) return samples;
  const groups: Sample[] = [];
  for (let i = 0; i < samples.length; i += size) {
    const group = samples.slice(i, i + size);
    const mean = (of: (sample: Sample) => number): number =>
      group.reduce((sum, sample) => sum + of(sample), 0) / group.length;
    groups.push({ hours: mean(({ hours }) => hours), value: mean(({ value }) => value) });
  }
  return groups;
}
