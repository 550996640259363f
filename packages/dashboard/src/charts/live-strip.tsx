import { LIVE_HISTORY_MS, type NodeRow } from "@wsight/protocol";
import type { TargetedPointerEvent, VNode } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import { count, join } from "../format/quantity.ts";
import { RAIL_SELECTOR } from "../rail-selector.ts";
import { openSurface, type Surface, strokeArea } from "./canvas.ts";
import { timeSplits } from "./line-plot.ts";
import { fade } from "./palette.ts";
import { average, shapeScale } from "./sparkline.tsx";
import { findGaps, type WindowData, WindowReader } from "./window-data.ts";

const TOP = 18;
const BOTTOM = 20;
/** Seconds averaged into one point of the curve. */
const POINT_S = 5;

/**
 * The time rail at the bottom of every page: all that is held live, what
 * happened in it, and which part the charts show.
 */
export function LiveStrip(): VNode {
  const app = useApp();
  const { live, clock, second } = app;
  const at = live.now.value;
  const shown = at > 0 ? at : second.value;
  return (
    <section class="rail" aria-label="Time">
      <p class="rail-clock">
        <strong>{clock.value.time(shown)}</strong>
        {clock.value.day(shown)}
      </p>
      <Strip />
      <LiveButton />
    </section>
  );
}

function Strip(): VNode {
  const app = useApp();
  const id = useId();
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const reader = new WindowReader(1);
    const ring = app.live.series(RAIL_SELECTOR);
    return app.painter.add(element, () => {
      draw(app, element, reader.read([ring], app.live.now.peek(), LIVE_HISTORY_MS));
    });
  }, [app]);

  const point = (event: TargetedPointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const toAt = Math.floor(app.live.now.peek() / 1000) * 1000;
    app.cursor.owner.value = id;
    app.cursor.at.value =
      Math.round((toAt - LIVE_HISTORY_MS * (1 - (event.clientX - box.left) / box.width)) / 1000) * 1000;
  };
  const leave = () => {
    if (app.cursor.pinned.peek() || app.cursor.owner.peek() !== id) return;
    app.cursor.owner.value = null;
    app.cursor.at.value = null;
  };
  const connections = app.live.series(RAIL_SELECTOR).latest();
  return (
    <div
      class="rail-strip"
      role="img"
      aria-label={`Connections of the last 15 minutes, now ${join(count(connections))}${app.railMarks.value?.label ?? ""}`}
      onPointerMove={point}
      onPointerLeave={leave}
    >
      <canvas ref={canvas} />
      <RailCursor />
    </div>
  );
}

function RailCursor(): VNode | null {
  const { cursor, live } = useApp();
  const at = cursor.at.value;
  if (at === null) return null;
  const share = 1 - (live.now.value - at) / LIVE_HISTORY_MS;
  return share < 0 || share > 1 ? null : <i class="rail-cursor" style={{ left: `${share * 100}%` }} />;
}

function LiveButton(): VNode {
  const { live } = useApp();
  const paused = live.paused.value;
  const { state } = live.status.value;
  const tone = state === "live" && !paused ? "ok" : state === "offline" ? "crit" : "quiet";
  return (
    <button
      type="button"
      class="live-button"
      data-tone={tone}
      title={state === "offline" ? "Retry now" : paused ? "Return to live" : "Showing live data"}
      onClick={() => {
        live.paused.value = false;
        if (state === "offline") live.retryNow();
      }}
    >
      {state === "offline" ? "Offline" : paused ? "Go live" : "Live"}
    </button>
  );
}

function draw(app: App, canvas: HTMLCanvasElement, data: WindowData): void {
  const surface = openSurface(canvas);
  if (surface === null) return;
  const toAt = Math.floor(app.live.now.peek() / 1000) * 1000;
  const xOf = (at: number) => surface.width * (1 - (toAt - at) / LIVE_HISTORY_MS);
  drawCurve(app, surface, data);
  drawGaps(app, surface, data, xOf);
  drawHandle(app, surface, xOf(toAt - app.viewMs.peek()));
  drawRestarts(app, surface, app.live.table("nodes").peek() ?? [], xOf);
  app.railMarks.peek()?.draw(surface, xOf);
  drawTimes(app, surface, toAt, xOf);
}

function drawCurve(app: App, { ctx, width, height, hairline }: Surface, data: WindowData): void {
  const row = average(data.rows[0] ?? [], POINT_S);
  const high = height - TOP - BOTTOM;
  const color = app.palette.peek().c1;
  const { floor, spread } = shapeScale(row);
  const thin = app.painter.fidelity.peek() !== "full";
  strokeArea(
    ctx,
    {
      length: row.length,
      x: (index) => (index / Math.max(1, row.length - 1)) * width,
      y: (index) => TOP + high * (0.85 - (((row[index] ?? Number.NaN) - floor) / spread) * 0.75),
    },
    { stroke: color, fill: fade(color, 0.16), width: thin ? hairline : 1.25, floor: TOP + high },
  );
  ctx.fillStyle = app.palette.peek().line;
  ctx.fillRect(0, TOP + high, width, hairline);
}

function drawGaps(app: App, { ctx, height }: Surface, data: WindowData, xOf: (at: number) => number): void {
  const start = (data.at[0] ?? 0) * 1000;
  ctx.fillStyle = fade(app.palette.peek()["line-strong"], 0.28);
  for (const [from, to] of findGaps(data, data.last)) {
    const left = xOf(start + from * 1000);
    ctx.fillRect(left, TOP, Math.max(1, xOf(start + to * 1000) - left), height - TOP - BOTTOM);
  }
}

/** The part that the charts show. */
function drawHandle(app: App, { ctx, width, height }: Surface, left: number): void {
  const live = app.live.status.peek().state === "live" && !app.live.paused.peek();
  const color = app.palette.peek()[live ? "ok-fill" : "other"];
  const high = height - TOP - BOTTOM;
  const from = Math.max(1, left);
  if (left > 1) {
    ctx.fillStyle = fade(color, 0.12);
    ctx.fillRect(from, TOP, width - from, high);
  }
  ctx.fillStyle = color;
  ctx.fillRect(from - 1, TOP - 2, 2, high + 4);
  ctx.fillRect(width - 2, TOP - 2, 2, high + 4);
}

/** A diamond where a process started. */
function drawRestarts(app: App, { ctx, width }: Surface, nodes: readonly NodeRow[], xOf: (at: number) => number): void {
  ctx.fillStyle = app.palette.peek()["text-3"];
  for (const { startedAt } of nodes) {
    const x = xOf(startedAt);
    if (x < 5 || x > width - 5) continue;
    ctx.beginPath();
    ctx.moveTo(x, 4);
    ctx.lineTo(x + 4.5, 8.5);
    ctx.lineTo(x, 13);
    ctx.lineTo(x - 4.5, 8.5);
    ctx.fill();
  }
}

function drawTimes(app: App, { ctx, width, height }: Surface, toAt: number, xOf: (at: number) => number): void {
  ctx.font = '11px "Geist Variable", system-ui, sans-serif';
  ctx.fillStyle = app.palette.peek()["text-3"];
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  const clock = app.clock.peek();
  for (const at of timeSplits((toAt - LIVE_HISTORY_MS) / 1000, toAt / 1000, width)) {
    const x = xOf(at * 1000);
    if (x > 18 && x < width - 18) ctx.fillText(clock.minute(at * 1000), x, height - 3);
  }
}
