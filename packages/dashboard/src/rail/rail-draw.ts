import type { App } from "../app-context.ts";
import { openSurface, type Surface, strokeArea } from "../charts/canvas.ts";
import { timeSplits } from "../charts/line-plot.ts";
import { fade } from "../charts/palette.ts";
import { shapeScale } from "../charts/sparkline.tsx";
import { axisTime } from "../format/clock.ts";
import type { RailPoints } from "./rail-data.ts";
import type { RailScale } from "./rail-scale.ts";

/** From the top of the rail to its curve, and from there to its foot, px. */
const RAIL_TOP = 18;
const RAIL_BOTTOM = 20;

/** Draws the curve, its gaps, what others mark, and the times. */
export function drawRail(app: App, canvas: HTMLCanvasElement, points: RailPoints, scale: RailScale): void {
  const surface = openSurface(canvas);
  if (surface === null) return;
  drawGaps(app, surface, points, scale);
  drawCurve(app, surface, points, scale);
  app.railMarks.peek()?.draw(surface, (at) => scale.xOf(at));
  drawTimes(app, surface, scale);
}

function drawCurve(app: App, { ctx, width, height, hairline }: Surface, points: RailPoints, scale: RailScale): void {
  const high = height - RAIL_TOP - RAIL_BOTTOM;
  const { c1, line } = app.palette.peek();
  const { floor, spread } = shapeScale(points.value);
  const thin = app.painter.fidelity.peek() !== "full";
  strokeArea(
    ctx,
    {
      length: points.at.length,
      x: (index) => scale.xOf(points.at[index] ?? 0),
      y: (index) => RAIL_TOP + high * (0.85 - (((points.value[index] ?? Number.NaN) - floor) / spread) * 0.75),
    },
    { stroke: c1, fill: fade(c1, 0.16), width: thin ? hairline : 1.25, floor: RAIL_TOP + high },
  );
  ctx.fillStyle = line;
  ctx.fillRect(0, RAIL_TOP + high, width, hairline);
}

/** Blank bands where nothing is known between what is. */
function drawGaps(app: App, { ctx, height }: Surface, { at, value }: RailPoints, scale: RailScale): void {
  ctx.fillStyle = fade(app.palette.peek()["line-strong"], 0.28);
  let known = -1;
  value.forEach((each, index) => {
    if (each !== each) return;
    if (known >= 0 && index - known > 1) {
      const left = scale.xOf(at[known] ?? 0);
      ctx.fillRect(left, RAIL_TOP, Math.max(1, scale.xOf(at[index] ?? 0) - left), height - RAIL_TOP - RAIL_BOTTOM);
    }
    known = index;
  });
}

function drawTimes(app: App, { ctx, width, height }: Surface, scale: RailScale): void {
  ctx.font = '11px "Geist Variable", system-ui, sans-serif';
  ctx.fillStyle = app.palette.peek()["text-3"];
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  const clock = app.clock.peek();
  for (const second of timeSplits(scale.fromAt / 1000, scale.toAt / 1000, width)) {
    const x = scale.xOf(second * 1000);
    if (x > 26 && x < width - 18) ctx.fillText(axisTime(clock, second * 1000, scale.spanMs), x, height - 3);
  }
}
