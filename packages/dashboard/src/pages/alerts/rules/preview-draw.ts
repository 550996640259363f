import type { BackTestAnswer, BackTestEpisode } from "@wsight/protocol";
import { type Surface, strokeArea } from "../../../charts/canvas.ts";
import { type ColorToken, fade, type Palette } from "../../../charts/palette.ts";
import { axisTime, type Clock } from "../../../format/clock.ts";
import { type Offset, timeLabels } from "../../history/time-axis.ts";
import { gridBetween, type LimitScale, PLOT } from "./limit-scale.ts";

/** Lines of the busiest instances in colours of their own; more are grey. */
const COLORS: readonly ColorToken[] = ["c1", "c2", "c3", "c4", "c5", "c6"];
const FONT = '11px "Geist Variable", system-ui, sans-serif';

/** All that a drawing depends on. */
export interface PreviewView {
  readonly answer: BackTestAnswer;
  readonly scale: LimitScale;
  readonly palette: Palette;
  readonly clock: Clock;
  readonly offset: Offset;
  readonly format: (value: number) => string;
  /** The firing that somebody points at. */
  readonly picked: BackTestEpisode | null;
}

/** Room before the first value, of what is seen. */
const BEFORE = 0.03;

/** The time that is drawn: from shortly before something was measured. */
function seenOf({ fromAt, toAt, linesFromAt }: BackTestAnswer): Seen {
  return { fromAt: Math.max(fromAt, linesFromAt - (toAt - linesFromAt) * BEFORE), toAt };
}

type Seen = Pick<BackTestAnswer, "fromAt" | "toAt">;

/** Where an instant stands in a chart so many px wide. */
function xOfTime({ fromAt, toAt }: Seen, width: number, at: number): number {
  return PLOT.left + ((at - fromAt) / Math.max(1, toAt - fromAt)) * (width - PLOT.left - PLOT.right);
}

/** Draws firings as bands, the grid, the figure of each instance and the times. */
export function drawPreview(surface: Surface, view: PreviewView): void {
  const seen = seenOf(view.answer);
  drawBands(surface, view, seen);
  drawGrid(surface, view);
  drawLines(surface, view, seen);
  drawTimes(surface, view, seen);
}

function drawBands({ ctx, width, height }: Surface, { answer, palette, picked }: PreviewView, seen: Seen): void {
  const tall = height - PLOT.top - PLOT.bottom;
  for (const episode of answer.episodes) {
    const left = xOfTime(seen, width, Math.max(seen.fromAt, episode.startedAt));
    const right = xOfTime(seen, width, episode.endedAt ?? answer.toAt);
    const color = palette[episode.severity === "critical" ? "crit-fill" : "warn-fill"];
    ctx.fillStyle = fade(color, episode === picked ? 0.5 : 0.2);
    ctx.fillRect(left, PLOT.top, Math.max(2, right - left), tall);
    // A short firing would be lost in days: its head says where it is.
    ctx.fillStyle = color;
    ctx.fillRect(left, PLOT.top, Math.max(2, right - left), 3);
  }
}

function drawGrid({ ctx, width, hairline }: Surface, { scale, palette, format }: PreviewView): void {
  ctx.font = FONT;
  ctx.textAlign = "right";
  ctx.textBaseline = "middle";
  for (const value of gridBetween(scale.low, scale.high)) {
    const y = Math.round(scale.yOf(value)) + 0.5;
    ctx.fillStyle = palette.line;
    ctx.fillRect(PLOT.left, y, width - PLOT.left - PLOT.right, hairline);
    ctx.fillStyle = palette["text-3"];
    ctx.fillText(value === 0 ? "0" : format(value), PLOT.left - 8, y);
  }
}

function drawLines({ ctx, width, height }: Surface, { answer, scale, palette }: PreviewView, seen: Seen): void {
  ctx.save();
  ctx.beginPath();
  ctx.rect(PLOT.left, PLOT.top, width - PLOT.left - PLOT.right, height - PLOT.top - PLOT.bottom);
  ctx.clip();
  // The busiest is drawn last, on top.
  for (const [index, { values }] of [...answer.lines.entries()].reverse()) {
    strokeArea(
      ctx,
      {
        length: values.length,
        x: (step) => xOfTime(seen, width, answer.linesFromAt + (step + 0.5) * answer.stepMs),
        y: (step) => {
          const value = values[step] ?? null;
          return value === null ? Number.NaN : scale.yOf(value);
        },
      },
      { stroke: palette[COLORS[index] ?? "other"], fill: null, width: 1.25, floor: height },
    );
  }
  ctx.restore();
}

function drawTimes({ ctx, width, height }: Surface, { palette, clock, offset }: PreviewView, seen: Seen): void {
  const { fromAt, toAt } = seen;
  ctx.font = FONT;
  ctx.fillStyle = palette["text-3"];
  ctx.textAlign = "center";
  ctx.textBaseline = "bottom";
  for (const at of timeLabels(fromAt, toAt, width - PLOT.left - PLOT.right, offset))
    ctx.fillText(axisTime(clock, at, toAt - fromAt), xOfTime(seen, width, at), height - 4);
}
