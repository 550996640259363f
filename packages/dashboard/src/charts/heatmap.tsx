import type { Selector } from "@wsight/protocol";
import type { TargetedMouseEvent, VNode } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import { Card } from "../components/card.tsx";
import { type Emptiness, EmptyState } from "../components/empty-state.tsx";
import { axisTime, stepTime } from "../format/clock.ts";
import { count, join, span } from "../format/quantity.ts";
import { openSurface, type Surface } from "./canvas.ts";
import { ChartMenu } from "./chart-menu.tsx";
import type { ChartTable } from "./chart-table.ts";
import { HEAT_COLUMNS, type HeatGrid, HeatReader, octaveLabel } from "./heat-grid.ts";
import { timeSplits } from "./line-plot.ts";
import type { Palette } from "./palette.ts";
import { beginSelect } from "./time-series.tsx";

interface HeatmapProps {
  readonly title: string;
  /** One per octave of `HEAT_OCTAVES`. */
  readonly selectors: readonly Selector[];
  /** What is counted: `messages`. */
  readonly unit: string;
  readonly span: 5 | 6;
  readonly staleSince: number | null;
  readonly empty: Emptiness;
  /** Somebody chose a cell, by click or Enter. */
  readonly onCell?: (cell: HeatCell) => void;
  /** The cell to mark as chosen. */
  readonly chosen?: HeatCell | null;
}

/** What a cell of the heatmap stands for. */
export interface HeatCell {
  /** ms epoch. */
  readonly fromAt: number;
  readonly toAt: number;
  /** Observations in (2^(octave−1), 2^octave] seconds. */
  readonly octave: number;
  readonly count: number | null;
}

interface Cell {
  readonly row: number;
  readonly column: number;
}

const LEFT = 54;
const BOTTOM = 24;
/** What differs by less is said as the round length that it nearly is. */
const NEARLY = 0.04;
const TOP = 6;
const FONT = '11px "Geist Variable", system-ui, sans-serif';

/** A distribution over time: octaves up, time across, darker is more. */
export function Heatmap({
  title,
  selectors,
  unit,
  span: columns,
  staleSince,
  empty,
  onCell,
  chosen,
}: HeatmapProps): VNode {
  const app = useApp();
  const id = useId();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [grid, setGrid] = useState<HeatGrid | null>(null);
  const [cell, setCell] = useState<Cell | null>(null);
  const box = canvas.current;

  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const reader = new HeatReader();
    const rings = selectors.map((selector) => app.live.series(selector));
    return app.painter.add(element, () => {
      const next = reader.read(rings, app.live.now.peek(), app.viewMs.peek(), app.live.past.peek());
      drawGrid(app, element, next);
      setGrid(next);
    });
  }, [app]);

  const hold = (next: Cell | null) => {
    setCell(next);
    app.cursor.owner.value = next === null ? null : id;
    app.cursor.at.value = next === null || grid === null ? null : grid.fromAt + (next.column + 0.5) * grid.columnMs;
  };
  const tell = (told: Cell | null) => {
    if (grid !== null && told !== null) onCell?.(meaningOf(grid, told));
  };
  const every = roundSpan(grid?.columnMs ?? app.viewMs.value / HEAT_COLUMNS);
  return (
    <Card
      title={title}
      span={columns}
      as="figure"
      staleSince={staleSince}
      aside={
        <>
          <span class="ramp">
            {unit} per {every === "1 s" ? "s" : every}
            <i class="ramp-bar" />
          </span>
          <ChartMenu title={title} table={() => heatTable(app, title, grid)} selectors={selectors} />
        </>
      }
    >
      <div
        class="heat"
        role="application"
        aria-roledescription="heatmap"
        aria-label={`${title}. ${unit} per ${every} by latency. Arrow keys read single cells.${onCell === undefined ? "" : " Enter lists the slowest of a cell."}`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: role application makes it interactive
        tabIndex={0}
        onPointerDown={(event) => beginSelect(app, event, (clientX) => timeAt(canvas.current, grid, clientX))}
        onDblClick={() => app.time.goLive()}
        onPointerMove={(event) => grid !== null && hold(cellAt(event, grid))}
        onPointerLeave={() => hold(null)}
        onClick={(event) => grid !== null && tell(cellAt(event, grid))}
        data-choice={onCell === undefined ? undefined : ""}
        onKeyDown={(event) => {
          if (event.key === "Escape") hold(null);
          if (event.key === "Enter") tell(cell);
          const next = grid === null ? null : step(event, grid, cell);
          if (next === null || grid === null) return;
          event.preventDefault();
          hold(next);
          app.say(describe(app, grid, next, unit));
        }}
      >
        <canvas ref={canvas} />
        {grid !== null && (!grid.known || grid.max === 0) ? (
          <div class="plot-empty">
            <EmptyState {...empty} />
          </div>
        ) : null}
        {grid === null || box === null ? null : <HeatCursor grid={grid} width={box.clientWidth} />}
        {grid === null || box === null ? null : <Chosen grid={grid} chosen={chosen ?? null} box={box} />}
        {grid === null || cell === null || box === null || app.cursor.owner.value !== id ? null : (
          <HeatTooltip grid={grid} cell={cell} width={box.clientWidth} unit={unit} />
        )}
      </div>
    </Card>
  );
}

function HeatCursor({ grid, width }: { readonly grid: HeatGrid; readonly width: number }): VNode | null {
  const at = useApp().cursor.at.value;
  if (at === null) return null;
  const x = LEFT + ((at - grid.fromAt) / (grid.columnMs * HEAT_COLUMNS)) * (width - LEFT);
  return (
    <i
      class="cursor-line"
      style={{ transform: `translate(${x}px, ${TOP}px)`, height: `calc(100% - ${TOP + BOTTOM}px)` }}
    />
  );
}

function meaningOf(grid: HeatGrid, { row, column }: Cell): HeatCell {
  const fromAt = grid.fromAt + column * grid.columnMs;
  const value = grid.cells[row]?.[column] ?? Number.NaN;
  return {
    fromAt,
    toAt: fromAt + grid.columnMs,
    octave: grid.octaves[row] ?? 0,
    count: value === value ? value : null,
  };
}

interface ChosenProps {
  readonly grid: HeatGrid;
  readonly chosen: HeatCell | null;
  readonly box: HTMLElement;
}

function Chosen({ grid, chosen, box }: ChosenProps): VNode | null {
  const row = grid.octaves.indexOf(chosen?.octave ?? Number.NaN);
  const share = ((chosen?.fromAt ?? 0) - grid.fromAt) / (grid.columnMs * HEAT_COLUMNS);
  if (chosen === null || row < 0 || share < 0) return null;
  const wide = box.clientWidth - LEFT;
  const high = (box.clientHeight - TOP - BOTTOM) / grid.octaves.length;
  const style = {
    transform: `translate(${LEFT + share * wide}px, ${TOP + row * high}px)`,
    width: `${((chosen.toAt - chosen.fromAt) / (grid.columnMs * HEAT_COLUMNS)) * wide}px`,
    height: `${high}px`,
  };
  return <i class="heat-chosen" style={style} />;
}

interface HeatTooltipProps {
  readonly grid: HeatGrid;
  readonly cell: Cell;
  readonly width: number;
  readonly unit: string;
}

function HeatTooltip({ grid, cell, width, unit }: HeatTooltipProps): VNode {
  const { clock } = useApp();
  const x = LEFT + ((cell.column + 0.5) / HEAT_COLUMNS) * (width - LEFT);
  const left = cell.column > HEAT_COLUMNS / 2;
  const startAt = grid.fromAt + cell.column * grid.columnMs;
  const spanMs = grid.columnMs * HEAT_COLUMNS;
  return (
    <div
      class="tooltip"
      style={{ transform: `translate(calc(${x + (left ? -14 : 14)}px - ${left ? 100 : 0}%), 12px)` }}
    >
      <time>
        {stepTime(clock.value, startAt, spanMs, grid.columnMs)} –{" "}
        {stepTime(clock.value, startAt + grid.columnMs, spanMs, grid.columnMs)}
      </time>
      <dl>
        <dt>{octaveRange(grid.octaves[cell.row] ?? 0)}</dt>
        <dd>
          {join(count(grid.cells[cell.row]?.[cell.column] ?? null))} {unit}
        </dd>
      </dl>
    </div>
  );
}

/** A column is as long as the window leaves it, which the ends of the coarser intervals of history make uneven: 61 s are a minute. */
function roundSpan(columnMs: number): string {
  const unit = columnMs >= 3_600_000 ? 3_600_000 : 60_000;
  const whole = Math.round(columnMs / unit) * unit;
  return span(Math.abs(columnMs - whole) <= columnMs * NEARLY ? whole : columnMs);
}

/** `16 ms to 32 ms`. */
export function octaveRange(octave: number): string {
  return `${octaveLabel(octave - 1)} to ${octaveLabel(octave)}`;
}

function describe(app: App, grid: HeatGrid, cell: Cell, unit: string): string {
  const startAt = grid.fromAt + cell.column * grid.columnMs;
  const value = join(count(grid.cells[cell.row]?.[cell.column] ?? null)).replace("–", "unknown");
  return `${app.clock.peek().time(startAt)}, ${octaveRange(grid.octaves[cell.row] ?? 0)}: ${value} ${unit}`;
}

function cellAt(event: TargetedMouseEvent<HTMLDivElement>, grid: HeatGrid): Cell | null {
  const box = event.currentTarget.getBoundingClientRect();
  const column = Math.floor(((event.clientX - box.left - LEFT) / (box.width - LEFT)) * HEAT_COLUMNS);
  const row = Math.floor(((event.clientY - box.top - TOP) / (box.height - TOP - BOTTOM)) * grid.octaves.length);
  const inside = column >= 0 && column < HEAT_COLUMNS && row >= 0 && row < grid.octaves.length;
  return inside ? { row, column } : null;
}

function timeAt(canvas: HTMLElement | null, grid: HeatGrid | null, clientX: number): number | null {
  if (canvas === null || grid === null) return null;
  const box = canvas.getBoundingClientRect();
  const share = Math.min(1, Math.max(0, (clientX - box.left - LEFT) / (box.width - LEFT)));
  return grid.fromAt + share * grid.columnMs * HEAT_COLUMNS;
}

function step(event: KeyboardEvent, grid: HeatGrid, cell: Cell | null): Cell | null {
  const from = cell ?? { row: Math.floor(grid.octaves.length / 2), column: HEAT_COLUMNS - 1 };
  const by = event.shiftKey ? 10 : 1;
  const moves: Readonly<Record<string, Cell>> = {
    ArrowLeft: { ...from, column: from.column - (cell === null ? 0 : by) },
    ArrowRight: { ...from, column: from.column + by },
    ArrowUp: { ...from, row: from.row - 1 },
    ArrowDown: { ...from, row: from.row + 1 },
    Home: { ...from, column: 0 },
    End: { ...from, column: HEAT_COLUMNS - 1 },
  };
  const to = moves[event.key];
  if (to === undefined) return null;
  return {
    row: Math.min(grid.octaves.length - 1, Math.max(0, to.row)),
    column: Math.min(HEAT_COLUMNS - 1, Math.max(0, to.column)),
  };
}

function drawGrid(app: App, canvas: HTMLCanvasElement, grid: HeatGrid): void {
  const surface = openSurface(canvas);
  if (surface === null) return;
  const palette = app.palette.peek();
  drawCells(surface, grid, palette);
  const clock = app.clock.peek();
  drawLabels(surface, grid, palette, (at) => axisTime(clock, at, grid.columnMs * HEAT_COLUMNS));
}

function drawCells({ ctx, width, height }: Surface, grid: HeatGrid, palette: Palette): void {
  const wide = (width - LEFT) / HEAT_COLUMNS;
  const high = (height - TOP - BOTTOM) / grid.octaves.length;
  grid.cells.forEach((row, index) => {
    row.forEach((value, column) => {
      if (value !== value) return;
      ctx.fillStyle = heatColor(palette, value, grid.max);
      ctx.fillRect(LEFT + column * wide + 0.5, TOP + index * high + 0.5, wide - 1, high - 1);
    });
  });
}

/** Square-root scale: the eye should find the rare slow ones, not only the many fast ones. */
function heatColor(palette: Palette, value: number, max: number): string {
  if (value === 0 || max === 0) return palette["heat-0"];
  const level = Math.min(5, 1 + Math.floor(Math.sqrt(value / max) * 4.999));
  return palette[`heat-${level}` as "heat-1"];
}

function drawLabels(
  { ctx, width, height }: Surface,
  grid: HeatGrid,
  palette: Palette,
  time: (at: number) => string,
): void {
  const high = (height - TOP - BOTTOM) / grid.octaves.length;
  const every = Math.max(1, Math.ceil(22 / high));
  ctx.font = FONT;
  ctx.fillStyle = palette["text-3"];
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  grid.octaves.forEach((octave, index) => {
    if ((grid.octaves.length - 1 - index) % every === 0)
      ctx.fillText(octaveLabel(octave), LEFT - 8, TOP + (index + 0.5) * high);
  });
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  const spanMs = grid.columnMs * HEAT_COLUMNS;
  for (const at of timeSplits(grid.fromAt / 1000, (grid.fromAt + spanMs) / 1000, width - LEFT)) {
    const x = LEFT + ((at * 1000 - grid.fromAt) / spanMs) * (width - LEFT);
    if (x > LEFT + 12 && x < width - 14) ctx.fillText(time(at * 1000), x, height - 4);
  }
}

function heatTable(app: App, title: string, grid: HeatGrid | null): ChartTable {
  const clock = app.clock.peek();
  const octaves = [...(grid?.octaves ?? [])].reverse();
  return {
    title,
    columns: octaves.map((octave) => `≤ ${octaveLabel(octave)}`),
    rows: Array.from({ length: grid === null ? 0 : HEAT_COLUMNS }, (_, index) => {
      const column = HEAT_COLUMNS - 1 - index;
      const at = (grid?.fromAt ?? 0) + column * (grid?.columnMs ?? 0);
      const values = [...(grid?.cells ?? [])].reverse().map((row) => {
        const value = row[column] ?? Number.NaN;
        return value === value ? value : null;
      });
      return { at, label: clock.time(at), values, texts: values.map((value) => join(count(value))) };
    }).filter(({ values }) => values.some((value) => value !== null)),
  };
}
