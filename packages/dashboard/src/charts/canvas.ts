/** A canvas made as large as its box and the device's pixels; drawing is in CSS pixels. */
export interface Surface {
  readonly ctx: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  /** One device pixel, in CSS pixels. */
  readonly hairline: number;
}

/** Clears a canvas for drawing; `null` while it has no size. */
export function openSurface(canvas: HTMLCanvasElement): Surface | null {
  const ratio = devicePixelRatio;
  const { clientWidth: width, clientHeight: height } = canvas;
  const ctx = canvas.getContext("2d");
  if (ctx === null || width === 0 || height === 0) return null;
  const wide = Math.round(width * ratio);
  const high = Math.round(height * ratio);
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
  }
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  ctx.clearRect(0, 0, width, height);
  return { ctx, width, height, hairline: 1 / ratio };
}

/** A line through points with a tint below; NaN breaks both. */
export function strokeArea(
  ctx: CanvasRenderingContext2D,
  points: { readonly length: number; readonly x: (index: number) => number; readonly y: (index: number) => number },
  style: {
    readonly stroke: string;
    readonly fill: string | CanvasGradient | null;
    readonly width: number;
    readonly floor: number;
  },
): void {
  ctx.lineWidth = style.width;
  ctx.lineJoin = "round";
  ctx.strokeStyle = style.stroke;
  let from = 0;
  while (from < points.length) {
    while (from < points.length && Number.isNaN(points.y(from))) from++;
    let to = from;
    while (to < points.length && !Number.isNaN(points.y(to))) to++;
    if (to > from) strokeRun(ctx, points, from, to, style);
    from = to;
  }
}

function strokeRun(
  ctx: CanvasRenderingContext2D,
  { x, y }: { readonly x: (index: number) => number; readonly y: (index: number) => number },
  from: number,
  to: number,
  style: { readonly fill: string | CanvasGradient | null; readonly floor: number },
): void {
  ctx.beginPath();
  ctx.moveTo(x(from), y(from));
  for (let i = from + 1; i < to; i++) ctx.lineTo(x(i), y(i));
  if (to - from === 1) ctx.lineTo(x(from) + 1, y(from));
  ctx.stroke();
  if (style.fill === null) return;
  ctx.lineTo(x(to - 1), style.floor);
  ctx.lineTo(x(from), style.floor);
  ctx.fillStyle = style.fill;
  ctx.fill();
}
