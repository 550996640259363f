import type { HistoryHeatmap, HistorySelector } from "@wsight/protocol";
import type { TargetedPointerEvent, VNode } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { ChartMenu } from "../../charts/chart-menu.tsx";
import type { ChartTable } from "../../charts/chart-table.ts";
import { Card } from "../../components/card.tsx";
import { EmptyState } from "../../components/empty-state.tsx";
import { type Clock, stepTime } from "../../format/clock.ts";
import { count, type Formatter, join, span } from "../../format/quantity.ts";
import { provenance } from "./charts-of.ts";
import { drawHeat, HEAT_BOTTOM, HEAT_LEFT, HEAT_TOP } from "./heat-drawing.ts";
import type { HistoryApi } from "./history-api.ts";
import { metricTitle } from "./names.ts";
import { onNode } from "./on-node.ts";
import { Problem } from "./problem.tsx";
import { offsetOf } from "./time-axis.ts";
import { formatOf, unitWord } from "./units.ts";
import { useAsked } from "./use-asked.ts";
import type { Period } from "./use-place.ts";

interface HeatCardProps {
  readonly api: HistoryApi;
  readonly figure: HistorySelector;
  /** The node that the whole page looks at, `null` for all. */
  readonly node: string | null;
  readonly period: Period;
  /** Most columns that the window has room for. */
  readonly columns: number;
}

interface Cell {
  readonly row: number;
  readonly column: number;
}

const ROWS_PER_OCTAVE = 2;

/** The distribution behind a percentile over time: sizes up, time across, darker is more. */
export function HeatCard({ api, figure, node, period, columns }: HeatCardProps): VNode | null {
  const { metric, where } = figure;
  const { nodes } = onNode(figure, node);
  const query = {
    metric,
    ...(where === undefined ? {} : { where }),
    ...(nodes === undefined ? {} : { nodes }),
    fromAt: period.fromAt,
    toAt: period.toAt,
    points: columns,
    perOctave: ROWS_PER_OCTAVE,
  };
  const asked = useAsked(JSON.stringify(query), (signal) => api.heatmap(query, signal));
  const title = [`${metricTitle(metric)}, distribution`, ...Object.values(where ?? {}), ...(figure.nodes ?? [])].join(
    ", ",
  );
  if (asked.value === null)
    return asked.problem === null ? null : <Problem what={title} problem={asked.problem} onRetry={asked.again} />;
  return <Heat title={title} heat={asked.value} period={period} pending={asked.pending} />;
}

interface HeatProps {
  readonly title: string;
  readonly heat: HistoryHeatmap;
  readonly period: Period;
  readonly pending: boolean;
}

function Heat({ title, heat, period, pending }: HeatProps): VNode {
  const app = useApp();
  const id = useId();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [cell, setCell] = useState<Cell | null>(null);
  const format = formatOf(heat.unit);
  const rows = Math.max(0, heat.bounds.length - 1);
  const empty = rows === 0 || heat.columns.every((column) => column === null);
  const palette = app.palette.value;
  const clock = app.clock.value;
  const offset = offsetOf(app.preferences.timeZone.value);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const draw = () => drawHeat(element, { heat, palette, clock, offset, format });
    draw();
    const observer = new ResizeObserver(draw);
    observer.observe(element);
    return () => observer.disconnect();
  }, [heat, palette, clock]);
  const hold = (next: Cell | null) => {
    setCell(next);
    app.cursor.owner.value = next === null ? null : id;
    app.cursor.at.value = next === null ? null : heat.fromAt + next.column * heat.stepMs;
  };
  const kept = cell !== null && cell.row < rows && cell.column < heat.columns.length ? cell : null;
  const cursorAt = app.cursor.at.value;
  const width = canvas.current?.clientWidth ?? 0;
  const note = useMemo(() => noteOf(heat, format), [heat]);
  return (
    <Card
      title={title}
      span={12}
      as="figure"
      aside={
        <>
          <span class="ramp">
            few
            <i class="ramp-bar" />
            many
          </span>
          <ChartMenu title={title} table={() => tableOf(app, title, heat, format)} range={period} />
        </>
      }
    >
      <div class="range-note">{note}</div>
      <div
        class="heat history-heat"
        data-pending={pending ? "" : undefined}
        role="application"
        aria-roledescription="heatmap"
        aria-label={`${title}. ${note}. Arrow keys read single cells.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application makes it interactive
        tabIndex={0}
        onPointerMove={(event) => hold(cellAt(event, heat, rows))}
        onPointerLeave={() => hold(null)}
        onKeyDown={(event) => {
          if (event.key === "Escape" && kept !== null) {
            event.preventDefault();
            hold(null);
          }
          const next = stepTo(event, heat, rows, kept);
          if (next === null) return;
          event.preventDefault();
          hold(next);
          app.say(tell(app, heat, format, next));
        }}
      >
        <canvas ref={canvas} />
        {cursorAt === null || empty || width === 0 ? null : <HeatCursor heat={heat} at={cursorAt} width={width} />}
        {kept === null || app.cursor.owner.value !== id ? null : (
          <HeatTip heat={heat} cell={kept} width={width} format={format} />
        )}
        {empty ? (
          <div class="plot-empty">
            <EmptyState
              icon="history"
              title="Nothing recorded in this time"
              why="No value of this distribution is kept for this time, these nodes and these filters."
            />
          </div>
        ) : null}
      </div>
    </Card>
  );
}

function noteOf(heat: HistoryHeatmap, format: Formatter): string {
  const parts = [...provenance(heat, { lines: [], leftOut: 0 }), `${join(count(heat.count))} values`];
  if (heat.zeroCount > 0) parts.push(`${join(count(heat.zeroCount))} of them zero, below the lowest row`);
  const [low] = heat.bounds;
  const high = heat.bounds.at(-1);
  if (low !== undefined && high !== undefined) parts.push(`${join(format(low))} to ${join(format(high))}`);
  return parts.join(" · ");
}

function HeatCursor({
  heat,
  at,
  width,
}: {
  readonly heat: HistoryHeatmap;
  readonly at: number;
  readonly width: number;
}): VNode | null {
  const share = (at - heat.fromAt) / (heat.columns.length * heat.stepMs);
  if (share < 0 || share > 1) return null;
  const x = HEAT_LEFT + (share + 0.5 / heat.columns.length) * (width - HEAT_LEFT);
  return (
    <i
      class="cursor-line"
      style={{ transform: `translate(${x}px, ${HEAT_TOP}px)`, height: `calc(100% - ${HEAT_TOP + HEAT_BOTTOM}px)` }}
    />
  );
}

interface HeatTipProps {
  readonly heat: HistoryHeatmap;
  readonly cell: Cell;
  readonly width: number;
  readonly format: Formatter;
}

function HeatTip({ heat, cell, width, format }: HeatTipProps): VNode {
  const { clock } = useApp();
  const x = HEAT_LEFT + ((cell.column + 0.5) / heat.columns.length) * (width - HEAT_LEFT);
  const left = cell.column > heat.columns.length / 2;
  const at = heat.fromAt + cell.column * heat.stepMs;
  return (
    <div
      class="tooltip"
      style={{ transform: `translate(calc(${x + (left ? -14 : 14)}px - ${left ? 100 : 0}%), 12px)` }}
    >
      <time>
        {momentText(clock.value, heat, at)}
        <span class="fine"> · {span(heat.stepMs)}</span>
      </time>
      <dl>
        <dt>{rangeText(heat, cell.row, format)}</dt>
        <dd>{join(count(heat.columns[cell.column]?.[cell.row] ?? null))}</dd>
      </dl>
    </div>
  );
}

function momentText(clock: Clock, { columns, stepMs }: HistoryHeatmap, at: number): string {
  return stepTime(clock, at, columns.length * stepMs, stepMs);
}

function rangeText({ bounds }: HistoryHeatmap, row: number, format: Formatter): string {
  return `${join(format(bounds[row] ?? null))} to ${join(format(bounds[row + 1] ?? null))}`;
}

function tell(app: App, heat: HistoryHeatmap, format: Formatter, cell: Cell): string {
  const at = heat.fromAt + cell.column * heat.stepMs;
  const clock = app.clock.peek();
  const value = join(count(heat.columns[cell.column]?.[cell.row] ?? null)).replace("–", "unknown");
  return `${momentText(clock, heat, at)}, ${rangeText(heat, cell.row, format)}: ${value}`;
}

function cellAt(event: TargetedPointerEvent<HTMLElement>, heat: HistoryHeatmap, rows: number): Cell | null {
  const box = event.currentTarget.getBoundingClientRect();
  const across = (event.clientX - box.left - HEAT_LEFT) / (box.width - HEAT_LEFT);
  const up = 1 - (event.clientY - box.top - HEAT_TOP) / (box.height - HEAT_TOP - HEAT_BOTTOM);
  if (across < 0 || across >= 1 || up < 0 || up >= 1) return null;
  return { row: Math.floor(up * rows), column: Math.floor(across * heat.columns.length) };
}

function stepTo(event: KeyboardEvent, heat: HistoryHeatmap, rows: number, cell: Cell | null): Cell | null {
  const last = heat.columns.length - 1;
  const from = cell ?? { row: Math.floor(rows / 2), column: last };
  const by = cell === null ? 0 : event.shiftKey ? 10 : 1;
  const to = (
    {
      ArrowLeft: { ...from, column: from.column - by },
      ArrowRight: { ...from, column: from.column + by },
      ArrowUp: { ...from, row: from.row + by },
      ArrowDown: { ...from, row: from.row - by },
      Home: { ...from, column: 0 },
      End: { ...from, column: last },
    } satisfies Readonly<Record<string, Cell>> as Readonly<Record<string, Cell>>
  )[event.key];
  if (to === undefined || rows === 0) return null;
  return { row: Math.min(rows - 1, Math.max(0, to.row)), column: Math.min(last, Math.max(0, to.column)) };
}

function tableOf(app: App, title: string, heat: HistoryHeatmap, format: Formatter): ChartTable {
  const clock = app.clock.peek();
  const rows = heat.bounds.slice(1).map((_bound, row) => row);
  const unit = unitWord(heat.unit);
  return {
    title,
    columns: rows.map((row) => rangeText(heat, row, format)),
    units: rows.map((row) => `count in ${heat.bounds[row]} to ${heat.bounds[row + 1]} ${unit}`),
    rows: heat.columns
      .map((column, index) => ({ column, at: heat.fromAt + index * heat.stepMs }))
      .filter(({ column }) => column !== null)
      .reverse()
      .map(({ column, at }) => {
        const values = rows.map((row) => column?.[row] ?? null);
        return {
          at,
          label: momentText(clock, heat, at),
          values,
          texts: values.map((value) => join(count(value))),
        };
      }),
  };
}
