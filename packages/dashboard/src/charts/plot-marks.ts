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

/** Draws bands, and limits over them, as far as they are in the picture: below the lines. */
export function drawPlotMarks(u: uPlot, { limits, bands, palette }: PlotMarks): void {
  u.ctx.save();
  for (const band of bands) drawBand(u, band, palette);
  for (const limit of limits) drawLimit(u, limit, palette);
  u.ctx.restore();
}

/** Writes their names above the lines, which would strike them through. */
export function namePlotMarks(u: uPlot, { limits, bands, palette }: PlotMarks): void {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  ctx.save();
  ctx.font = FONT.replace("11px", `${11 * ratio}px`);
  ctx.textAlign = "left";
  ctx.lineJoin = "round";
  ctx.lineWidth = 4 * ratio;
  ctx.strokeStyle = palette.surface;
  const write = (text: string, color: string, x: number, y: number) => {
    ctx.strokeText(text, x, y);
    ctx.fillStyle = color;
    ctx.fillText(text, x, y);
  };
  for (const band of bands) {
    const place = placeOf(u, band);
    if (place === null || ctx.measureText(band.label).width + 10 * ratio > place.width) continue;
    ctx.textBaseline = "top";
    write(band.label, palette.text, place.left + 6 * ratio, bbox.top + 4 * ratio);
  }
  for (const limit of limits) {
    const y = heightOf(u, limit);
    if (y === null) continue;
    // A limit at the very top has room for its name only below.
    const below = y - bbox.top < 16 * ratio;
    ctx.textBaseline = below ? "top" : "bottom";
    write(limit.label, palette[limit.color ?? "crit"], bbox.left + 6 * ratio, y + (below ? 3 : -3) * ratio);
  }
  ctx.restore();
}

function drawBand(u: uPlot, band: PlotBand, palette: Palette): void {
  const { ctx, bbox } = u;
  const place = placeOf(u, band);
  if (place === null) return;
  ctx.fillStyle = fade(palette[band.color], 0.14);
  ctx.fillRect(place.left, bbox.top, place.width, bbox.height);
  ctx.fillStyle = palette[band.color];
  if (place.begins) ctx.fillRect(place.left, bbox.top, uPlot.pxRatio, bbox.height);
}

/** Where a band is, in px of the canvas; `null` outside of the picture. */
function placeOf(
  u: uPlot,
  { fromAt, toAt }: PlotBand,
): { readonly left: number; readonly width: number; readonly begins: boolean } | null {
  const { min = 0, max = 0 } = u.scales.x ?? {};
  const [from, to] = [(min ?? 0) * 1000, (max ?? 0) * 1000];
  const end = Math.min(to, toAt ?? to);
  if (fromAt >= to || end <= from) return null;
  const left = u.valToPos(Math.max(from, fromAt) / 1000, "x", true);
  const width = Math.max(2 * uPlot.pxRatio, u.valToPos(end / 1000, "x", true) - left);
  return { left, width, begins: fromAt >= from };
}

function drawLimit(u: uPlot, limit: PlotLimit, palette: Palette): void {
  const { ctx, bbox } = u;
  const ratio = uPlot.pxRatio;
  const y = heightOf(u, limit);
  if (y === null) return;
  ctx.strokeStyle = palette[limit.color ?? "crit"];
  ctx.lineWidth = ratio;
  ctx.setLineDash([4 * ratio, 3 * ratio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
}

/** How high a limit is, in px of the canvas; `null` above the picture. */
function heightOf(u: uPlot, { value }: PlotLimit): number | null {
  return value <= (u.scales.y?.max ?? 0) ? Math.round(u.valToPos(value, "y", true)) + 0.5 : null;
}
