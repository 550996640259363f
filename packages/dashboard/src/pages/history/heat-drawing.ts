import type { HistoryHeatmap } from "@wsight/protocol";
import { openSurface, type Surface } from "../../charts/canvas.ts";
import type { Palette } from "../../charts/palette.ts";
import type { Clock } from "../../format/clock.ts";
import { type Formatter, join } from "../../format/quantity.ts";
import { isMidnight, type Offset, timeLabels } from "./time-axis.ts";

/** Room for the labels around the cells, CSS pixels. */
export const HEAT_LEFT = 58;
export const HEAT_BOTTOM = 24;
export const HEAT_TOP = 6;

const FONT = '11px "Geist Variable", system-ui, sans-serif';
/** Labels of rows are at least so far apart, CSS pixels. */
const ROW_SPACE = 22;

interface HeatView {
  readonly heat: HistoryHeatmap;
  readonly palette: Palette;
  readonly clock: Clock;
  readonly offset: Offset;
  readonly format: Formatter;
}

/** Draws cells and their axes over the whole canvas. */
export function drawHeat(canvas: HTMLCanvasElement, view: HeatView): void {
  const surface = openSurface(canvas);
  if (surface === null || view.heat.bounds.length < 2) return;
  drawCells(surface, view);
  drawRows(surface, view);
  drawTimes(surface, view);
}

function drawCells({ ctx, width, height }: Surface, { heat, palette }: HeatView): void {
  const wide = (width - HEAT_LEFT) / heat.columns.length;
  const rows = heat.bounds.length - 1;
  const high = (height - HEAT_TOP - HEAT_BOTTOM) / rows;
  const gap = wide > 4 ? 0.5 : 0;
  const most = heat.columns.reduce((top, column) => Math.max(top, ...(column ?? [])), 0);
  heat.columns.forEach((column, index) => {
    if (column === null) {
      ctx.fillStyle = palette.sunken;
      ctx.fillRect(HEAT_LEFT + index * wide, HEAT_TOP, wide, high * rows);
      return;
    }
    column.forEach((value, row) => {
      ctx.fillStyle = heatColor(palette, value, most);
      const top = HEAT_TOP + (rows - 1 - row) * high;
      ctx.fillRect(HEAT_LEFT + index * wide + gap, top + 0.5, wide - 2 * gap + (gap === 0 ? 0.3 : 0), high - 1);
    });
  });
}

/** Square-root scale: the eye should find the rare slow ones, not only the many fast ones. */
function heatColor(palette: Palette, value: number, most: number): string {
  if (value === 0 || most === 0) return palette["heat-0"];
  const level = Math.min(5, 1 + Math.floor(Math.sqrt(value / most) * 4.999));
  return palette[`heat-${level}` as "heat-1"];
}

function drawRows({ ctx, height }: Surface, { heat, palette, format }: HeatView): void {
  const rows = heat.bounds.length - 1;
  const high = (height - HEAT_TOP - HEAT_BOTTOM) / rows;
  const every = Math.max(1, Math.ceil(ROW_SPACE / high));
  ctx.font = FONT;
  ctx.fillStyle = palette["text-3"];
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (let row = 0; row <= rows; row += every) {
    const y = Math.min(height - HEAT_BOTTOM - 5, Math.max(HEAT_TOP + 5, HEAT_TOP + (rows - row) * high));
    ctx.fillText(join(format(heat.bounds[row] ?? null)), HEAT_LEFT - 8, y);
  }
}

function drawTimes({ ctx, width, height }: Surface, { heat, palette, clock, offset }: HeatView): void {
  const lengthMs = heat.columns.length * heat.stepMs;
  ctx.fillStyle = palette["text-3"];
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const at of timeLabels(heat.fromAt, heat.fromAt + lengthMs, width - HEAT_LEFT, offset)) {
    const x = HEAT_LEFT + ((at - heat.fromAt) / lengthMs) * (width - HEAT_LEFT);
    const text = isMidnight(at, offset) ? clock.day(at) : at % 60_000 === 0 ? clock.minute(at) : clock.time(at);
    if (x > HEAT_LEFT + 12) ctx.fillText(text, x, height - 4);
  }
}
