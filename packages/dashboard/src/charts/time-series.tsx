import { useSignalEffect } from "@preact/signals";
import type { Selector } from "@wsight/protocol";
import type { TargetedKeyboardEvent, TargetedPointerEvent, VNode } from "preact";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import { Card } from "../components/card.tsx";
import { type Emptiness, EmptyState } from "../components/empty-state.tsx";
import { stepTime } from "../format/clock.ts";
import { axisText, type Formatter, join } from "../format/quantity.ts";
import type { LiveState, SeriesRing } from "../state/index.ts";
import { ChartMenu } from "./chart-menu.tsx";
import { ChartModel } from "./chart-model.ts";
import { CursorLine, Legend, Tooltip } from "./chart-parts.tsx";
import type { ChartTable } from "./chart-table.ts";
import { clearCursor } from "./cursor.ts";
import type { LineStyle } from "./line-plot.ts";
import type { PlotLimit } from "./plot-marks.ts";
import type { Stack } from "./stack.ts";

/** One line of a chart. */
export interface Line extends LineStyle {
  readonly label: string;
  readonly selector: Selector;
  /** Where its values come from when the selector's alone are not what is meant. */
  readonly ring?: (live: LiveState) => SeriesRing;
}

interface TimeSeriesProps {
  readonly title: string;
  readonly caption?: string;
  readonly span: 4 | 5 | 6 | 7 | 8 | 12;
  /** At most six, the most important first. They may not change while the chart is there. */
  readonly lines: readonly Line[];
  readonly format: Formatter;
  /** Several: the lowest first. */
  readonly limit?: PlotLimit | readonly PlotLimit[];
  /** Puts the lines on top of each other, the first at the bottom. Made once for each chart. */
  readonly stack?: Stack;
  /** Top of the y-axis, where values have a natural one; else they say it. */
  readonly top?: number;
  readonly staleSince: number | null;
  /** Shown while no line has a value. */
  readonly empty: Emptiness;
}

/** A live time-series chart in a card: canvas, legend, tooltip, keyboard, table and file. */
export function TimeSeries(props: TimeSeriesProps): VNode {
  const { title, caption, lines, format, limit, stack, staleSince } = props;
  const app = useApp();
  const id = useId();
  const host = useRef<HTMLDivElement>(null);
  const [model, setModel] = useState<ChartModel | null>(null);
  const [picked, setPicked] = useState<number | null>(null);

  useEffect(() => {
    if (host.current === null) return undefined;
    const chart = new ChartModel(app, host.current, {
      id,
      lines,
      selectors: lines.map(({ selector }) => selector),
      rings: lines.map(({ selector, ring }) => ring?.(app.live) ?? app.live.series(selector)),
      limits: [limit ?? []].flat(),
      stack: stack ?? null,
      top: props.top ?? null,
      formatY: (value) => axisText(format, value),
    });
    const forget = app.painter.add(host.current, () => chart.draw());
    setModel(chart);
    return () => {
      forget();
      chart.destroy();
    };
  }, [app, id]);

  const table = useMemo(() => () => chartTable(app, props, model), [app, props, model]);
  const aside = (
    <>
      {model === null ? null : <Legend model={model} lines={lines} format={format} picked={picked} />}
      <ChartMenu
        title={title}
        table={table}
        selectors={lines.flatMap(({ selector, ring }) => (ring ? [] : selector))}
      />
    </>
  );
  return (
    <Card
      title={title}
      span={props.span}
      as="figure"
      aside={aside}
      staleSince={staleSince}
      {...(caption === undefined ? {} : { caption })}
    >
      <div
        class="plot"
        role="application"
        aria-roledescription="time series chart"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application makes it interactive
        tabIndex={0}
        onPointerDown={(event) => beginSelect(app, event, (clientX) => model?.timeAt(clientX) ?? null)}
        onDblClick={() => app.time.goLive()}
        onPointerMove={(event) => model?.point(event.clientX)}
        onPointerLeave={() => model?.point(null)}
        onClick={() => togglePin(app)}
        onKeyDown={(event) => model !== null && onKeyDown(event, app, model, props, picked, setPicked)}
        ref={(element) => labelPlot(element, title, lines, format, model)}
      >
        <div class="plot-host" ref={host} />
        {model === null ? null : (
          <>
            <CursorLine model={model} lines={lines} />
            <Tooltip id={id} model={model} lines={lines} format={format} />
            <PlotEmpty model={model} empty={props.empty} />
          </>
        )}
      </div>
      {model === null ? null : <Summary model={model} props={props} />}
    </Card>
  );
}

/** How to select is fetched with the first press; it goes on from there. */
export function beginSelect(
  app: App,
  event: TargetedPointerEvent<HTMLElement>,
  timeAt: (clientX: number) => number | null,
): void {
  const plot = event.currentTarget;
  if (event.button !== 0 || app.time.kept.peek() !== true) return;
  import("./time-select.ts").then(({ selectTime }) => selectTime(app, plot, event, timeAt), reportError);
}

function PlotEmpty({ model, empty }: { readonly model: ChartModel; readonly empty: Emptiness }): VNode | null {
  model.drawn.value;
  if (model.data.first >= 0) return null;
  return (
    <div class="plot-empty">
      <EmptyState {...empty} />
    </div>
  );
}

/** Keeps the plot's label current without waking a screen reader: nothing here is a live region. */
function Summary({ model, props }: { readonly model: ChartModel; readonly props: TimeSeriesProps }): null {
  const past = useRef(model.past);
  useSignalEffect(() => {
    const turn = model.drawn.value;
    const plot = document.querySelector<HTMLElement>(`[data-plot="${CSS.escape(props.title)}"]`);
    // The past is drawn once, and no tenth time.
    const moved = past.current !== model.past;
    past.current = model.past;
    if (moved || turn % 10 === 1) labelPlot(plot, props.title, props.lines, props.format, model);
  });
  return null;
}

function labelPlot(
  element: HTMLElement | null,
  title: string,
  lines: readonly Line[],
  format: Formatter,
  model: ChartModel | null,
): void {
  if (element === null) return;
  element.dataset.plot = title;
  const values = model?.valuesAt(null) ?? [];
  const now = lines.map(({ label }, index) => `${label} ${spoken(format, values[index] ?? null)}`).join(", ");
  element.setAttribute(
    "aria-label",
    `${title}. ${model?.past === true ? "Then" : "Now"}: ${now}.${model?.marked ?? ""} Arrow keys read single points.`,
  );
}

function spoken(format: Formatter, value: number | null): string {
  return value === null ? "unknown" : join(format(value)).replace("/s", " per second");
}

function togglePin({ cursor }: App): void {
  if (cursor.at.peek() !== null) cursor.pinned.value = !cursor.pinned.peek();
}

function onKeyDown(
  event: TargetedKeyboardEvent<HTMLDivElement>,
  app: App,
  model: ChartModel,
  { lines, format }: TimeSeriesProps,
  picked: number | null,
  setPicked: (index: number | null) => void,
): void {
  const { data } = model;
  const at = app.cursor.at.peek();
  const from = at === null ? data.last + 1 : model.indexOf(at);
  const stride = event.shiftKey ? 10 : 1;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: from - stride,
    ArrowRight: from + stride,
    Home: data.first,
    End: data.last,
  };
  const target = steps[event.key];
  const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  let line = picked;
  if (event.key === "Escape" && at !== null) clearCursor(app.cursor);
  else if (event.key === "Enter") togglePin(app);
  else if (turn !== undefined) {
    line = ((picked ?? (turn > 0 ? -1 : 0)) + turn + lines.length) % lines.length;
    setPicked(line);
  } else if (target !== undefined) {
    app.cursor.pinned.value = false;
    model.moveTo(target);
  } else return;
  event.preventDefault();
  announce(app, model, lines, format, line);
}

function announce(app: App, model: ChartModel, lines: readonly Line[], format: Formatter, picked: number | null): void {
  const at = app.cursor.at.peek();
  const values = model.valuesAt(at);
  const read = lines
    .map(({ label }, index) => `${label} ${spoken(format, values[index] ?? null)}`)
    .filter((_text, index) => picked === null || index === picked);
  const pinned = app.cursor.pinned.peek() ? ", pinned" : "";
  app.say(`${at === null ? "Now" : app.clock.peek().time(at)}${pinned}: ${read.join(", ")}`);
}

/** Every step of the window with any value, newest first. */
function chartTable(app: App, { title, lines, format }: TimeSeriesProps, model: ChartModel | null): ChartTable {
  const clock = app.clock.peek();
  const data = model?.data;
  const steps = data === undefined || data.first < 0 ? [] : range(data.last, data.first);
  return {
    title,
    columns: lines.map(({ label }) => label),
    units: lines.map(() => format),
    rows: steps.map((index) => {
      const at = (data?.at[index] ?? 0) * 1000;
      const values = data?.rows.map((row) => row[index] ?? null) ?? [];
      return {
        at,
        label: stepTime(clock, at, app.viewMs.peek(), app.live.stepMs.peek()),
        values,
        texts: values.map((value) => join(format(value))),
      };
    }),
  };
}

function range(from: number, downTo: number): number[] {
  return Array.from({ length: from - downTo + 1 }, (_, step) => from - step);
}
