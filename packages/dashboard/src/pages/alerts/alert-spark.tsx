import type { AlertRow, AlertRule, Selector } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type App, useApp } from "../../app-context.ts";
import { openSurface, strokeArea } from "../../charts/canvas.ts";
import { WindowReader } from "../../charts/window-data.ts";
import { figureOf } from "./live-figure.ts";
import type { SparkPoints } from "./spark-points.ts";
import { figure, limitText } from "./words.ts";

interface AlertSparkProps {
  readonly row: AlertRow;
  /** Its rule; `null` while that is not known. */
  readonly rule: AlertRule | null;
  /** What it was worth since the page was opened, for figures that are not sent as series. */
  readonly points: SparkPoints;
}

/** Lengths of time that are shown, ms: the first that is twice as long as the alert; and points they are drawn with. */
const WINDOWS_MS = [3 * 60_000, 5 * 60_000, 15 * 60_000] as const;
const POINTS = 120;
/** Space above and below the course, px. */
const PAD = 4;

/** How the figure went, for a quarter of an hour at most, and the limit that it is beyond. */
export function AlertSpark({ row, rule, points }: AlertSparkProps): VNode {
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const newest = useRef(row);
  newest.current = row;
  const figured = rule === null ? null : figureOf(rule, row.labels);
  // A page that looks at one node asks for that node's part of whatever names none.
  const whole = figured !== null && (figured.node !== undefined || app.live.node.value === null);
  const text = JSON.stringify(whole ? figured : null);
  const selector = useMemo(() => JSON.parse(text) as Selector | null, [text]);
  const low = rule?.op === "lt" || rule?.op === "lte";
  useEffect(() => (selector === null ? undefined : app.live.use({ series: [selector], tables: [] })), [app, selector]);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const reader = new WindowReader(1);
    const ring = selector === null ? null : app.live.series(selector, "now");
    const read = (): readonly (number | null)[] => {
      const { fingerprint, activeAt } = newest.current;
      const now = app.live.now.peek();
      const windowMs = WINDOWS_MS.find((length) => length >= 2 * (now - activeAt)) ?? WINDOWS_MS[2];
      if (ring === null) return points.of(fingerprint, now, windowMs / POINTS, POINTS);
      return reader.read([ring], now, windowMs, 1000).rows[0] ?? [];
    };
    return app.painter.add(element, () => draw(app, element, worst(read(), low), newest.current));
  }, [app, selector, points, low]);
  const { limit, value, unit } = row;
  if (limit === null) return <span class="alert-spark" />;
  return (
    <canvas
      class="alert-spark"
      ref={canvas}
      role="img"
      aria-label={`${figure(value, unit)} now, limit ${limitText(limit, unit)}`}
    />
  );
}

/** The worst of each few points: a short breach must not be averaged away. */
function worst(values: readonly (number | null)[], low: boolean): readonly number[] {
  const stride = Math.max(1, Math.ceil(values.length / POINTS));
  const thinned: number[] = [];
  for (let end = values.length; end > 0; end -= stride) {
    const some = values.slice(Math.max(0, end - stride), end).filter((value) => value !== null);
    thinned.push(some.length === 0 ? Number.NaN : low ? Math.min(...some) : Math.max(...some));
  }
  return thinned.reverse();
}

/** From a little below the lowest to a little above the highest: what tells is how far the figure is from its limit. */
function scaleOf(values: readonly number[]): { readonly floor: number; readonly top: number } {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const spread = Math.max(high - low, Math.abs(high) * 0.05) || 1;
  const floor = low - spread * 0.15;
  return { floor: low >= 0 ? Math.max(0, floor) : floor, top: high + spread * 0.1 };
}

function draw(app: App, canvas: HTMLCanvasElement, values: readonly number[], row: AlertRow): void {
  const surface = openSurface(canvas);
  if (surface === null || row.limit === null) return;
  const { ctx, width, height } = surface;
  const palette = app.palette.peek();
  const limits = typeof row.limit === "number" ? [row.limit] : row.limit;
  const { floor, top } = scaleOf([...limits, ...values.filter((value) => !Number.isNaN(value))]);
  const y = (value: number): number => height - PAD - ((value - floor) / (top - floor)) * (height - 2 * PAD);
  strokeArea(
    ctx,
    {
      length: values.length,
      x: (index) => (index / Math.max(1, values.length - 1)) * width,
      y: (index) => y(values[index] ?? Number.NaN),
    },
    { stroke: palette.other, fill: null, width: 1.5, floor: height },
  );
  ctx.setLineDash([4, 3]);
  ctx.lineWidth = 1;
  ctx.strokeStyle = palette[row.severity === "critical" ? "crit-fill" : "warn-fill"];
  for (const limit of limits) {
    ctx.beginPath();
    ctx.moveTo(0, y(limit));
    ctx.lineTo(width, y(limit));
    ctx.stroke();
  }
  ctx.setLineDash([]);
}
