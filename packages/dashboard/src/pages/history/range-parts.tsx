import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { type Clock, stepTime } from "../../format/clock.ts";
import { type Formatter, join, span } from "../../format/quantity.ts";
import type { Grid, PlotLine, RangePlot } from "./range-plot.ts";
import type { Dragged } from "./range-pointer.ts";

/** One line of a chart over a fixed time. */
export interface RangeLine extends PlotLine {
  /** The same as long as it is the same line. */
  readonly id: string;
  readonly label: string;
  /** How much of the time asked for has data, 0 to 1. */
  readonly coverage: number;
  /** The same figure of the whole time as one interval; `null` where nothing is known. */
  readonly whole: number | null;
}

/** The time that is being chosen. */
export function Selection({ plot, dragged }: { readonly plot: RangePlot; readonly dragged: Dragged }): VNode {
  const { left, top, width, height } = plot.area;
  const keep = (x: number) => Math.min(left + width, Math.max(left, x));
  const from = keep(Math.min(dragged.from, dragged.to));
  const to = keep(Math.max(dragged.from, dragged.to));
  return (
    <i
      class="range-selection"
      style={{ transform: `translate(${from}px, ${top}px)`, width: `${to - from}px`, height: `${height}px` }}
    />
  );
}

interface CursorProps {
  readonly plot: RangePlot;
  readonly grid: Grid;
  readonly lines: readonly RangeLine[];
  readonly index: number;
}

function placeOf(plot: RangePlot, grid: Grid, index: number): number {
  return plot.area.left + (index / grid.length) * plot.area.width;
}

/** The cursor, with a dot on each line. */
export function Cursor({ plot, grid, lines, index, pinned }: CursorProps & { readonly pinned: boolean }): VNode {
  const { top, height } = plot.area;
  const x = placeOf(plot, grid, index);
  return (
    <>
      <i
        class="cursor-line"
        data-pinned={pinned ? "" : undefined}
        style={{ transform: `translate(${x}px, ${top}px)`, height: `${height}px` }}
      />
      {lines.map(({ id, color, values }) => {
        const value = values[index];
        if (typeof value !== "number") return null;
        const transform = `translate(${x}px, ${top + plot.yOf(value)}px)`;
        return <i key={id} class="cursor-dot" style={{ "--line-color": `var(--${color})`, transform }} />;
      })}
    </>
  );
}

/** Most lines whose values stand beside the cursor; the table below has all of them. */
export const MOST_TOLD = 8;

/** Time and values beside the cursor. */
export function Tip({ plot, grid, lines, format, index }: CursorProps & { readonly format: Formatter }): VNode {
  const { clock } = useApp();
  const x = placeOf(plot, grid, index);
  const left = index > grid.length / 2;
  return (
    <div
      class="tooltip"
      style={{
        transform: `translate(calc(${x + (left ? -12 : 12)}px - ${left ? 100 : 0}%), ${plot.area.top + 8}px)`,
      }}
    >
      <time>
        {momentText(clock.value, grid, index)}
        <span class="fine"> · {span(grid.stepMs)}</span>
      </time>
      <dl>
        {lines.slice(0, MOST_TOLD).map(({ id, color, label, values }) => (
          <>
            <dt key={id}>
              <i style={{ "--line-color": `var(--${color})` }} />
              {label}
            </dt>
            <dd key={`${id} value`}>{join(format(values[index] ?? null))}</dd>
          </>
        ))}
      </dl>
      {lines.length > MOST_TOLD ? <p class="fine">{lines.length - MOST_TOLD} more below</p> : null}
    </div>
  );
}

/** When an interval begins, as finely as its chart is. */
export function momentText(clock: Clock, grid: Grid, index: number): string {
  return stepTime(clock, atOf(grid, index), grid.length * grid.stepMs, grid.stepMs);
}

/** When an interval begins, ms epoch. */
export function atOf({ fromAt, stepMs }: Grid, index: number): number {
  return fromAt + index * stepMs;
}
