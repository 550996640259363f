import type { HistoryAnswer, HistorySelector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useMemo } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { type Formatter, UNKNOWN } from "../../format/quantity.ts";
import { type ChartData, chartsOf, gridOf, provenance } from "./charts-of.ts";
import type { HistoryApi } from "./history-api.ts";
import { figureTitle } from "./names.ts";
import { offNode, onNode } from "./on-node.ts";
import { Problem } from "./problem.tsx";
import { RangeChart } from "./range-chart.tsx";
import type { RangeLine } from "./range-parts.tsx";
import { formatOf, unitWord } from "./units.ts";
import { useAsked } from "./use-asked.ts";
import type { Period } from "./use-place.ts";

interface OverlayProps {
  readonly api: HistoryApi;
  readonly selector: HistorySelector;
  /** The node that the whole page looks at, `null` for all. */
  readonly node: string | null;
  readonly period: Period;
  readonly againstAt: number;
  readonly points: number;
  readonly onRange: (fromAt: number, toAt: number) => void;
}

/** Lines of both periods are told apart as long as there are not too many. */
const MOST_LINES = 3;

const percent: Formatter = (value) =>
  value === null ? UNKNOWN : { text: value.toFixed(Math.abs(value) < 10 ? 1 : 0).replace("-", "−"), unit: "%" };

/** One figure in both periods, the other one dashed, and by how much they differ at each moment. */
export function Overlay({ api, selector, node, period, againstAt, points, onRange }: OverlayProps): VNode | null {
  const { clock } = useApp();
  const figure = useMemo(
    () => ({ ...selector, ...(selector.by === undefined ? {} : { top: MOST_LINES }) }),
    [selector],
  );
  const lengthMs = period.toAt - period.fromAt;
  const asked = useAsked(JSON.stringify([figure, node, period.fromAt, period.toAt, againstAt, points]), (signal) =>
    askBoth(api, onNode(figure, node), { fromAt: period.fromAt, againstAt, lengthMs, points }, signal),
  );
  const drawn = useMemo(() => (asked.value === null ? null : overlay(asked.value, node)), [asked.value]);
  const title = figureTitle(figure);
  if (asked.problem !== null) return <Problem what={title} problem={asked.problem} onRetry={asked.again} />;
  if (drawn === null || asked.value === null) return null;
  const { a, chart, grid, lines, changes } = drawn;
  const note = `${provenance(a, chart).join(" · ")} · dashed: B, from ${clock.value.day(againstAt)} ${clock.value.time(againstAt)}`;
  const nothing = lines.every(({ values }) => values.every((value) => value === null));
  const common = { grid, range: period, pending: asked.pending, onRange };
  return (
    <>
      <RangeChart
        {...common}
        title={title}
        note={note}
        lines={lines}
        format={formatOf(chart.unit)}
        unit={unitWord(chart.unit)}
        empty={
          nothing
            ? {
                icon: "history",
                title: "Nothing recorded in either period",
                why: "Choose other periods or another figure.",
              }
            : null
        }
      />
      {changes.length === 0 ? null : (
        <RangeChart
          {...common}
          title={`${title}: change`}
          note="A minus B, as a share of B, moment by moment"
          lines={changes}
          format={percent}
          unit="%"
          empty={null}
        />
      )}
    </>
  );
}

interface Both {
  readonly a: HistoryAnswer;
  readonly b: HistoryAnswer;
}

interface BothQuery {
  readonly fromAt: number;
  readonly againstAt: number;
  readonly lengthMs: number;
  readonly points: number;
}

/** Both on intervals of one length: where B is kept less finely, A is asked for as coarsely. */
async function askBoth(
  api: HistoryApi,
  figure: HistorySelector,
  { fromAt, againstAt, lengthMs, points }: BothQuery,
  signal: AbortSignal,
): Promise<Both> {
  const ask = (from: number, stepMs?: number) =>
    api.query(
      {
        selectors: [figure],
        fromAt: from,
        toAt: from + lengthMs,
        points,
        ...(stepMs === undefined ? {} : { stepMs }),
      },
      signal,
    );
  const [a, b] = await Promise.all([ask(fromAt), ask(againstAt)]);
  const stepMs = Math.max(a.stepMs, b.stepMs);
  return {
    a: a.stepMs === stepMs ? a : await ask(fromAt, stepMs),
    b: b.stepMs === stepMs ? b : await ask(againstAt, stepMs),
  };
}

interface Drawn {
  readonly a: HistoryAnswer;
  readonly chart: ChartData;
  readonly grid: ReturnType<typeof gridOf>;
  readonly lines: readonly RangeLine[];
  readonly changes: readonly RangeLine[];
}

function overlay({ a, b }: Both, node: string | null): Drawn | null {
  const [chart] = chartsOf(offNode(a, node));
  const [other] = chartsOf(offNode(b, node));
  if (chart === undefined || other === undefined) return null;
  const grid = gridOf(a);
  const byId = new Map(other.lines.map((line) => [line.id, line]));
  const fit = (values: readonly (number | null)[]) =>
    Array.from({ length: grid.length }, (_, index) => values[index] ?? null);
  const named = (letter: string, label: string) => (chart.lines.length === 1 ? letter : `${letter} · ${label}`);
  const ghosts = chart.lines.flatMap((line): RangeLine[] => {
    const then = byId.get(line.id);
    if (then === undefined) return [];
    return [
      {
        id: `${line.id} B`,
        label: named("B", line.label),
        color: chart.lines.length === 1 ? "other" : line.color,
        stroke: "ghost",
        values: fit(then.values),
        coverage: then.coverage,
        whole: then.whole,
      },
    ];
  });
  const changes = chart.lines.flatMap((line): RangeLine[] => {
    const then = byId.get(line.id);
    if (then === undefined) return [];
    const values = line.values.map((value, index) => changeOf(value, then.values[index] ?? null));
    if (values.every((value) => value === null)) return [];
    const whole = changeOf(line.whole, then.whole);
    return [{ id: line.id, label: line.label, color: line.color, values, coverage: line.coverage, whole }];
  });
  const lines = chart.lines.map((line) => ({ ...line, label: named("A", line.label) }));
  return { a, chart, grid, lines: [...lines, ...ghosts], changes };
}

function changeOf(now: number | null, then: number | null): number | null {
  return now === null || then === null || then === 0 ? null : ((now - then) / Math.abs(then)) * 100;
}
