import type { Palette } from "./palette.ts";

const PAD = 20;
const HEAD = 44;
/** How its values came about, below the title. */
const NOTE_TOP = 23;
const ROW = 20;
const FONT = '"Geist Variable", system-ui, sans-serif';

interface Key {
  readonly label: string;
  readonly color: string;
}

/**
 * A chart of a card as one picture: title, canvases and the names of the
 * lines, at the resolution of the screen. `null` while nothing is drawn.
 */
export function drawPicture(card: HTMLElement, title: string, palette: Palette): HTMLCanvasElement | null {
  const sources = [...card.querySelectorAll("canvas")].filter(({ width, height }) => width > 0 && height > 0);
  const [first] = sources;
  if (first === undefined || first.clientWidth === 0) return null;
  const ratio = first.width / first.clientWidth;
  const width = Math.max(...sources.map(({ clientWidth }) => clientWidth)) + 2 * PAD;
  const picture = document.createElement("canvas");
  const ctx = picture.getContext("2d");
  if (ctx === null) return null;
  const keys = keysOf(card);
  ctx.font = `12px ${FONT}`;
  const rows = arrange(ctx, keys, width - 2 * PAD);
  const drawn = sources.reduce((sum, { clientHeight }) => sum + clientHeight, 0);
  const height = PAD + HEAD + drawn + rows.length * ROW + PAD;
  picture.width = Math.round(width * ratio);
  picture.height = Math.round(height * ratio);
  ctx.scale(ratio, ratio);
  ctx.fillStyle = palette.surface;
  ctx.fillRect(0, 0, width, height);
  ctx.fillStyle = palette.text;
  ctx.font = `600 15px ${FONT}`;
  ctx.textBaseline = "top";
  ctx.fillText(title, PAD, PAD);
  ctx.fillStyle = palette["text-3"];
  ctx.font = `11px ${FONT}`;
  ctx.fillText(card.querySelector(".range-note")?.textContent ?? "", PAD, PAD + NOTE_TOP);
  let top = PAD + HEAD;
  for (const source of sources) {
    ctx.drawImage(source, PAD, top, source.clientWidth, source.clientHeight);
    top += source.clientHeight;
  }
  drawKeys(ctx, rows, top + 8, palette);
  return picture;
}

/** Names of the lines as the card writes them: in its legend, or in the table below it. */
function keysOf(card: HTMLElement): readonly Key[] {
  return [...card.querySelectorAll<HTMLElement>(".legend li, .line-table tbody th")].flatMap((item) => {
    const swatch = item.querySelector("i");
    const label = [...item.childNodes]
      .filter((node) => node.nodeType === Node.TEXT_NODE)
      .map((node) => node.textContent ?? "")
      .join("")
      .trim();
    return swatch === null || label === "" ? [] : [{ label, color: colorOf(swatch) }];
  });
}

/** A key is a filled box, or a line drawn as a border. */
function colorOf(swatch: Element): string {
  const { backgroundColor, borderTopColor, borderTopWidth } = getComputedStyle(swatch);
  return borderTopWidth === "0px" ? backgroundColor : borderTopColor;
}

function arrange(ctx: CanvasRenderingContext2D, keys: readonly Key[], width: number): readonly (readonly Key[])[] {
  const rows: Key[][] = [];
  let used = Number.POSITIVE_INFINITY;
  for (const key of keys) {
    const wide = ctx.measureText(key.label).width + 36;
    if (used + wide > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1)?.push(key);
    used += wide;
  }
  return rows;
}

function drawKeys(
  ctx: CanvasRenderingContext2D,
  rows: readonly (readonly Key[])[],
  from: number,
  palette: Palette,
): void {
  ctx.font = `12px ${FONT}`;
  ctx.textBaseline = "middle";
  rows.forEach((keys, row) => {
    let left = PAD;
    const middle = from + row * ROW + ROW / 2;
    for (const { label, color } of keys) {
      ctx.fillStyle = color;
      ctx.fillRect(left, middle - 1.5, 14, 3);
      ctx.fillStyle = palette.text;
      ctx.fillText(label, left + 20, middle);
      left += ctx.measureText(label).width + 36;
    }
  });
}
