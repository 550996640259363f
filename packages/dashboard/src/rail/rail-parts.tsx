import type { ReadonlySignal } from "@preact/signals";
import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { describeRange } from "../components/past-banner.tsx";
import { stepTime } from "../format/clock.ts";
import { count, join } from "../format/quantity.ts";
import type { TimeRange } from "../state/index.ts";
import type { RailPoints } from "./rail-data.ts";
import { AROUND_MARK_MS, type Mark, type MarkShape } from "./rail-marks.ts";
import type { RailScale } from "./rail-scale.ts";

/** What the parts of the strip share. */
export interface Strip {
  readonly scale: ReadonlySignal<RailScale>;
  readonly shown: ReadonlySignal<TimeRange>;
  readonly marks: ReadonlySignal<readonly Mark[]>;
  readonly points: ReadonlySignal<RailPoints>;
  /** Where the pointer rests, px from the left; `null` when it does not. */
  readonly hover: ReadonlySignal<number | null>;
}

const SHAPES: Readonly<Record<MarkShape, string>> = {
  diamond: "M6 1 11 6 6 11 1 6z",
  ring: "M6 1.5 10.5 6 6 10.5 1.5 6zM6 4 4 6 6 8 8 6z",
  flag: "M2 1h8v6H3.5v4H2z",
  triangle: "M6 1 11.5 11h-11z",
  disc: "M6 1a5 5 0 1 0 0 10A5 5 0 1 0 6 1z",
};

/** What happened, each a button that leads there. */
export function Marks({ strip }: { readonly strip: Strip }): VNode {
  const { time, clock } = useApp();
  return (
    <>
      {strip.marks.value.map(({ at, shape, label }) => {
        const text = `${label}, ${clock.value.day(at)} ${clock.value.time(at)}`;
        return (
          <button
            key={`${at} ${shape}`}
            type="button"
            class="rail-mark"
            data-shape={shape}
            tabIndex={-1}
            title={text}
            aria-label={`${text}. Look at it`}
            style={{ left: `${strip.scale.value.xOf(at)}px` }}
            onPointerDown={(event) => event.stopPropagation()}
            onDblClick={(event) => event.stopPropagation()}
            onClick={() => time.lookAt({ fromAt: at - AROUND_MARK_MS, toAt: at + AROUND_MARK_MS })}
          >
            <svg viewBox="0 0 12 12" aria-hidden="true">
              <path d={SHAPES[shape]} fill-rule="evenodd" />
            </svg>
          </button>
        );
      })}
    </>
  );
}

/** The time that charts point at. */
export function RailCursor({ strip }: { readonly strip: Strip }): VNode | null {
  const at = useApp().cursor.at.value;
  if (at === null) return null;
  const { toAt, fromAt } = strip.scale.value;
  return at < fromAt || at > toAt ? null : <i class="rail-cursor" style={{ left: `${strip.scale.value.xOf(at)}px` }} />;
}

/** Time and connections under the pointer. */
export function HoverTip({ strip }: { readonly strip: Strip }): VNode | null {
  const { clock } = useApp();
  const x = strip.hover.value;
  const scale = strip.scale.value;
  if (x === null || x < 0 || x > scale.width) return null;
  const at = scale.atOf(x);
  const value = nearest(strip.points.value, at, Math.max(scale.perPx * 4, 1000));
  return (
    <Tip x={x} scale={scale}>
      {stepTime(clock.value, at, scale.spanMs, scale.perPx)} · <b>{join(count(value))}</b>
    </Tip>
  );
}

/** The time that is being dragged to. */
export function DragTip({ range, strip }: { readonly range: TimeRange; readonly strip: Strip }): VNode {
  const { clock } = useApp();
  const scale = strip.scale.value;
  return (
    <Tip x={(scale.xOf(range.fromAt) + scale.xOf(range.toAt)) / 2} scale={scale}>
      <b>{describeRange(clock.value, range)}</b>
    </Tip>
  );
}

interface TipProps {
  readonly x: number;
  readonly scale: RailScale;
  readonly children: VNode["props"]["children"];
}

/** Above the rail, and never out of the window. */
function Tip({ x, scale, children }: TipProps): VNode {
  const share = Math.min(1, Math.max(0, x / scale.width));
  return (
    <span class="rail-tip" style={{ left: `${x}px`, transform: `translateX(${-100 * share}%)` }}>
      {children}
    </span>
  );
}

function nearest({ at, value }: RailPoints, wanted: number, withinMs: number): number | null {
  let best: number | null = null;
  let distance = Math.max(withinMs, medianStep(at));
  at.forEach((each, index) => {
    const known = value[index] ?? Number.NaN;
    if (known !== known || Math.abs(each - wanted) > distance) return;
    distance = Math.abs(each - wanted);
    best = known;
  });
  return best;
}

/** Of the older points, which are the furthest apart. */
function medianStep(at: readonly number[]): number {
  return (at[1] ?? 0) - (at[0] ?? 0);
}
