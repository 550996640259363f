import uPlot from "uplot";
import type { PlotArea } from "../../charts/line-plot.ts";
import { type ColorToken, fade } from "../../charts/palette.ts";
import { drawPlotMarks, namePlotMarks, type PlotMarks } from "../../charts/plot-marks.ts";
import { gridLines } from "../../charts/y-range.ts";
import { isMidnight, type Offset, timeLabels } from "./time-axis.ts";

/** One line over a grid of intervals. */
export interface PlotLine {
  readonly color: ColorToken;
  readonly values: readonly (number | null)[];
  /** Least and largest within each interval, drawn as a band. */
  readonly low?: readonly (number | null)[];
  readonly high?: readonly (number | null)[];
  /** `ghost`: another time laid over this one, dashed · `trend`: worked out and not measured, dotted. @default "solid" */
  readonly stroke?: "solid" | "ghost" | "trend";
}

/** Something that happened, drawn as a tick at the foot of a chart. */
export interface PlotMark {
  readonly at: number;
  readonly color: ColorToken;
}

/** The intervals of a chart. */
export interface Grid {
  /** Start of the first, ms epoch. */
  readonly fromAt: number;
  readonly stepMs: number;
  readonly length: number;
}

/** All that one drawing depends on. */
export interface RangeView extends PlotMarks {
  readonly grid: Grid;
  readonly lines: readonly PlotLine[];
  /** The line that somebody looks at closely, if any; the others step back. */
  readonly picked: number | null;
  readonly marks: readonly PlotMark[];
  readonly thin: boolean;
  readonly offset: Offset;
  readonly formatY: (value: number) => string;
  readonly formatX: (at: number, midnight: boolean) => string;
  /** Stands in a stretch without any data where there is room. */
  readonly gapText: string;
}

const LINE_WIDTH = 1.5;
const FONT = '11px "Geist Variable", system-ui, sans-serif';
const DASHES: Readonly<Record<NonNullable<PlotLine["stroke"]>, readonly number[]>> = {
  solid: [],
  ghost: [5, 4],
  trend: [1.5, 3],
};
/** Bands of more lines than this would hide each other. */
export const MOST_BANDS = 3;

/** Lines over a fixed time, in one element; drawn when told to and when the element changes size. */
export class RangePlot {
  readonly #host: HTMLElement;
  readonly #observer: ResizeObserver;
  #plot: uPlot | null = null;
  #strokes = "";
  #view: RangeView;
  #range: readonly [low: number, high: number] = [0, 1];

  /** @param onResize called after the plot took another size */
  constructor(host: HTMLElement, view: RangeView, onResize: () => void) {
    this.#host = host;
    this.#view = view;
    this.draw(view);
    this.#observer = new ResizeObserver(() => {
      if (this.#resize()) onResize();
    });
    this.#observer.observe(host);
  }

  /** Draws; other strokes, or another number of lines, are another plot inside. */
  draw(view: RangeView): void {
    this.#view = view;
    this.#range = withLimit(rangeOf(view.lines, view.picked), view.limits[0]?.value);
    const strokes = view.lines.map(({ stroke }) => stroke ?? "solid").join();
    if (this.#plot === null || strokes !== this.#strokes) {
      this.#plot?.destroy();
      this.#strokes = strokes;
      this.#plot = new uPlot(this.#options(), this.#data(), this.#host);
      return;
    }
    const { series } = this.#plot;
    for (let index = 1; index < series.length; index++) {
      const drawn = series[index];
      if (drawn !== undefined) drawn.width = this.#widthOf(index - 1);
    }
    this.#plot.batch((plot: uPlot) => plot.setData(this.#data(), true));
  }

  /** Where the plot area is inside the host, CSS pixels. */
  get area(): PlotArea {
    const box = this.#plot?.bbox ?? { left: 0, top: 0, width: 0, height: 0 };
    const ratio = uPlot.pxRatio;
    return { left: box.left / ratio, top: box.top / ratio, width: box.width / ratio, height: box.height / ratio };
  }

  /** CSS pixels from the top of the plot area for a value. */
  yOf(value: number): number {
    return this.#plot?.valToPos(value, "y") ?? 0;
  }

  /** Frees the canvas, listeners and observer. Safe to call twice. */
  destroy(): void {
    this.#observer.disconnect();
    this.#plot?.destroy();
    this.#plot = null;
  }

  #resize(): boolean {
    const { clientWidth: width, clientHeight: height } = this.#host;
    const plot = this.#plot;
    if (plot === null || width === 0 || height === 0 || (width === plot.width && height === plot.height)) return false;
    plot.setSize({ width, height });
    return true;
  }

  #data(): uPlot.AlignedData {
    const { grid, lines } = this.#view;
    const at = Float64Array.from({ length: grid.length }, (_, index) => (grid.fromAt + index * grid.stepMs) / 1000);
    return [at, ...lines.map(({ values }) => values as (number | null)[])];
  }

  #widthOf(line: number): number {
    const { picked, thin } = this.#view;
    if (thin) return 1 / uPlot.pxRatio;
    return picked === line ? LINE_WIDTH * 1.6 : LINE_WIDTH;
  }

  #colorOf(line: number): string {
    const { lines, palette, picked } = this.#view;
    const color = palette[lines[line]?.color ?? "other"];
    return picked === null || picked === line ? color : fade(color, 0.35);
  }

  #options(): uPlot.Options {
    const ink = () => this.#view.palette["text-3"];
    const end = () => this.#view.grid.fromAt + this.#view.grid.length * this.#view.grid.stepMs;
    return {
      width: Math.max(1, this.#host.clientWidth),
      height: Math.max(1, this.#host.clientHeight),
      padding: [10, 12, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: () => [this.#view.grid.fromAt / 1000, end() / 1000] },
        y: { range: () => [...this.#range] as [number, number] },
      },
      axes: [
        {
          stroke: ink,
          font: FONT,
          size: 26,
          gap: 8,
          grid: { show: false },
          ticks: { show: false },
          splits: (u) =>
            timeLabels(this.#view.grid.fromAt, end(), u.bbox.width / uPlot.pxRatio, this.#view.offset).map(
              (at) => at / 1000,
            ),
          values: (_u, splits) =>
            splits.map((at) => this.#view.formatX(at * 1000, isMidnight(at * 1000, this.#view.offset))),
        },
        {
          stroke: ink,
          font: FONT,
          size: 54,
          gap: 8,
          grid: { stroke: () => this.#view.palette.line, width: 1 },
          ticks: { show: false },
          splits: (_u, _axis, low, high) => linesBetween(low, high),
          values: (_u, splits) => splits.map((value) => this.#view.formatY(value)),
        },
      ],
      series: [
        {},
        ...this.#view.lines.map(({ stroke = "solid" }, line) => ({
          stroke: () => this.#colorOf(line),
          width: this.#widthOf(line),
          dash: [...DASHES[stroke]],
          points: { show: false },
          spanGaps: false,
        })),
      ],
      hooks: {
        drawAxes: [(u) => this.#drawGaps(u), (u) => this.#drawBands(u), (u) => drawPlotMarks(u, this.#view)],
        draw: [(u) => this.#drawLone(u), (u) => namePlotMarks(u, this.#view), (u) => this.#drawMarks(u)],
      },
    };
  }

  #drawGaps(u: uPlot): void {
    const { grid, lines, palette, gapText } = this.#view;
    const ratio = uPlot.pxRatio;
    for (const [from, to] of gapsOf(lines, grid.length)) {
      const left = xOf(u, grid, from);
      const width = xOf(u, grid, to) - left;
      u.ctx.fillStyle = palette.sunken;
      u.ctx.fillRect(left, u.bbox.top, Math.max(1, width), u.bbox.height);
      if (width < 120 * ratio) continue;
      u.ctx.fillStyle = palette["text-3"];
      u.ctx.font = FONT.replace("11px", `${11 * ratio}px`);
      u.ctx.textAlign = "center";
      u.ctx.textBaseline = "middle";
      u.ctx.fillText(gapText, left + width / 2, u.bbox.top + u.bbox.height / 2);
    }
  }

  #drawBands(u: uPlot): void {
    const { lines, picked, grid, thin } = this.#view;
    if (thin) return;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
    u.ctx.clip();
    lines.forEach(({ low, high }, line) => {
      if (low === undefined || high === undefined || !isBanded(lines, picked, line)) return;
      u.ctx.fillStyle = fade(this.#view.palette[lines[line]?.color ?? "other"], 0.16);
      for (const [from, to] of runsOf(high)) drawBand(u, grid, low, high, from, to);
    });
    u.ctx.restore();
  }

  /** An interval with data between two without would be a line of no length. */
  #drawLone(u: uPlot): void {
    const { lines, grid } = this.#view;
    lines.forEach(({ values }, line) => {
      u.ctx.fillStyle = this.#colorOf(line);
      for (const [from, to] of runsOf(values)) {
        if (to - from > 1) continue;
        u.ctx.beginPath();
        u.ctx.arc(xOf(u, grid, from), u.valToPos(values[from] ?? 0, "y", true), 2 * uPlot.pxRatio, 0, 2 * Math.PI);
        u.ctx.fill();
      }
    });
  }

  #drawMarks(u: uPlot): void {
    const { marks, palette } = this.#view;
    const ratio = uPlot.pxRatio;
    const floor = u.bbox.top + u.bbox.height;
    for (const { at, color } of marks) {
      const x = Math.round(u.valToPos(at / 1000, "x", true));
      u.ctx.fillStyle = palette[color];
      u.ctx.beginPath();
      u.ctx.moveTo(x, floor - 7 * ratio);
      u.ctx.lineTo(x + 4 * ratio, floor);
      u.ctx.lineTo(x - 4 * ratio, floor);
      u.ctx.fill();
    }
  }
}

function xOf(u: uPlot, grid: Grid, index: number): number {
  return u.valToPos((grid.fromAt + index * grid.stepMs) / 1000, "x", true);
}

function drawBand(
  u: uPlot,
  grid: Grid,
  low: readonly (number | null)[],
  high: readonly (number | null)[],
  from: number,
  to: number,
): void {
  u.ctx.beginPath();
  for (let index = from; index < to; index++)
    u.ctx.lineTo(xOf(u, grid, index), u.valToPos(high[index] ?? 0, "y", true));
  for (let index = to - 1; index >= from; index--)
    u.ctx.lineTo(xOf(u, grid, index), u.valToPos(low[index] ?? 0, "y", true));
  u.ctx.fill();
}

/** Whether the band of a line is drawn: those of few lines, or of the one that is looked at. */
function isBanded(lines: readonly PlotLine[], picked: number | null, line: number): boolean {
  return picked === null ? bandedLines(lines) <= MOST_BANDS : picked === line;
}

function bandedLines(lines: readonly PlotLine[]): number {
  return lines.filter(({ high }) => high !== undefined).length;
}

/** Stretches with values, as `[from, to)`. */
function runsOf(values: readonly (number | null)[]): (readonly [from: number, to: number])[] {
  const runs: (readonly [number, number])[] = [];
  let from = -1;
  for (let index = 0; index <= values.length; index++) {
    const known = typeof values[index] === "number";
    if (known && from < 0) from = index;
    if (!known && from >= 0) {
      runs.push([from, index]);
      from = -1;
    }
  }
  return runs;
}

/** Stretches in which no measured line has a value, as `[from, to)`. */
export function gapsOf(lines: readonly PlotLine[], length: number): readonly (readonly [from: number, to: number])[] {
  const measured = lines.filter(({ stroke }) => stroke !== "trend");
  const absent = Array.from({ length }, (_, index) =>
    measured.every(({ values }) => typeof values[index] !== "number") ? 1 : null,
  );
  return runsOf(absent);
}

/** The y-axis: from zero, or from below it where values are. Bands count as long as they do not flatten the lines. */
function rangeOf(lines: readonly PlotLine[], picked: number | null): readonly [low: number, high: number] {
  let low = 0;
  let high = 0;
  const take = (value: number | null | undefined) => {
    if (typeof value !== "number") return;
    if (value < low) low = value;
    if (value > high) high = value;
  };
  for (const { values } of lines) for (const value of values) take(value);
  const ofLines = high;
  lines.forEach(({ high: band = [] }, line) => {
    if (isBanded(lines, picked, line)) for (const value of band) take(value);
  });
  if (ofLines > 0) high = Math.min(high, ofLines * 3);
  if (low === 0 && high === 0) return [0, 1];
  const room = (high - low) * 0.08;
  return [low < 0 ? low - room : 0, high + room];
}

/** A limit is in the picture unless it would flatten the lines. */
function withLimit([low, high]: readonly [number, number], limit = 0): readonly [low: number, high: number] {
  return [low, limit > high && limit < high * 3 ? limit * 1.08 : high];
}

/** Grid lines at round values; zero is one of them. */
function linesBetween(low: number, high: number): number[] {
  if (low >= 0) return gridLines(high);
  const [, step = 1] = gridLines(Math.max(high, -low));
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, index) => (first + index) * step);
}
