import type { App } from "../app-context.ts";
import { SHORTEST_MS } from "../past-control.ts";
import type { TimeRange } from "../state/index.ts";
import { around, dragged, type Grip, gripAt, pointedLength, type RailScale } from "./rail-scale.ts";

/** A pointer that moved no more than this has not dragged, px. */
const SLACK_PX = 3;
/** The page is told where a drag is this often, ms: an answer of history fits in between. */
const TELL_MS = 160;

/** A window that is being dragged. */
export interface Drag {
  readonly grip: Exclude<Grip, "rail">;
  /** Where the pointer took it, px, and what was shown then. */
  readonly fromX: number;
  readonly start: TimeRange;
  /** What is shown now. */
  readonly range: TimeRange;
  readonly moved: boolean;
  /** Whether the page was told, and when. */
  readonly told: boolean;
  readonly toldAt: number;
}

/** Takes what is under a point: an edge, the window, or, elsewhere, the window brought there. */
export function startDrag(x: number, scale: RailScale, shown: TimeRange): Drag {
  const grip = gripAt(x, scale, shown);
  const brought = grip === "rail";
  const start = brought ? around(scale.atOf(x), pointedLength(shown, scale), scale) : shown;
  return {
    grip: brought ? "window" : grip,
    fromX: x,
    start,
    range: start,
    moved: brought,
    told: false,
    toldAt: performance.now(),
  };
}

/** Follows the pointer, and tells the page now and then. */
export function moveDrag(app: App, drag: Drag, x: number, scale: RailScale): Drag {
  if (!drag.moved && Math.abs(x - drag.fromX) < SLACK_PX) return drag;
  const byMs = (x - drag.fromX) * scale.perPx;
  const range = dragged(drag.grip, drag.start, byMs, scale, SHORTEST_MS);
  const now = performance.now();
  const due = now - drag.toldAt >= TELL_MS;
  if (due) app.time.lookAt(range, drag.told);
  return { ...drag, range, moved: true, told: drag.told || due, toldAt: due ? now : drag.toldAt };
}
