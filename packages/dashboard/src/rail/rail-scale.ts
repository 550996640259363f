import { LIVE_HISTORY_MS } from "@wsight/protocol";
import type { TimeRange } from "../state/index.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** How much the wheel can bring onto the rail, ms. */
const ZOOM: { readonly least: number; readonly most: number } = { least: HOUR_MS, most: 30 * DAY_MS };
/** Lengths the rail takes by itself. */
const STEPS_MS = [
  LIVE_HISTORY_MS,
  HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  3 * DAY_MS,
  7 * DAY_MS,
  30 * DAY_MS,
];
/** What it shows of a long history. */
const USUAL_MS = DAY_MS;
/** One notch of a wheel, `deltaY`. */
const NOTCH = 100;
const PER_NOTCH = 1.25;

/** What part of a rail a point is on. */
export type Grip = "from" | "to" | "window" | "rail";

/** A stretch of time on a strip of pixels; its right end is now. */
export class RailScale {
  readonly toAt: number;
  readonly spanMs: number;
  readonly width: number;

  constructor(toAt: number, spanMs: number, width: number) {
    this.toAt = toAt;
    this.spanMs = spanMs;
    this.width = width;
  }

  get fromAt(): number {
    return this.toAt - this.spanMs;
  }

  /** Milliseconds of a pixel. */
  get perPx(): number {
    return this.spanMs / Math.max(1, this.width);
  }

  xOf(at: number): number {
    return this.width * (1 - (this.toAt - at) / this.spanMs);
  }

  atOf(x: number): number {
    return this.toAt - (1 - x / Math.max(1, this.width)) * this.spanMs;
  }
}

/**
 * How much time the rail shows by itself: a day; less while no more is known,
 * so that it is never empty; more when what is looked at is further back.
 * @param oldestAt of what is known; `null` while it is not known that there is anything older than what is live
 */
export function fittingSpan(now: number, oldestAt: number | null, range: TimeRange | null): number {
  const knownMs = oldestAt === null ? 0 : now - oldestAt;
  const wanted = STEPS_MS.find((step) => step >= knownMs) ?? USUAL_MS;
  const rangeMs = range === null ? 0 : (now - range.fromAt) * 1.02;
  const least = STEPS_MS.find((step) => step >= rangeMs) ?? rangeMs;
  return Math.max(Math.min(wanted, USUAL_MS), least);
}

/** The span after a turn of the wheel; away from the person is closer. */
export function zoomed(spanMs: number, deltaY: number): number {
  const next = spanMs * PER_NOTCH ** (deltaY / NOTCH);
  return Math.round(Math.min(ZOOM.most, Math.max(ZOOM.least, next)));
}

/** How near to an edge is on it, px. */
const EDGE_PX = 10;
/** A window narrower than this is as easy to take as one as wide, px. */
const TAKEN_PX = 8;

/** What is under a point of the rail. */
export function gripAt(x: number, scale: RailScale, shown: TimeRange): Grip {
  const [left, right] = [scale.xOf(shown.fromAt), scale.xOf(shown.toAt)];
  const slack = Math.max(0, TAKEN_PX - (right - left)) / 2;
  const inner = right - left > 4 * EDGE_PX ? EDGE_PX : slack > 0 ? -slack : Math.min(EDGE_PX, (right - left) / 4);
  if (x >= left - slack - EDGE_PX && x < left + inner) return "from";
  if (x > right - inner && x <= right + slack + EDGE_PX) return "to";
  return x >= left - slack && x <= right + slack ? "window" : "rail";
}

/**
 * What is shown after a grip was dragged by so many ms, kept on the rail.
 * `from` and `to` keep the other edge, and a shortest length.
 */
export function dragged(grip: Grip, start: TimeRange, byMs: number, scale: RailScale, shortestMs: number): TimeRange {
  const earliest = Math.min(0, scale.fromAt - start.fromAt);
  const latest = Math.max(0, scale.toAt - start.toAt);
  if (grip === "from")
    return { fromAt: Math.min(start.fromAt + Math.max(byMs, earliest), start.toAt - shortestMs), toAt: start.toAt };
  if (grip === "to")
    return { fromAt: start.fromAt, toAt: Math.max(start.toAt + Math.min(byMs, latest), start.fromAt + shortestMs) };
  const by = Math.min(latest, Math.max(earliest, byMs));
  return { fromAt: start.fromAt + by, toAt: start.toAt + by };
}

/** A window around an instant, as long as `lengthMs` and kept on the rail. */
export function around(at: number, lengthMs: number, scale: RailScale): TimeRange {
  const toAt = Math.min(scale.toAt, Math.max(scale.fromAt + lengthMs, at + lengthMs / 2));
  return { fromAt: toAt - lengthMs, toAt };
}

/** How long a window is that somebody opens by pointing at the rail: the one there is, or what can be seen on it. */
export function pointedLength(shown: TimeRange, scale: RailScale): number {
  return Math.max(shown.toAt - shown.fromAt, Math.min(scale.spanMs / 48, DAY_MS));
}

/** Where a key takes the window. */
export type Step = { readonly to: "live" | "oldest" } | { readonly byMs: number };

/** What a key on the rail does; `null` for other keys. @param lengthMs of the window */
export function stepOf(key: string, lengthMs: number): Step | null {
  const steps: Readonly<Record<string, Step>> = {
    ArrowLeft: { byMs: -lengthMs },
    ArrowDown: { byMs: -lengthMs },
    ArrowRight: { byMs: lengthMs },
    ArrowUp: { byMs: lengthMs },
    PageUp: { byMs: HOUR_MS },
    PageDown: { byMs: -HOUR_MS },
    Home: { to: "oldest" },
    End: { to: "live" },
  };
  return steps[key] ?? null;
}
