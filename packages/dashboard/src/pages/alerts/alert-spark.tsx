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

/** What is shown, ms; and points it is drawn with. */
const WINDOW_MS = 15 * 60_000;
const POINTS = 120;
/** Space above and below the course, px. */
const PAD = 4;

/** The figure's last quarter of an hour, and the limit that it is beyond. */
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
    const read = (): readonly (number | null)[] =>
      ring === null
        ? points.of(newest.current.fingerprint, app.live.now.peek(), WINDOW_MS / POINTS, POINTS)
        : (reader.read([ring], app.live.now.peek(), WINDOW_MS, 1000).rows[0] ?? []);
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

function draw(app: App, canvas: HTMLCanvasElement, values: readonly number[], row: AlertRow): void {
  const surface = openSurface(canvas);
  if (surface === null || row.limit === null) return;
  const { ctx, width, height } = surface;
  const palette = app.palette.peek();
  const limits = typeof row.limit === "number" ? [row.limit] : row.limit;
  const known = values.filter((value) => !Number.isNaN(value));
  const top = Math.max(...limits, ...known) * 1.08 || 1;
  const floor = Math.min(0, ...limits, ...known);
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
