import { findMetric, type HistoryAnswer, type HistorySelector, type HistoryTrendAnswer } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { figureText } from "../../history/figure-text.ts";
import { type ChartData, chartsOf, gridOf, provenance, trendLines } from "./charts-of.ts";
import { Figures } from "./figures.tsx";
import { HeatCard } from "./heat-card.tsx";
import type { HistoryApi } from "./history-api.ts";
import { useMarks } from "./marks.ts";
import { offNode, onNode } from "./on-node.ts";
import { Problem } from "./problem.tsx";
import { RangeChart } from "./range-chart.tsx";
import type { PlotLine, PlotMark } from "./range-plot.ts";
import type { KnownSeries } from "./series-known.ts";
import { TrendTable } from "./trend-table.tsx";
import { formatOf, unitWord } from "./units.ts";
import { useAsked } from "./use-asked.ts";
import type { PagePlace, Period } from "./use-place.ts";

interface ExploreProps {
  readonly api: HistoryApi;
  readonly at: PagePlace;
  readonly known: KnownSeries | null;
  /** Most intervals that the window has room for. */
  readonly points: number;
}

/** Figures over time, as charts. */
export function Explore({ api, at, known, points }: ExploreProps): VNode {
  const { place, period, node, change } = at;
  const { figures } = place;
  const range = { ...timeOf(period), points };
  const answer = useAsked(figures.length === 0 ? null : JSON.stringify([figures, node, range]), async (signal) =>
    offNode(await api.query({ ...range, selectors: figures.map((figure) => onNode(figure, node)) }, signal), node),
  );
  const trends = useTrends(api, figures, at);
  const marks = useMarks(api, period, node);
  const histograms = [...new Map(figures.filter(isHistogram).map((figure) => [heatKey(figure), figure])).values()];
  return (
    <>
      <Figures
        figures={figures}
        refused={place.refused}
        known={known}
        trend={place.trend}
        onChange={(next) => change({ figures: next })}
        onTrend={(trend) => change({ trend })}
        hrefOf={(format) =>
          api.exportHref({
            format,
            node,
            metrics: [...new Set(figures.map(({ metric }) => metric))],
            ...timeOf(period),
          })
        }
      />
      {answer.problem === null ? null : (
        <Problem what="These figures" problem={answer.problem} onRetry={answer.again} />
      )}
      {answer.value === null ? (
        <FirstAnswer figures={figures.length} problem={answer.problem} />
      ) : (
        <Charts
          answer={answer.value}
          pending={answer.pending}
          trends={place.trend ? trends : null}
          marks={marks}
          known={known}
          period={period}
          onRange={at.fix}
        />
      )}
      {histograms.map((figure) => (
        <HeatCard
          key={heatKey(figure)}
          api={api}
          figure={figure}
          node={node}
          period={period}
          columns={Math.round(points / 5)}
        />
      ))}
    </>
  );
}

function timeOf({ fromAt, toAt }: Period): { readonly fromAt: number; readonly toAt: number } {
  return { fromAt, toAt };
}

/** Stands where charts will be. */
function FirstAnswer({
  figures,
  problem,
}: {
  readonly figures: number;
  readonly problem: string | null;
}): VNode | null {
  if (problem !== null) return null;
  return (
    <section class="card" aria-label="Why this is empty">
      {figures === 0 ? (
        <EmptyState
          icon="history"
          title="No figure is chosen"
          why="Add one above: any metric, over any time that is kept."
        />
      ) : (
        <EmptyState icon="waiting" title="Reading the past" why="The hub puts these figures together." />
      )}
    </section>
  );
}

function isHistogram({ metric, agg }: HistorySelector): boolean {
  return findMetric(metric)?.kind === "histogram" && agg !== "rate" && agg !== "count";
}

function heatKey({ metric, where, nodes }: HistorySelector): string {
  return figureText({ metric, agg: "p50", ...(where ? { where } : {}), ...(nodes ? { nodes } : {}) });
}

const NO_LINES: readonly PlotLine[] = [];

interface ChartsProps {
  readonly answer: HistoryAnswer;
  readonly pending: boolean;
  /** Trends by the text of their figure; `null` when they are not wanted. */
  readonly trends: ReadonlyMap<string, HistoryTrendAnswer> | null;
  readonly marks: readonly PlotMark[];
  readonly known: KnownSeries | null;
  readonly period: Period;
  readonly onRange: (fromAt: number, toAt: number) => void;
}

function Charts({ answer, pending, trends, marks, known, period, onRange }: ChartsProps): VNode {
  const grid = useMemo(() => gridOf(answer), [answer]);
  const charts = useMemo(() => chartsOf(answer), [answer]);
  const overlays = useMemo(
    () => charts.map((chart) => (trends === null ? [] : trendLines(chart, grid, trends))),
    [charts, trends, grid],
  );
  return (
    <>
      {charts.map((chart, index) => (
        <RangeChart
          key={chart.id}
          title={chart.title}
          note={[...provenance(answer, chart), ...marksNote(marks)].join(" · ")}
          grid={grid}
          lines={chart.lines}
          overlays={overlays[index] ?? NO_LINES}
          figures={chart.results.map(({ selector }) => selector)}
          marks={marks}
          format={formatOf(chart.unit)}
          unit={unitWord(chart.unit)}
          tall={charts.length === 1}
          range={period}
          pending={pending}
          onRange={onRange}
          empty={emptinessOf(chart, known)}
        >
          {trends === null ? null : <TrendTable chart={chart} trends={trends} />}
        </RangeChart>
      ))}
    </>
  );
}

function marksNote({ length }: readonly PlotMark[]): readonly string[] {
  return length === 0 ? [] : [`▲ ${length} ${length === 1 ? "mark" : "marks"}: processes, tests, alerts`];
}

function emptinessOf({ results, lines }: ChartData, known: KnownSeries | null): Emptiness | null {
  if (lines.some(({ values }) => values.some((value) => value !== null))) return null;
  const [first] = results;
  const metric = first?.selector.metric ?? "";
  const kept = known?.has(metric) ?? true;
  return {
    icon: "history",
    title: kept ? "Nothing recorded in this time" : "Nothing of this was ever recorded",
    why: kept
      ? "The hub or the processes were not running then, the filters leave no series, or this time is no longer kept. Look at another time, or at fewer filters."
      : `History holds no series of ${metric}. Setup says what is watched, and what would be.`,
  };
}

function useTrends(
  api: HistoryApi,
  figures: readonly HistorySelector[],
  { place, period: { fromAt, toAt }, node }: PagePlace,
): ReadonlyMap<string, HistoryTrendAnswer> {
  const question = place.trend && figures.length > 0 ? JSON.stringify([figures, node, fromAt, toAt]) : null;
  const { value } = useAsked(question, async (signal) => {
    const entries = figures.map(async (figure): Promise<[string, HistoryTrendAnswer]> => {
      const answer = await api.trend({ selector: onNode(figure, node), fromAt, toAt }, signal);
      return [figureText(figure), answer];
    });
    return new Map(await Promise.all(entries));
  });
  return useMemo(() => value ?? new Map<string, HistoryTrendAnswer>(), [value]);
}
