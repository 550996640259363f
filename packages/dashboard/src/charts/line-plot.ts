import uPlot from "uplot";
import { type ColorToken, fade, type Palette } from "./palette.ts";
import { drawPlotMarks, namePlotMarks, type PlotMarks } from "./plot-marks.ts";
import { findGaps, type WindowData } from "./window-data.ts";
import { gridLines } from "./y-range.ts";

/** How one line is drawn. */
export interface LineStyle {
  readonly color: ColorToken;
  /** Tints the area below, or, `"stacked"`, down to the line before. @default false */
  readonly fill?: boolean | "stacked";
}

/** What a draw depends on beside the data. */
export interface PlotView extends PlotMarks {
  readonly fromAt: number;
  readonly toAt: number;
  /** Top of the y-axis; it begins at zero. */
  readonly top: number;
  readonly palette: Palette;
  /** 1-device-pixel lines and no fills: four times cheaper when no GPU draws them. */
  readonly thin: boolean;
  readonly formatY: (value: number) => string;
  readonly formatX: (at: number) => string;
}

/** Plot area inside the host, in CSS pixels. */
export interface PlotArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

const LINE_WIDTH = 1.5;
const FONT = '11px "Geist Variable", system-ui, sans-serif';
const X_STEPS_S = [
  5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 345_600, 604_800,
] as const;
const X_LABEL_SPACE = 84;
/** A label nearer to the right edge would be cut. */
const EDGE_PX = 14;

/** Instants of the x-axis labels: round times at least 84 px apart. */
export function timeSplits(fromS: number, toS: number, widthPx: number): number[] {
  const perLabel = ((toS - fromS) / Math.max(1, widthPx)) * X_LABEL_SPACE;
  const step = X_STEPS_S.find((candidate) => candidate >= perLabel) ?? 1_209_600;
  const splits: number[] = [];
  for (let at = Math.ceil(fromS / step) * step; at <= toS; at += step) {
    if ((toS - at) * widthPx > (toS - fromS) * EDGE_PX) splits.push(at);
  }
  return splits;
}

/**
 * A stack is drawn from its top down: where nothing is added to the lines
 * below, theirs are seen, and not that of what there is none of.
 */
export function inDrawingOrder<T>(lines: readonly LineStyle[], items: readonly T[]): T[] {
  return lines.some(({ fill }) => fill === "stacked") ? [...items].reverse() : [...items];
}

/** One uPlot in one element: owns its size observer and takes everything with it on {@link destroy}. */
export class LinePlot {
  readonly #host: HTMLElement;
  readonly #lines: readonly LineStyle[];
  readonly #observer: ResizeObserver;
  readonly #plot: uPlot;
  #view: PlotView;
  #data: WindowData;

  constructor(host: HTMLElement, lines: readonly LineStyle[], data: WindowData, view: PlotView) {
    this.#host = host;
    this.#lines = inDrawingOrder(lines, lines);
    this.#data = data;
    this.#view = view;
    this.#plot = new uPlot(this.#options(), this.#aligned(), host);
    this.#observer = new ResizeObserver(() => this.#resize());
    this.#observer.observe(host);
  }

  /** Draws the window; the arrays inside `data` may be the same as before. */
  draw(data: WindowData, view: PlotView): void {
    this.#data = data;
    this.#view = view;
    // uPlot looks the width up with every draw; one device pixel takes Skia's hairline path, four times cheaper.
    const width = view.thin ? 1 / uPlot.pxRatio : LINE_WIDTH;
    for (const series of this.#plot.series) series.width = width;
    // At once: what is placed beside the canvas asks for the new scales, and the painter for the cost.
    this.#plot.batch((plot: uPlot) => plot.setData(this.#aligned(), true));
  }

  /** Where the plot area is inside the host. */
  get area(): PlotArea {
    const { bbox } = this.#plot;
    const ratio = uPlot.pxRatio;
    return {
      left: bbox.left / ratio,
      top: bbox.top / ratio,
      width: bbox.width / ratio,
      height: bbox.height / ratio,
    };
  }

  /** CSS pixels from the top of the plot area for a value. */
  yOf(value: number): number {
    return this.#plot.valToPos(value, "y");
  }

  /** Frees the canvas, listeners and observer. Safe to call twice. */
  destroy(): void {
    this.#observer.disconnect();
    this.#plot.destroy();
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#host;
    if (width === 0 || height === 0 || (width === this.#plot.width && height === this.#plot.height)) return;
    this.#plot.setSize({ width, height });
  }

  #aligned(): uPlot.AlignedData {
    return [this.#data.at, ...this.#rows()];
  }

  #rows(): WindowData["rows"] {
    return inDrawingOrder(this.#lines, this.#data.rows);
  }

  #options(): uPlot.Options {
    const ink = () => this.#view.palette["text-3"];
    return {
      width: Math.max(1, this.#host.clientWidth),
      height: Math.max(1, this.#host.clientHeight),
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [this.#view.fromAt / 1000, this.#view.toAt / 1000] },
        y: { range: () => [0, this.#view.top] },
      },
      axes: [
        {
          stroke: ink,
          font: FONT,
          size: 26,
          gap: 8,
          grid: { show: false },
          ticks: { show: false },
          splits: (u, _axis, min, max) => timeSplits(min, max, u.bbox.width / uPlot.pxRatio),
          values: (_u, splits) => splits.map((at) => this.#view.formatX(at * 1000)),
        },
        {
          stroke: ink,
          font: FONT,
          size: 54,
          gap: 8,
          grid: { stroke: () => this.#view.palette.line, width: 1 },
          ticks: { show: false },
          splits: (_u, _axis, _min, max) => gridLines(max),
          values: (_u, splits) => splits.map((value) => this.#view.formatY(value)),
        },
      ],
      series: [{}, ...this.#lines.map((line) => this.#series(line))],
      bands: this.#lines.flatMap(({ fill }, i) => (fill === "stacked" && i > 0 ? [{ series: [i, i + 1] }] : [])),
      hooks: {
        drawAxes: [(u) => this.#drawGaps(u), (u) => drawPlotMarks(u, this.#view)],
        drawSeries: [(u, series) => this.#drawEnd(u, series)],
        draw: [(u) => namePlotMarks(u, this.#view)],
      },
    };
  }

  #series({ color, fill }: LineStyle): uPlot.Series {
    return {
      stroke: () => this.#view.palette[color],
      width: LINE_WIDTH,
      points: { show: false },
      spanGaps: false,
      ...(fill === undefined || fill === false ? {} : { fill: (u: uPlot) => this.#tint(u, color, fill) }),
    };
  }

  #tint(u: uPlot, color: ColorToken, fill: true | "stacked"): CanvasGradient | string {
    if (this.#view.thin) return "transparent";
    if (fill === "stacked") return fade(this.#view.palette[color], 0.28);
    const gradient = u.ctx.createLinearGradient(0, u.bbox.top, 0, u.bbox.top + u.bbox.height);
    gradient.addColorStop(0, fade(this.#view.palette[color], 0.2));
    gradient.addColorStop(1, fade(this.#view.palette[color], 0.02));
    return gradient;
  }

  #drawGaps(u: uPlot): void {
    const { at, stepS } = this.#data;
    const startS = at[0] ?? 0;
    const end = Math.round((this.#view.toAt / 1000 - startS) / stepS);
    u.ctx.fillStyle = this.#view.palette.sunken;
    for (const [from, to] of findGaps(this.#data, end)) {
      const left = u.valToPos(startS + from * stepS, "x", true);
      const right = u.valToPos(startS + to * stepS, "x", true);
      u.ctx.fillRect(left, u.bbox.top, Math.max(1, right - left), u.bbox.height);
    }
  }

  #drawEnd(u: uPlot, series: number): void {
    const row = this.#rows()[series - 1];
    const line = this.#lines[series - 1];
    const { last } = this.#data;
    const value = row?.[last];
    if (line === undefined || last < 0 || value === null || value === undefined) return;
    const { ctx } = u;
    const color = this.#view.palette[line.color];
    const x = u.valToPos(this.#data.at[last] ?? 0, "x", true);
    const y = u.valToPos(value, "y", true);
    ctx.save();
    for (const [radius, alpha] of [
      [5.5, 0.25],
      [2.75, 1],
    ] as const) {
      ctx.fillStyle = fade(color, alpha);
      ctx.beginPath();
      ctx.arc(x, y, radius * uPlot.pxRatio, 0, 2 * Math.PI);
      ctx.fill();
    }
    ctx.restore();
  }
}
