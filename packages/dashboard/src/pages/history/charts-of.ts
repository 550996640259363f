import type { HistoryAnswer, HistoryResult, HistorySelector, HistoryTrendAnswer } from "@wsight/protocol";
import type { ColorToken } from "../../charts/palette.ts";
import { join, share, span } from "../../format/quantity.ts";
import { figureText } from "../../history/figure-text.ts";
import { figureTitle, lineTitle } from "./names.ts";
import type { RangeLine } from "./range-parts.tsx";
import { type Grid, MOST_BANDS, type PlotLine } from "./range-plot.ts";
import { axisOf } from "./units.ts";

const COLORS: readonly ColorToken[] = ["c1", "c2", "c4", "c6", "c3", "c5"];
/** What several figures on one axis are called together. */
const AXIS_TITLES: Readonly<Record<string, string>> = {
  "/s": "Per second",
  "By/s": "Bytes per second",
  "s/s": "Share of time",
  s: "Times",
  By: "Bytes",
  "1": "Shares",
};

/** Figures of one unit, which share an axis. */
export interface ChartData {
  readonly id: string;
  readonly title: string;
  readonly unit: HistoryResult["unit"];
  readonly results: readonly HistoryResult[];
  readonly lines: readonly RangeLine[];
  readonly leftOut: number;
}

/** Charts of an answer: one for each unit, in the order of the figures. */
export function chartsOf({ results }: HistoryAnswer): readonly ChartData[] {
  const groups = new Map<string, HistoryResult[]>();
  for (const result of results) {
    const axis = axisOf(result.unit);
    groups.set(axis, [...(groups.get(axis) ?? []), result]);
  }
  return [...groups].map(([axis, group]) => chartOf(axis, group));
}

function chartOf(axis: string, results: readonly HistoryResult[]): ChartData {
  const [first] = results;
  const alone = results.length === 1;
  const drafts = results.flatMap(({ selector, lines }) =>
    lines.map((line) => ({
      ...line,
      id: lineId(selector, line.labels),
      label: lineTitle(selector, line.labels, alone),
    })),
  );
  return {
    id: axis,
    title: alone && first !== undefined ? figureTitle(first.selector) : (AXIS_TITLES[axis] ?? "Counts"),
    unit: first?.unit ?? "1",
    results,
    lines: drafts.map((line, index) => ({ ...line, color: COLORS[index] ?? "other" })),
    leftOut: results.reduce((sum, { leftOut }) => sum + leftOut, 0),
  };
}

function lineId(selector: HistorySelector, labels: Readonly<Record<string, string>>): string {
  return `${figureText(selector)} ${JSON.stringify(labels)}`;
}

/** The intervals of an answer. */
export function gridOf({ fromAt, toAt, stepMs }: Pick<HistoryAnswer, "fromAt" | "toAt" | "stepMs">): Grid {
  return { fromAt, stepMs, length: Math.max(1, Math.round((toAt - fromAt) / stepMs)) };
}

/** How the values of an answer came about: `1 min intervals from samples of 10 s · data for 98 % of the time`. */
export function provenance(
  answer: Pick<HistoryAnswer, "stepMs" | "resolutionMs" | "coverage">,
  chart: Pick<ChartData, "lines" | "leftOut">,
): readonly string[] {
  const { stepMs, resolutionMs, coverage } = answer;
  const fine = span(resolutionMs);
  const parts = [
    stepMs === resolutionMs ? `Resolution ${fine}` : `Resolution ${span(stepMs)}, from samples of ${fine}`,
  ];
  parts.push(coverage >= 0.9995 ? "no gaps" : `data for ${join(share(coverage))} of the time`);
  const banded = chart.lines.filter(({ high }) => high !== undefined).length;
  if (banded > 0 && banded <= MOST_BANDS) parts.push("shaded: lowest to highest second");
  if (chart.leftOut > 0) parts.push(`the largest ${chart.lines.length} lines, ${chart.leftOut} left out`);
  return parts;
}

/** Straight lines over the grid that tell where each line is going; none for what has no trend. */
export function trendLines(
  chart: ChartData,
  grid: Grid,
  trends: ReadonlyMap<string, HistoryTrendAnswer>,
): readonly PlotLine[] {
  return chart.results.flatMap(({ selector }) => {
    const answer = trends.get(figureText(selector));
    return (answer?.lines ?? []).flatMap(({ labels, trend }): PlotLine[] => {
      const of = chart.lines.find(({ id }) => id === lineId(selector, labels));
      if (trend === null || of === undefined) return [];
      const { startValue, endValue } = trend;
      const steps = Math.max(1, grid.length - 1);
      const values = Array.from(
        { length: grid.length },
        (_, index) => startValue + ((endValue - startValue) * index) / steps,
      );
      return [{ color: of.color, stroke: "trend", values }];
    });
  });
}
