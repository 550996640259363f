import { escapeMarkup } from "./markup.ts";

/** One line of a chart. */
interface ChartLine {
  readonly name: string;
  /** Class that gives it its colour. */
  readonly tone: "a" | "b" | "c";
  readonly points: readonly (readonly [x: number, y: number | null])[];
}

/** A chart of lines. */
export interface Chart {
  readonly title: string;
  readonly lines: readonly ChartLine[];
  readonly xTicks: readonly (readonly [x: number, label: string])[];
  readonly formatY: (y: number) => string;
  /** Places on the x axis to mark, with what they mean. */
  readonly marks?: readonly (readonly [x: number, meaning: string])[];
}

const WIDTH = 720;
const HEIGHT = 220;
const LEFT = 64;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 26;
/** Longest line in points: more than a pixel shows no more. */
const MAX_POINTS = 1200;

/** Draws a chart as inline SVG, coloured by classes of the page. */
export function drawChart({ title, lines, xTicks, formatY, marks = [] }: Chart): string {
  const xs = lines.flatMap(({ points }) => points.map(([x]) => x));
  const ys = lines.flatMap(({ points }) => points.flatMap(([, y]) => (y === null ? [] : [y])));
  if (xs.length === 0 || ys.length === 0) return "";
  const left = xs.reduce((a, b) => Math.min(a, b));
  const right = Math.max(
    left + 1e-9,
    xs.reduce((a, b) => Math.max(a, b)),
  );
  const top = niceCeiling(ys.reduce((a, b) => Math.max(a, b), 0));
  const atX = (x: number): number => LEFT + ((x - left) / (right - left)) * (WIDTH - LEFT - RIGHT);
  const atY = (y: number): number => HEIGHT - BOTTOM - (y / top) * (HEIGHT - TOP - BOTTOM);
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const y = atY(top * share).toFixed(1);
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${escapeMarkup(formatY(top * share))}</text>`;
  });
  const ticks = xTicks
    .filter(([x]) => x >= left && x <= right)
    .map(
      ([x, label]) =>
        `<text class="tick" x="${atX(x).toFixed(1)}" y="${HEIGHT - 8}" text-anchor="middle">${escapeMarkup(label)}</text>`,
    );
  const shades = marks
    .filter(([x]) => x >= left && x <= right)
    .map(
      ([x, meaning]) =>
        `<line class="mark" x1="${atX(x).toFixed(1)}" x2="${atX(x).toFixed(1)}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"><title>${escapeMarkup(meaning)}</title></line>`,
    );
  const drawn = lines.map(
    ({ name, tone, points }) =>
      `<path class="line ${tone}" d="${pathOf(thin(points), atX, atY)}"><title>${escapeMarkup(name)}</title></path>`,
  );
  const legend = lines.map(({ name, tone }) => `<span class="key ${tone}">${escapeMarkup(name)}</span>`).join("");
  return `<figure><figcaption>${escapeMarkup(title)} ${legend}</figcaption><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeMarkup(title)}">${[...grid, ...ticks, ...shades, ...drawn].join("")}</svg></figure>`;
}

/** A gap where there is no value; a lone value is a dot as long as the line is thick. */
function pathOf(points: ChartLine["points"], atX: (x: number) => number, atY: (y: number) => number): string {
  let path = "";
  let down = false;
  for (const [x, y] of points) {
    if (y !== null) path += `${down ? "L" : "M"}${atX(x).toFixed(1)} ${atY(y).toFixed(1)}${down ? "" : "h.1"}`;
    down = y !== null;
  }
  return path;
}

/** Keeps the highest of neighbours. */
function thin(points: ChartLine["points"]): ChartLine["points"] {
  const step = Math.ceil(points.length / MAX_POINTS);
  if (step <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / step) }, (_, i) =>
    points.slice(i * step, (i + 1) * step).reduce((a, b) => ((b[1] ?? -1) > (a[1] ?? -1) ? b : a)),
  );
}

/** The next of 1, 2, 4, 6, 8, 10, 20, …, whose quarters read well. */
function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 6, 8, 10].find((step) => step * power >= value) ?? 10) * power;
}
