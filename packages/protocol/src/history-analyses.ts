import type { MetricUnit } from "./catalogue.ts";
import type { HistoryRange, HistoryResult, HistorySelector, TierStep } from "./history.ts";
import type { Labels } from "./series.ts";

/** Most series of a page. */
export const MAX_SERIES_PAGE = 500;

/** Which series history knows: one page. */
export interface HistorySeriesQuery {
  /** @default all */
  readonly metrics?: readonly string[];
  /** As `service/instance`. @default all */
  readonly nodes?: readonly string[];
  /** Only series with these attribute values. */
  readonly where?: Labels;
  /** 1 to {@link MAX_SERIES_PAGE}. @default 100 */
  readonly limit?: number;
  /** `next` of the page before. */
  readonly after?: string;
}

/** One series of one node. */
export interface HistorySeriesRow {
  readonly metric: string;
  /** `service/instance`. */
  readonly node: string;
  readonly labels: Labels;
}

/** A page of series, in order of metric, node and labels. */
export interface HistorySeriesPage {
  readonly series: readonly HistorySeriesRow[];
  /** How many match on all pages. */
  readonly matched: number;
  /** What to ask for the next page with; `null` on the last. */
  readonly next: string | null;
}

/** Period A beside a period B of the same length. */
export interface HistoryCompareQuery extends Pick<HistoryRange, "fromAt" | "toAt"> {
  readonly selectors: readonly HistorySelector[];
  /** Start of period B, ms epoch, before `fromAt`. */
  readonly againstAt: number;
}

/** From how far out a difference counts as unusual: Iglewicz and Hoaglin's limit of the modified z-score. */
export const UNUSUAL_Z = 3.5;
/** Fewest earlier differences that say what is usual. */
export const MIN_USUAL_SAMPLES = 8;
/** Most earlier differences that are looked at. */
export const MAX_USUAL_SAMPLES = 48;

/**
 * Whether a difference is one that is usual. The statistic is the modified
 * z-score `z = (d − median(D)) / s` of the difference `d` = A − B among `D`, the same
 * difference (between periods as long, and as far apart) at each of the up to
 * {@link MAX_USUAL_SAMPLES} periods just before A. `s` is 1.4826 × the median absolute
 * deviation of `D`, or 1.2533 × its mean absolute deviation where that is zero.
 */
export interface HistoryUsual {
  /** `outside` when `|z|` is above {@link UNUSUAL_Z}, or when D are all alike and d is not. */
  readonly state: "inside" | "outside" | "not-enough-history" | "no-data";
  /** `null` when not known, or when D are all alike. */
  readonly z: number | null;
  /** How many of D are known. */
  readonly samples: number;
  /** Median of D; `null` for none. */
  readonly median: number | null;
  /** `s`; `null` for none. */
  readonly spread: number | null;
}

/** One figure in both periods. */
export interface HistoryCompareLine {
  readonly labels: Labels;
  /** The figure over the whole of A, and of B; `null` where nothing is known. */
  readonly a: number | null;
  readonly b: number | null;
  /** A − B. */
  readonly delta: number | null;
  /** 100 × (A − B) ÷ |B|; `null` when B is zero. */
  readonly percent: number | null;
  /** How much of each period has data, 0 to 1. */
  readonly coverageA: number;
  readonly coverageB: number;
  readonly usual: HistoryUsual;
}

/** What a comparison says. */
export interface HistoryCompareAnswer {
  /** Start and end of A, ms epoch: as asked, rounded to the resolution. */
  readonly fromAt: number;
  readonly toAt: number;
  /** Start of B. */
  readonly againstAt: number;
  /** Step of the tier that was read, ms. */
  readonly resolutionMs: TierStep;
  readonly results: readonly {
    readonly selector: HistorySelector;
    readonly unit: HistoryResult["unit"];
    /** Largest first, by the larger of both figures. */
    readonly lines: readonly HistoryCompareLine[];
    /** Lines left out because of `top`. */
    readonly leftOut: number;
  }[];
}

/** Most columns of a heatmap. */
export const MAX_HEATMAP_COLUMNS = 1_000;

/** A distribution over time. */
export interface HistoryHeatmapQuery extends Pick<HistoryRange, "fromAt" | "toAt" | "stepMs"> {
  /** Of kind histogram. */
  readonly metric: string;
  readonly where?: Labels;
  readonly nodes?: readonly string[];
  /** Most columns, 1 to {@link MAX_HEATMAP_COLUMNS}. @default 120 */
  readonly points?: number;
  /** Rows that an octave is cut into: 1, 2, 4, 8, 16 or 32. @default 1 */
  readonly perOctave?: number;
}

/** How many values of which size each interval holds. Exact: the rows' bounds are bounds of the kept buckets. */
export interface HistoryHeatmap {
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
  readonly resolutionMs: TierStep;
  readonly unit: MetricUnit;
  readonly coverage: number;
  /** Row `r` counts values in `(bounds[r], bounds[r + 1]]`; rows span what was recorded. Empty for nothing. */
  readonly bounds: readonly number[];
  /** One for each interval: a count for each row, lowest first; `null` where nothing is known. */
  readonly columns: readonly (readonly number[] | null)[];
  /** Values that were zero or negative, all intervals together; they are in no row. */
  readonly zeroCount: number;
  /** All values, zeros included. */
  readonly count: number;
}

/** Most points that a trend is made from. */
export const MAX_TREND_POINTS = 2_000;
/** Fewest points that a trend is made from. */
export const MIN_TREND_POINTS = 8;

/** How a figure goes up or down. */
export interface HistoryTrendQuery extends HistoryRange {
  readonly selector: HistorySelector;
  /** Says when the trend reaches this value, in base units. */
  readonly limit?: number;
}

/**
 * A straight line through a figure, insensitive to outliers.
 *
 * - `slope`: Theil–Sen, the median of the slopes of all pairs of points (Sen 1968).
 * - `slopeLow` to `slopeHigh`: its 95 % confidence interval by Sen's method, from
 *   the variance of Mann–Kendall's S with ties.
 * - `p`: two-sided p-value of Mann–Kendall's test of no trend (Kendall 1975), with the
 *   variance corrected for points that follow each other (Hamed and Rao 1998); so is the interval.
 * - `startValue` and `endValue`: the line at both ends, through the median of `y − slope × x`.
 */
export interface HistoryTrend {
  /** Change in a second, in base units. */
  readonly slope: number;
  readonly slopeLow: number;
  readonly slopeHigh: number;
  readonly p: number;
  /** Points that were known. */
  readonly points: number;
  readonly startValue: number;
  readonly endValue: number;
  /** When the line reaches the limit, ms epoch; `null` for never (within ten years), or without a limit. */
  readonly reachesAt: number | null;
  /** The same with the bounds of the slope: the earliest and the latest; `null` for never. */
  readonly reachesEarliestAt: number | null;
  readonly reachesLatestAt: number | null;
}

/** Trends of the lines of a selector. */
export interface HistoryTrendAnswer {
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
  readonly resolutionMs: TierStep;
  readonly unit: HistoryResult["unit"];
  readonly lines: readonly {
    readonly labels: Labels;
    readonly coverage: number;
    /** `null` for fewer than {@link MIN_TREND_POINTS} points. */
    readonly trend: HistoryTrend | null;
  }[];
  readonly leftOut: number;
}
