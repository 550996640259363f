import type { HistorySelector } from "@wsight/protocol";
import type { ComponentChildren, TargetedKeyboardEvent, VNode } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { ChartMenu } from "../../charts/chart-menu.tsx";
import type { ChartTable } from "../../charts/chart-table.ts";
import { clearCursor } from "../../charts/cursor.ts";
import { Card } from "../../components/card.tsx";
import { type Emptiness, EmptyState } from "../../components/empty-state.tsx";
import { axisText, type Formatter, join } from "../../format/quantity.ts";
import { LineTable } from "./line-table.tsx";
import { atOf, Cursor, MOST_TOLD, momentText, type RangeLine, Selection, Tip } from "./range-parts.tsx";
import { type Grid, type PlotLine, type PlotMark, RangePlot, type RangeView } from "./range-plot.ts";
import { type Dragged, usePointer } from "./range-pointer.ts";
import { offsetOf } from "./time-axis.ts";

interface RangeChartProps {
  readonly title: string;
  readonly caption?: string;
  /** How its values came about: resolution, coverage, what was left out. */
  readonly note: ComponentChildren;
  readonly grid: Grid;
  readonly lines: readonly RangeLine[];
  /** Drawn with the lines, and told elsewhere. The same while it means the same. */
  readonly overlays?: readonly PlotLine[];
  /** What is drawn, when it can be compared with another time. */
  readonly figures?: readonly HistorySelector[];
  readonly marks?: readonly PlotMark[];
  readonly format: Formatter;
  /** Unit of the values for files: `s`. */
  readonly unit: string;
  readonly tall?: boolean;
  /** Somebody chose a part of the time. */
  readonly onRange: (fromAt: number, toAt: number) => void;
  /** Why there is nothing to see; `null` while there is something. */
  readonly empty: Emptiness | null;
  /** True while what is shown is about to be replaced. */
  readonly pending: boolean;
  /** The time that is shown, ms epoch, for links to it. */
  readonly range: { readonly fromAt: number; readonly toAt: number };
  readonly children?: ComponentChildren;
}

const NONE: readonly never[] = [];

/** Lines over a fixed time in a card: canvas, cursor, table of the lines, keyboard, data table and files. */
export function RangeChart(props: RangeChartProps): VNode {
  const { title, caption, grid, lines, format, empty } = props;
  const app = useApp();
  const { cursor } = app;
  const id = useId();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<RangePlot | null>(null);
  const [, redrawn] = useState(0);
  const [picked, setPicked] = useState<number | null>(null);
  const [dragged, setDragged] = useState<Dragged | null>(null);
  const kept = picked !== null && picked < lines.length ? picked : null;
  const view = useView(app, props, kept);

  useEffect(() => {
    if (host.current === null) return;
    if (plot.current === null) plot.current = new RangePlot(host.current, view, () => redrawn((turn) => turn + 1));
    else plot.current.draw(view);
    redrawn((turn) => turn + 1);
  }, [view]);
  useEffect(
    () => () => {
      plot.current?.destroy();
      plot.current = null;
      if (cursor.owner.peek() === id) clearCursor(cursor);
    },
    [],
  );

  const index = indexOf(grid, cursor.at.value);
  const point = (next: number | null) => {
    if (cursor.pinned.peek()) return;
    cursor.owner.value = next === null ? null : id;
    cursor.at.value = next === null ? null : atOf(grid, next);
  };
  const pointer = usePointer(plot, grid, point, setDragged, props.onRange, () => {
    if (cursor.at.peek() !== null) cursor.pinned.value = !cursor.pinned.peek();
  });
  return (
    <Card
      title={title}
      span={12}
      as="figure"
      aside={
        <ChartMenu
          title={title}
          table={() => tableOf(app, props)}
          range={props.range}
          figures={props.figures ?? NONE}
        />
      }
      {...(caption === undefined ? {} : { caption })}
    >
      <div class="range-note">{props.note}</div>
      <div
        class="plot range-plot"
        data-tall={props.tall === true ? "" : undefined}
        data-pending={props.pending ? "" : undefined}
        role="application"
        aria-roledescription="time series chart"
        aria-label={summaryOf(app, props)}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application makes it interactive
        tabIndex={0}
        {...pointer}
        onKeyDown={(event) => onKeyDown(event, app, props, { id, index, picked: kept, setPicked })}
      >
        <div class="plot-host" ref={host} />
        {plot.current === null ? null : (
          <>
            {dragged === null ? null : <Selection plot={plot.current} dragged={dragged} />}
            {index === null ? null : (
              <Cursor plot={plot.current} grid={grid} lines={lines} index={index} pinned={cursor.pinned.value} />
            )}
            {index === null || cursor.owner.value !== id ? null : (
              <Tip plot={plot.current} grid={grid} lines={lines} format={format} index={index} />
            )}
          </>
        )}
        {empty === null ? null : (
          <div class="plot-empty">
            <EmptyState {...empty} />
          </div>
        )}
      </div>
      {empty === null ? (
        <LineTable title={title} lines={lines} format={format} index={index} picked={kept} onPick={setPicked} />
      ) : null}
      {props.children}
    </Card>
  );
}

function useView(app: App, props: RangeChartProps, picked: number | null): RangeView {
  const { grid, lines, overlays = NONE, marks = NONE, format } = props;
  const palette = app.palette.value;
  const clock = app.clock.value;
  const thin = app.preferences.reduceDrawing.value;
  const zone = app.preferences.timeZone.value;
  const added = app.chartMarks.value;
  const node = app.live.node.value;
  // The same figures come as another list each time.
  const figures = JSON.stringify(props.figures ?? NONE);
  const alerts = useMemo(
    () => added?.of(JSON.parse(figures) as readonly HistorySelector[], node) ?? { limits: NONE, bands: NONE },
    [added, figures, node],
  );
  return useMemo(
    () => ({
      grid,
      lines: [...lines, ...overlays],
      picked,
      marks,
      ...alerts,
      palette,
      thin,
      offset: offsetOf(zone),
      formatY: (value: number) => axisText(format, value),
      formatX: (at: number, midnight: boolean) =>
        midnight ? clock.day(at) : at % 60_000 === 0 ? clock.minute(at) : clock.time(at),
      gapText: "nothing recorded",
    }),
    [grid, lines, overlays, picked, marks, alerts, palette, clock, thin, zone, format],
  );
}

function indexOf({ fromAt, stepMs, length }: Grid, at: number | null): number | null {
  if (at === null) return null;
  const index = Math.floor((at - fromAt) / stepMs);
  return index >= 0 && index < length ? index : null;
}

function summaryOf(app: App, { title, lines, format, grid, empty }: RangeChartProps): string {
  const clock = app.clock.peek();
  if (empty !== null) return `${title}. ${empty.title}. ${empty.why}`;
  const told = lines.slice(0, MOST_TOLD).map(({ label, values }) => {
    const known = values.filter((value) => value !== null);
    const low = known.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
    const high = known.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
    return known.length === 0 ? `${label} unknown` : `${label} ${spoken(format, low)} to ${spoken(format, high)}`;
  });
  const last = grid.length - 1;
  return `${title}, ${momentText(clock, grid, 0)} to ${momentText(clock, grid, last)}. ${told.join(", ")}. Arrow keys read single points.`;
}

function spoken(format: Formatter, value: number | null): string {
  return value === null ? "unknown" : join(format(value)).replace("/s", " per second");
}

interface KeyParts {
  readonly id: string;
  readonly index: number | null;
  readonly picked: number | null;
  readonly setPicked: (line: number | null) => void;
}

function onKeyDown(
  event: TargetedKeyboardEvent<HTMLDivElement>,
  app: App,
  { grid, lines, format }: RangeChartProps,
  { id, index, picked, setPicked }: KeyParts,
): void {
  const { cursor } = app;
  const by = event.shiftKey ? 10 : 1;
  const from = index ?? (event.key === "ArrowLeft" ? grid.length : -1);
  const target = {
    ArrowLeft: from - by,
    ArrowRight: from + by,
    Home: 0,
    End: grid.length - 1,
  }[event.key];
  const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  let line = picked;
  if (event.key === "Escape" && (index !== null || picked !== null)) {
    clearCursor(cursor);
    setPicked(null);
    event.preventDefault();
    return;
  }
  if (event.key === "Enter" && index !== null) cursor.pinned.value = !cursor.pinned.peek();
  else if (turn !== undefined && lines.length > 0) {
    line = ((picked ?? (turn > 0 ? -1 : 0)) + turn + lines.length) % lines.length;
    setPicked(line);
  } else if (target !== undefined) {
    cursor.pinned.value = false;
    cursor.owner.value = id;
    cursor.at.value = atOf(grid, Math.min(grid.length - 1, Math.max(0, target)));
  } else return;
  event.preventDefault();
  const at = indexOf(grid, cursor.at.peek());
  const read = lines
    .filter((_line, place) => line === null || place === line)
    .slice(0, MOST_TOLD)
    .map(({ label, values }) => `${label} ${at === null ? "" : spoken(format, values[at] ?? null)}`);
  const pinned = cursor.pinned.peek() ? ", pinned" : "";
  const when = at === null ? "" : `${momentText(app.clock.peek(), grid, at)}${pinned}: `;
  app.say(`${when}${read.join(", ")}`);
}

/** Every interval with any value, newest first. */
function tableOf(app: App, { title, grid, lines, format, unit }: RangeChartProps): ChartTable {
  const clock = app.clock.peek();
  const known = Array.from({ length: grid.length }, (_, index) => grid.length - 1 - index).filter((index) =>
    lines.some(({ values }) => typeof values[index] === "number"),
  );
  return {
    title,
    columns: lines.map(({ label }) => label),
    units: lines.map(() => unit),
    rows: known.map((index) => {
      const values = lines.map((line) => line.values[index] ?? null);
      const texts = values.map((value) => join(format(value)));
      return { at: atOf(grid, index), label: momentText(clock, grid, index), values, texts };
    }),
  };
}
