import type { TargetedPointerEvent } from "preact";
import { useRef } from "preact/hooks";
import type { Grid, RangePlot } from "./range-plot.ts";

/** Where a drag began and where it is, CSS pixels from the plot's left edge. */
export interface Dragged {
  readonly from: number;
  readonly to: number;
}

/** A finger that rests so long means to choose a time and not to scroll, ms. */
const HOLD_MS = 350;
/** A pointer that moved less was a click, px. */
const SLOP = 5;

type Handler = (event: TargetedPointerEvent<HTMLElement>) => void;

/** What the plot's element listens with. */
interface PointerHandlers {
  readonly onPointerDown: Handler;
  readonly onPointerMove: Handler;
  readonly onPointerUp: Handler;
  readonly onPointerCancel: () => void;
  readonly onPointerLeave: () => void;
}

/** A drag chooses a time, a click pins the cursor; a finger chooses once it rested for a moment. */
export function usePointer(
  plot: { readonly current: RangePlot | null },
  grid: Grid,
  point: (index: number | null) => void,
  setDragged: (dragged: Dragged | null) => void,
  onRange: (fromAt: number, toAt: number) => void,
  onClick: () => void,
): PointerHandlers {
  const begun = useRef<{ readonly x: number; readonly touch: boolean; held: boolean; timer: number } | null>(null);
  const xOf = (event: TargetedPointerEvent<HTMLElement>): number =>
    event.clientX - event.currentTarget.getBoundingClientRect().left;
  const shareOf = (x: number): number => {
    const area = plot.current?.area ?? { left: 0, width: 1 };
    return Math.min(1, Math.max(0, (x - area.left) / Math.max(1, area.width)));
  };
  const end = () => {
    clearTimeout(begun.current?.timer);
    begun.current = null;
    setDragged(null);
  };
  return {
    onPointerDown(event) {
      if (event.button !== 0) return;
      const touch = event.pointerType === "touch";
      const target = event.currentTarget;
      const { pointerId } = event;
      const start = { x: xOf(event), touch, held: !touch, timer: 0 };
      if (touch)
        start.timer = setTimeout(() => {
          start.held = true;
          target.setPointerCapture(pointerId);
        }, HOLD_MS) as unknown as number;
      else target.setPointerCapture(pointerId);
      begun.current = start;
    },
    onPointerMove(event) {
      const x = xOf(event);
      const start = begun.current;
      if (start?.held === true && Math.abs(x - start.x) > SLOP) setDragged({ from: start.x, to: x });
      else if (start?.touch === true && !start.held && Math.abs(x - start.x) > SLOP) end();
      point(Math.min(grid.length - 1, Math.floor(shareOf(x) * grid.length)));
    },
    onPointerUp(event) {
      const start = begun.current;
      const x = xOf(event);
      end();
      if (start === null) return;
      if (!start.held || Math.abs(x - start.x) <= SLOP) return onClick();
      const [from, to] = [shareOf(Math.min(start.x, x)), shareOf(Math.max(start.x, x))];
      const fromAt = grid.fromAt + Math.floor(from * grid.length) * grid.stepMs;
      const toAt = grid.fromAt + Math.ceil(to * grid.length) * grid.stepMs;
      onRange(fromAt, Math.max(toAt, fromAt + grid.stepMs));
    },
    onPointerCancel: end,
    onPointerLeave() {
      if (begun.current === null) point(null);
    },
  };
}
