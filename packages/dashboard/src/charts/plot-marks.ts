import uPlot from "uplot";
import { type ColorToken, fade, type Palette } from "./palette.ts";

/** A dashed horizontal line with a name. */
export interface PlotLimit {
  readonly value: number;
  readonly label: string;
  /** @default "crit" */
  readonly color?: ColorToken;
}

/** A stretch of time that is tinted, with its name where there is room. */
export interface PlotBand {
  /** ms epoch. */
  readonly fromAt: number;
  /** `null` while it goes on. */
  readonly toAt: number | null;
  readonly label: string;
  readonly color: ColorToken;
}

/** What is drawn into a plot beside its lines. */
export interface PlotMarks {
  readonly limits: readonly PlotLimit[];
  readonly bands: readonly PlotBand[];
  readonly palette: Palette;
}

const FONT = '11px "Geist Variable", system-ui, sans-serif';

/** Draws bands, and limits over them, as far as they are in the picture. */
export function drawPlotMarks(u: uPlot, { limits, bands, palette }: PlotMarks): void {
  const { ctx } = u;
  ctx.save();
  ctx.font = FONT.replace("11px", `${11 * uPlot.pxRatio}px`);
  ctx.textAlign = "left";
  for (const band of bands) drawBand(u, band, palette);
  for (const limit of limits) if (limit.value <= (u.scales.y?.max ?? 0)) drawLimit(u, limit, palette);
  ctx.restore();
}

function drawBand(u: uPlot, band: PlotBand, palette: Palette): void {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  const { min = 0, max = 0 } = u.scales.x ?? {};
  const [from, to] = [(min ?? 0) * 1000, (max ?? 0) * 1000];
  const end = Math.min(to, band.toAt ?? to);
  if (band.fromAt >= to || end <= from) return;
  const left = u.valToPos(Math.max(from, band.fromAt) / 1000, "x", true);
  const width = Math.max(2 * ratio, u.valToPos(end / 1000, "x", true) - left);
  ctx.fillStyle = fade(palette[band.color], 0.14);
  ctx.fillRect(left, bbox.top, width, bbox.height);
  ctx.fillStyle = palette[band.color];
  if (band.fromAt >= from) ctx.fillRect(left, bbox.top, ratio, bbox.height);
  if (ctx.measureText(band.label).width + 10 * ratio > width) return;
  ctx.fillStyle = palette.text;
  ctx.textBaseline = "top";
  ctx.fillText(band.label, left + 6 * ratio, bbox.top + 4 * ratio);
}

function drawLimit(u: uPlot, limit: PlotLimit, palette: Palette): void {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  const y = Math.round(u.valToPos(limit.value, "y", true)) + 0.5;
  ctx.strokeStyle = ctx.fillStyle = palette[limit.color ?? "crit"];
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  // A limit at the very top has room for its name only below.
  const below = y - bbox.top < 16 * ratio;
  ctx.textBaseline = below ? "top" : "bottom";
  ctx.fillText(limit.label, bbox.left + 6 * ratio, y + (below ? 3 : -3) * ratio);
}
