import type { TargetedMouseEvent, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import { Card } from "../components/card.tsx";
import { type Emptiness, EmptyState } from "../components/empty-state.tsx";
import { type Formatter, join } from "../format/quantity.ts";
import { openSurface, type Surface } from "./canvas.ts";
import { ChartMenu } from "./chart-menu.tsx";
import type { ChartTable } from "./chart-table.ts";
import { type ColorToken, fade, type Palette } from "./palette.ts";
import { placeOn, type ScatterScale, scatterScale } from "./scatter-scale.ts";

/** One point. */
export interface ScatterPoint {
  /** ms epoch. */
  readonly at: number;
  readonly x: number;
  readonly y: number;
  /** What it belongs to: points of one group have one colour and one shape. */
  readonly group: string;
  /** More to say of it. */
  readonly note: string;
}

/** One axis: what it shows and how that reads. */
interface ScatterAxis {
  readonly label: string;
  readonly format: Formatter;
}

interface ScatterProps {
  readonly title: string;
  readonly caption: string;
  readonly span: 5 | 6 | 7;
  readonly x: ScatterAxis;
  readonly y: ScatterAxis;
  /** What groups are: `Namespace`. */
  readonly groupLabel: string;
  readonly points: readonly ScatterPoint[];
  /** Gives both axes one scale, and draws the line where x equals y, named so. */
  readonly same?: string;
  readonly staleSince: number | null;
  readonly empty: Emptiness;
}

const LEFT = 58;
const RIGHT = 14;
const TOP = 24;
const BOTTOM = 40;
const FONT = '11px "Geist Variable", system-ui, sans-serif';
const RADIUS = 4;
/** A pointer this near to a point means it, px. */
const REACH = 18;
/** Groups with a colour of their own; the rest share one. */
const COLORS: readonly ColorToken[] = ["c1", "c2", "c4", "c6", "c3"];

interface Drawn {
  readonly scales: readonly [x: ScatterScale, y: ScatterScale];
  /** From left to right, the order in which arrow keys read. */
  readonly points: readonly ScatterPoint[];
  readonly groups: readonly string[];
}

/** One figure against another: each point is one observation. */
export function Scatter(props: ScatterProps): VNode {
  const { title, caption, span, points, staleSince, empty } = props;
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const drawn = arrange(points, props.same !== undefined);
  const newest = useRef(drawn);
  newest.current = drawn;
  const [picked, setPicked] = useState<ScatterPoint | null>(null);
  const held = picked !== null && points.includes(picked) ? picked : null;

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    return app.painter.add(element, () => draw(app, element, newest.current, props));
  }, [app]);
  useEffect(() => {
    if (canvas.current !== null) draw(app, canvas.current, drawn, props);
  }, [points]);

  return (
    <Card
      title={title}
      span={span}
      as="figure"
      caption={caption}
      staleSince={staleSince}
      aside={
        <>
          <Groups groups={drawn.groups} />
          <ChartMenu title={title} table={() => tableOf(app, props)} />
        </>
      }
    >
      <div
        class="scatter"
        role="application"
        aria-roledescription="scatter plot"
        aria-label={`${title}. ${points.length} points, ${props.y.label} against ${props.x.label}. Arrow keys read single points.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application makes it interactive
        tabIndex={0}
        onPointerMove={(event) => setPicked(nearest(event, drawn))}
        onPointerLeave={() => setPicked(null)}
        onKeyDown={(event) => {
          if (event.key === "Escape") setPicked(null);
          const next = step(event, drawn.points, held);
          if (next === null) return;
          event.preventDefault();
          setPicked(next);
          app.say(describe(app, props, next));
        }}
      >
        <canvas ref={canvas} />
        {points.length === 0 ? (
          <div class="plot-empty">
            <EmptyState {...empty} />
          </div>
        ) : null}
        {held === null || canvas.current === null ? null : (
          <PointTooltip props={props} point={held} drawn={drawn} box={canvas.current} />
        )}
      </div>
    </Card>
  );
}

function arrange(points: readonly ScatterPoint[], same: boolean): Drawn {
  const groups = [...new Set(points.map(({ group }) => group))].sort();
  const [across, up] = [points.map(({ x }) => x), points.map(({ y }) => y)];
  const both = same ? scatterScale([...across, ...up]) : null;
  return {
    scales: [both ?? scatterScale(across), both ?? scatterScale(up)],
    points: [...points].sort((a, b) => a.x - b.x || a.y - b.y),
    groups,
  };
}

/** Names, colours and shapes of the groups; one group needs none. */
function Groups({ groups }: { readonly groups: readonly string[] }): VNode | null {
  if (groups.length < 2) return null;
  const named = groups.slice(0, COLORS.length);
  return (
    <ul class="legend shapes">
      {named.map((group, index) => (
        <li key={group}>
          <svg viewBox="-6 -6 12 12" aria-hidden="true" style={{ "--line-color": `var(--${COLORS[index]})` }}>
            <path d={SHAPES[index % SHAPES.length] ?? ""} />
          </svg>
          {group}
        </li>
      ))}
      {groups.length > named.length ? <li>and {groups.length - named.length} others</li> : null}
    </ul>
  );
}

/** Circle, square, triangle, diamond, plus: around the origin, 4 px. */
const SHAPES: readonly string[] = [
  "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
  "M-3.5-3.5h7v7h-7z",
  "M0-4.5L4.5 3.5h-9z",
  "M0-5L5 0L0 5L-5 0z",
  "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
];

function colorOf(groups: readonly string[], group: string): ColorToken {
  return COLORS[groups.indexOf(group)] ?? "other";
}

interface Place {
  readonly x: number;
  readonly y: number;
}

function placeOf({ x, y }: ScatterPoint, { scales }: Drawn, width: number, height: number): Place {
  return {
    x: LEFT + placeOn(scales[0], x) * (width - LEFT - RIGHT),
    y: TOP + (1 - placeOn(scales[1], y)) * (height - TOP - BOTTOM),
  };
}

function nearest(event: TargetedMouseEvent<HTMLDivElement>, drawn: Drawn): ScatterPoint | null {
  const box = event.currentTarget.getBoundingClientRect();
  let found: ScatterPoint | null = null;
  let least = REACH;
  for (const point of drawn.points) {
    const { x, y } = placeOf(point, drawn, box.width, box.height);
    const distance = Math.hypot(x - (event.clientX - box.left), y - (event.clientY - box.top));
    if (distance < least) {
      least = distance;
      found = point;
    }
  }
  return found;
}

function step(event: KeyboardEvent, points: readonly ScatterPoint[], from: ScatterPoint | null): ScatterPoint | null {
  const at = from === null ? -1 : points.indexOf(from);
  const by = event.shiftKey ? 10 : 1;
  const last = points.length - 1;
  const targets: Readonly<Record<string, number>> = {
    ArrowRight: at + by,
    ArrowLeft: at < 0 ? last : at - by,
    Home: 0,
    End: last,
  };
  const target = targets[event.key];
  return target === undefined ? null : (points[Math.min(last, Math.max(0, target))] ?? null);
}

function describe(app: App, { x, y }: ScatterProps, point: ScatterPoint): string {
  const when = app.clock.peek().time(point.at);
  return `${join(x.format(point.x))} ${x.label}, ${join(y.format(point.y))}, ${point.group}, ${point.note}, ${when}`;
}

interface PointTooltipProps {
  readonly props: ScatterProps;
  readonly point: ScatterPoint;
  readonly drawn: Drawn;
  readonly box: HTMLElement;
}

function PointTooltip({ props: { x, y, groupLabel }, point, drawn, box }: PointTooltipProps): VNode {
  const { clock } = useApp();
  const place = placeOf(point, drawn, box.clientWidth, box.clientHeight);
  const left = place.x > box.clientWidth / 2;
  return (
    <>
      <i class="scatter-picked" style={{ transform: `translate(${place.x}px, ${place.y}px)` }} />
      <div
        class="tooltip"
        style={{ transform: `translate(calc(${place.x + (left ? -14 : 14)}px - ${left ? 100 : 0}%), 12px)` }}
      >
        <time>
          {clock.value.time(point.at)} · {point.note}
        </time>
        <dl>
          <dt>{x.label}</dt>
          <dd>{join(x.format(point.x))}</dd>
          <dt>{y.label}</dt>
          <dd>{join(y.format(point.y))}</dd>
          <dt>{groupLabel}</dt>
          <dd>{point.group}</dd>
        </dl>
      </div>
    </>
  );
}

function draw(app: App, canvas: HTMLCanvasElement, drawn: Drawn, props: ScatterProps): void {
  const surface = openSurface(canvas);
  if (surface === null) return;
  const palette = app.palette.peek();
  drawAxes(surface, drawn, palette, props);
  if (props.same !== undefined && drawn.points.length > 0) drawDiagonal(surface, palette, props.same);
  const { ctx, width, height } = surface;
  for (const point of drawn.points) {
    const { x, y } = placeOf(point, drawn, width, height);
    const color = palette[colorOf(drawn.groups, point.group)];
    const shape = new Path2D(SHAPES[Math.max(0, drawn.groups.indexOf(point.group)) % SHAPES.length]);
    ctx.save();
    ctx.translate(x, y);
    ctx.fillStyle = fade(color, 0.45);
    ctx.strokeStyle = color;
    ctx.lineWidth = 1;
    ctx.fill(shape);
    ctx.stroke(shape);
    ctx.restore();
  }
}

function drawAxes({ ctx, width, height }: Surface, { scales }: Drawn, palette: Palette, { x, y }: ScatterProps): void {
  const [across, up] = scales;
  const [right, floor] = [width - RIGHT, height - BOTTOM];
  ctx.font = FONT;
  ctx.fillStyle = palette["text-3"];
  ctx.strokeStyle = palette.line;
  ctx.lineWidth = 1;
  ctx.beginPath();
  for (const mark of up.marks) {
    const at = Math.round(TOP + (1 - placeOn(up, mark)) * (floor - TOP)) + 0.5;
    ctx.moveTo(LEFT, at);
    ctx.lineTo(right, at);
    label(ctx, join(y.format(mark)), LEFT - 8, at, "right", "middle");
  }
  for (const mark of across.marks) {
    const at = Math.round(LEFT + placeOn(across, mark) * (right - LEFT)) + 0.5;
    ctx.moveTo(at, floor);
    ctx.lineTo(at, floor + RADIUS);
    label(ctx, join(x.format(mark)), Math.min(at, right - 6), floor + 8, "center", "top");
  }
  ctx.stroke();
  label(ctx, x.label + logNote(across), right, height - 2, "right", "bottom");
  label(ctx, y.label + logNote(up), LEFT, 2, "left", "top");
}

/** Where both figures are the same. */
function drawDiagonal({ ctx, width, height }: Surface, palette: Palette, name: string): void {
  const [right, floor] = [width - RIGHT, height - BOTTOM];
  ctx.save();
  ctx.strokeStyle = palette["line-strong"];
  ctx.setLineDash([5, 4]);
  ctx.beginPath();
  ctx.moveTo(LEFT, floor);
  ctx.lineTo(right, TOP);
  ctx.stroke();
  ctx.restore();
  ctx.fillStyle = palette["text-3"];
  label(ctx, name, right - 4, TOP - 4, "right", "bottom");
}

function logNote({ log }: ScatterScale): string {
  return log ? " (log scale)" : "";
}

function label(
  ctx: CanvasRenderingContext2D,
  text: string,
  x: number,
  y: number,
  align: CanvasTextAlign,
  baseline: CanvasTextBaseline,
): void {
  ctx.textAlign = align;
  ctx.textBaseline = baseline;
  ctx.fillText(text, x, y);
}

function tableOf(app: App, { title, x, y, groupLabel, points }: ScatterProps): ChartTable {
  const clock = app.clock.peek();
  return {
    title,
    columns: [x.label, y.label, groupLabel, "Note"],
    units: [x.format, y.format, null, null],
    rows: [...points]
      .sort((a, b) => b.at - a.at)
      .map((point) => ({
        at: point.at,
        label: clock.time(point.at),
        values: [point.x, point.y, point.group, point.note],
        texts: [join(x.format(point.x)), join(y.format(point.y)), point.group, point.note],
      })),
  };
}
