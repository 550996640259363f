import type { TargetedKeyboardEvent, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { openSurface, type Surface, strokeArea } from "../../charts/canvas.ts";
import { type ColorToken, fade } from "../../charts/palette.ts";
import { Icon } from "../../components/icon.tsx";
import { niceStep } from "./distribution.ts";

/** One line: a value for each place of the chart. */
interface Curve {
  readonly label: string;
  readonly color: ColorToken;
  readonly values: readonly (number | null)[];
  /** Drawn dashed, so that two lines are told apart without colour. */
  readonly dashed?: boolean;
}

interface CurvesProps {
  readonly title: string;
  readonly caption: string;
  /** Places on the x axis, ascending. */
  readonly places: readonly number[];
  /** What the x axis is called, how places read, and where it is labelled. */
  readonly x: { readonly label: string; readonly format: (place: number) => string; readonly ticks: readonly number[] };
  readonly format: (value: number | null) => string;
  readonly curves: readonly Curve[];
  /** Places where something happened, and what. */
  readonly marks?: readonly number[];
  readonly markLabel?: string;
}

const LEFT = 56;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;
const FONT = '11px "Geist Variable", system-ui, sans-serif';

/** Lines of a run that is over: canvas, legend, pointer, keyboard and table. */
export function Curves(props: CurvesProps): VNode {
  const { title, caption, places, curves, x, format, marks = [], markLabel = "" } = props;
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const newest = useRef(props);
  newest.current = props;
  const [picked, setPicked] = useState<number | null>(null);
  const at = picked === null ? null : Math.min(picked, places.length - 1);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    return app.painter.add(element, () => draw(app, element, newest.current));
  }, [app]);
  useEffect(() => {
    if (canvas.current !== null) draw(app, canvas.current, props);
  }, [places, curves]);

  const read = (index: number): string =>
    [
      x.format(places[index] ?? 0),
      ...curves.map(({ label, values }) => `${label} ${format(values[index] ?? null)}`),
      ...(marks.includes(places[index] ?? Number.NaN) ? [markLabel] : []),
    ].join(", ");
  const pick = (index: number): void => {
    const next = Math.max(0, Math.min(places.length - 1, index));
    setPicked(next);
    app.say(read(next));
  };
  return (
    <figure class="curves" aria-label={title}>
      <div class="curves-head">
        <h3>{title}</h3>
        <ul class="legend">
          {curves.map(({ label, color, values, dashed }) => (
            <li key={label}>
              <i data-dashed={dashed ? "" : undefined} style={{ "--line-color": `var(--${color})` }} />
              {label}
              {at === null ? null : <b>{format(values[at] ?? null)}</b>}
            </li>
          ))}
          {marks.length === 0 ? null : (
            <li>
              <i class="mark-key" />
              {markLabel}
            </li>
          )}
        </ul>
        <button
          type="button"
          class="button"
          data-kind="bare"
          aria-label={`${title}: data table`}
          onClick={() => {
            app.dataTable.value = {
              title,
              columns: [x.label, ...curves.map(({ label }) => label)],
              rows: places.map((place, index) => [
                x.format(place),
                ...curves.map(({ values }) => format(values[index] ?? null)),
              ]),
            };
          }}
        >
          <Icon name="table" />
        </button>
        <p class="fine">{at === null ? caption : `${x.label} ${x.format(places[at] ?? 0)}`}</p>
      </div>
      <div
        class="curves-plot"
        role="application"
        aria-roledescription="chart"
        aria-label={`${title}. ${caption} Arrow keys read single points.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application makes it interactive
        tabIndex={0}
        onPointerMove={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          setPicked(nearest(places, (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT)));
        }}
        onPointerLeave={() => setPicked(null)}
        onBlur={() => setPicked(null)}
        onKeyDown={(event) => onKeyDown(event, at, places.length, pick)}
      >
        <canvas ref={canvas} />
        {at === null ? null : <i class="curves-cursor" style={{ left: cursorLeft(places, at) }} />}
      </div>
    </figure>
  );
}

function cursorLeft(places: readonly number[], at: number): string {
  const share = shareOf(places, places[at] ?? 0);
  return `calc(${LEFT}px + (100% - ${LEFT + RIGHT}px) * ${share})`;
}

function onKeyDown(
  event: TargetedKeyboardEvent<HTMLDivElement>,
  at: number | null,
  length: number,
  pick: (index: number) => void,
): void {
  const by = event.shiftKey ? 10 : 1;
  const target = {
    ArrowRight: (at ?? -1) + by,
    ArrowLeft: (at ?? length) - by,
    Home: 0,
    End: length - 1,
  }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  pick(target);
}

function shareOf(places: readonly number[], place: number): number {
  const first = places[0] ?? 0;
  const spread = (places.at(-1) ?? 1) - first;
  return spread === 0 ? 0.5 : (place - first) / spread;
}

function nearest(places: readonly number[], share: number): number {
  let found = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, place] of places.entries()) {
    const distance = Math.abs(shareOf(places, place) - share);
    if (distance < least) [found, least] = [index, distance];
  }
  return found;
}

function draw(app: App, canvas: HTMLCanvasElement, { places, x, format, curves, marks = [] }: CurvesProps): void {
  const surface = openSurface(canvas);
  if (surface === null) return;
  const { ctx, width, height } = surface;
  const palette = app.palette.peek();
  const floor = height - BOTTOM;
  const high = floor - TOP;
  const step = niceStep(curves.reduce((most, { values }) => Math.max(most, ...values.map((v) => v ?? 0)), 0) / 4);
  const top = step * 4;
  const atX = (place: number) => LEFT + shareOf(places, place) * (width - LEFT - RIGHT);
  drawGrid(surface, palette, step, (value) => floor - (value / top) * high, format);
  ctx.textBaseline = "bottom";
  for (const tick of x.ticks) {
    const at = atX(tick);
    if (tick < (places[0] ?? 0) || at > width) continue;
    ctx.textAlign = at > width - 30 ? "right" : "center";
    ctx.fillText(x.format(tick), Math.min(at, width - 2), height - 4);
  }
  ctx.fillStyle = fade(palette["warn-fill"], 0.3);
  for (const mark of marks) ctx.fillRect(atX(mark) - 3, TOP, 6, high);
  for (const { values, color, dashed } of curves) {
    ctx.setLineDash(dashed ? [5, 3] : []);
    strokeArea(
      ctx,
      {
        length: places.length,
        x: (index) => atX(places[index] ?? 0),
        y: (index) => floor - ((values[index] ?? Number.NaN) / top) * high,
      },
      { stroke: palette[color], fill: null, width: 1.5, floor },
    );
  }
  ctx.setLineDash([]);
}

function drawGrid(
  { ctx, width, hairline }: Surface,
  palette: ReturnType<App["palette"]["peek"]>,
  step: number,
  atY: (value: number) => number,
  format: (value: number | null) => string,
): void {
  ctx.font = FONT;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (let line = 0; line <= 4; line++) {
    const y = Math.round(atY(step * line));
    ctx.fillStyle = palette.line;
    ctx.fillRect(LEFT, y, width - LEFT - RIGHT, Math.max(hairline, 1));
    ctx.fillStyle = palette["text-3"];
    ctx.fillText(line === 0 ? "0" : format(step * line), LEFT - 8, y);
  }
}
