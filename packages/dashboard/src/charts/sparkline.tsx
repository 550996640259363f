import type { Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import type { SeriesRing } from "../state/index.ts";
import { openSurface, strokeArea } from "./canvas.ts";
import { type ColorToken, fade } from "./palette.ts";
import { WindowReader } from "./window-data.ts";

interface SparklineProps {
  readonly selector: Selector;
  readonly color: ColorToken;
}

/** Points averaged into one so that a small curve shows the shape and not the noise. */
const POINTS = 90;

/** The window's course in the width of its box. Decoration: the figure above it says the value. */
export function Sparkline({ selector, color }: SparklineProps): VNode {
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const reader = new WindowReader(1);
    const ring = app.live.series(selector);
    return app.painter.add(element, () => draw(app, element, reader, ring, color));
  }, [app, color]);
  return <canvas class="spark" ref={canvas} />;
}

function draw(app: App, canvas: HTMLCanvasElement, reader: WindowReader, ring: SeriesRing, color: ColorToken): void {
  const surface = openSurface(canvas);
  if (surface === null) return;
  const { ctx, width, height } = surface;
  const { rows, at } = reader.read([ring], app.live.edge.peek(), app.viewMs.peek(), app.live.stepMs.peek());
  const means = average(rows[0] ?? [], Math.max(1, Math.ceil(at.length / POINTS)));
  const { floor, spread } = shapeScale(means);
  const stroke = app.palette.peek()[color];
  const thin = app.preferences.reduceDrawing.peek() || app.painter.fidelity.peek() !== "full";
  const gradient = ctx.createLinearGradient(0, 0, 0, height);
  gradient.addColorStop(0, fade(stroke, 0.2));
  gradient.addColorStop(1, fade(stroke, 0.02));
  strokeArea(
    ctx,
    {
      length: means.length,
      x: (index) => (index / Math.max(1, means.length - 1)) * width,
      y: (index) => height - 3 - (((means[index] ?? Number.NaN) - floor) / spread) * (height - 8),
    },
    { stroke, fill: thin ? null : gradient, width: thin ? surface.hairline : 1.5, floor: height },
  );
}

/**
 * Scale that shows the shape of a course: from its lowest to its highest
 * value, but at least 15 % of the highest, so that a calm one stays calm.
 */
export function shapeScale(values: ArrayLike<number | null>): { readonly floor: number; readonly spread: number } {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const spread = Math.max(high - low, high * 0.15);
  return high > 0 ? { floor: Math.max(0, (high + low - spread) / 2), spread } : { floor: 0, spread: 1 };
}

/** Means of `stride` values each, counted from the newest; NaN where nothing is known. */
function average(row: readonly (number | null)[], stride: number): number[] {
  const means: number[] = [];
  for (let end = row.length; end > 0; end -= stride) {
    let sum = 0;
    let known = 0;
    for (let i = Math.max(0, end - stride); i < end; i++) {
      const value = row[i];
      if (value === null || value === undefined) continue;
      sum += value;
      known++;
    }
    means.push(known === 0 ? Number.NaN : sum / known);
  }
  return means.reverse();
}
