import { useSignalEffect } from "@preact/signals";
import type { HealthSlot } from "@wsight/protocol";
import type { TargetedKeyboardEvent, VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { openSurface } from "../../charts/canvas.ts";
import type { Palette } from "../../charts/palette.ts";
import type { Clock } from "../../format/clock.ts";
import { join, share, span } from "../../format/quantity.ts";
import type { TimeRange } from "../../state/index.ts";
import { barsOf, type HealthBar, healthyShare, nextTrouble } from "./health-strip.ts";
import { HEALTH_LOOKS } from "./verdict.ts";
import "../../style/health.css";

interface StripProps {
  readonly slots: readonly HealthSlot[];
  readonly fromAt: number;
  readonly toAt: number;
  /** What the ends are called; else their times. */
  readonly ends?: readonly [from: string, to: string];
  /** The time that the page looks at, when it is a part of this. */
  readonly shown?: TimeRange;
}

const BARS = 96;
/** A bar is looked at with so much time before and after it, ms. */
const AROUND_MS = 300_000;
const STRIDE = 4;

/** Health over a day, a bar for each quarter of an hour: height, shape and colour say the worst of it; leads to each. */
export function Strip({ slots, fromAt, toAt, ends, shown }: StripProps): VNode {
  const { palette, clock, time } = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  const bars = useMemo(() => barsOf({ slots }, fromAt, toAt, BARS), [slots, fromAt, toAt]);
  const [place, setPlace] = useState<number | null>(null);
  const [width, setWidth] = useState(0);
  const draw = () => {
    if (canvas.current !== null) drawStrip(canvas.current, bars, palette.value, place, shown);
  };
  useSignalEffect(draw);
  useEffect(draw, [bars, place, width, shown?.fromAt, shown?.toAt]);
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return undefined;
    const sizes = new ResizeObserver(() => setWidth(element.clientWidth));
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  const at = bars[place ?? BARS - 1];
  const open = (bar: HealthBar | undefined) => {
    if (bar !== undefined) time.lookAt({ fromAt: bar.fromAt - AROUND_MS, toAt: bar.toAt + AROUND_MS });
  };
  const placeOf = (clientX: number): number => {
    const { left = 0, width: wide = 1 } = canvas.current?.getBoundingClientRect() ?? {};
    return Math.min(BARS - 1, Math.max(0, Math.floor(((clientX - left) / wide) * BARS)));
  };
  const healthy = healthyShare(slots);
  return (
    <>
      <div
        class="strip"
        role="slider"
        tabIndex={0}
        aria-label="Health of the last day"
        aria-orientation="horizontal"
        aria-valuemin={0}
        aria-valuemax={BARS - 1}
        aria-valuenow={place ?? BARS - 1}
        aria-valuetext={at === undefined ? "" : `${barWords(at, clock.value)}. Enter looks at it`}
        onPointerMove={(event) => setPlace(placeOf(event.clientX))}
        onPointerLeave={() => setPlace(null)}
        onBlur={() => setPlace(null)}
        onClick={(event) => open(bars[placeOf(event.clientX)])}
        onKeyDown={(event) => onKey(event, bars, place ?? BARS, setPlace, open)}
      >
        <canvas ref={canvas} />
        {place === null || at === undefined ? null : (
          <span class="strip-tip" style={tipPlace(place)}>
            {barWords(at, clock.value)}
          </span>
        )}
      </div>
      <p>
        <span>{ends?.[0] ?? timeWords(fromAt, clock.value)}</span>
        <span>{healthy === null ? "not known yet" : `${join(share(healthy))} of the known time healthy`}</span>
        <span>{ends?.[1] ?? timeWords(toAt, clock.value)}</span>
      </p>
    </>
  );
}

function onKey(
  event: TargetedKeyboardEvent<HTMLElement>,
  bars: readonly HealthBar[],
  place: number,
  setPlace: (place: number | null) => void,
  open: (bar: HealthBar | undefined) => void,
): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter") open(bars[Math.min(place, BARS - 1)]);
  else if (event.key === "Escape") setPlace(null);
  else {
    const stride = event.shiftKey ? STRIDE : 1;
    const target = {
      ArrowLeft: place - stride,
      ArrowDown: place - stride,
      ArrowRight: place + stride,
      ArrowUp: place + stride,
      Home: 0,
      End: BARS - 1,
      PageUp: nextTrouble(bars, place, -1) ?? place,
      PageDown: nextTrouble(bars, place, 1) ?? place,
    }[event.key];
    if (target === undefined) return;
    setPlace(Math.min(BARS - 1, Math.max(0, target)));
  }
  event.preventDefault();
  event.stopPropagation();
}

/** `14:15 to 14:30: degraded for 3 min, Event loop on ws-3 184 ms` */
function barWords({ fromAt, toAt, state, degradedMs, unhealthyMs, reason }: HealthBar, clock: Clock): string {
  const when = `${clock.minute(fromAt)} to ${clock.minute(toAt)}`;
  if (state === "unknown") return `${when}: not known`;
  if (state === "healthy") return `${when}: healthy`;
  const lasted = span(state === "unhealthy" ? unhealthyMs : degradedMs);
  return `${when}: ${HEALTH_LOOKS[state][0].toLowerCase()} for ${lasted}${reason === "" ? "" : `, ${reason}`}`;
}

function timeWords(at: number, clock: Clock): string {
  return `${clock.day(at)} ${clock.minute(at)}`;
}

/** Beside the bar, and never beyond the strip. */
function tipPlace(place: number): { [name: string]: string } {
  const part = (place + 0.5) / BARS;
  return { left: `${100 * part}%`, transform: `translateX(${-100 * part}%)` };
}

/** How tall and of which colour. */
const LOOKS = {
  unknown: ["hatch", 0.3, 1],
  healthy: ["ok-fill", 0.6, 0.62],
  degraded: ["warn-fill", 0.82, 1],
  unhealthy: ["crit-fill", 1, 1],
} as const;

function drawStrip(
  canvas: HTMLCanvasElement,
  bars: readonly HealthBar[],
  palette: Palette,
  place: number | null,
  shown: TimeRange | undefined,
): void {
  const surface = openSurface(canvas);
  const [first, last] = [bars[0], bars.at(-1)];
  if (surface === null || first === undefined || last === undefined) return;
  const { ctx, width, height } = surface;
  const step = width / bars.length;
  bars.forEach(({ state }, index) => {
    const [color, tall, alpha] = LOOKS[state];
    ctx.globalAlpha = index === place ? 1 : alpha;
    ctx.fillStyle = index === place && state === "healthy" ? palette.accent : palette[color];
    ctx.beginPath();
    ctx.roundRect(index * step + 0.5, height * (1 - tall), Math.max(1.5, step - 1.5), height * tall, 1);
    ctx.fill();
  });
  ctx.globalAlpha = 1;
  if (shown === undefined) return;
  const xOf = (at: number): number => ((at - first.fromAt) / (last.toAt - first.fromAt)) * width;
  ctx.strokeStyle = palette.text;
  ctx.lineWidth = 1.5;
  const left = Math.max(1, xOf(shown.fromAt));
  ctx.strokeRect(left, 1, Math.max(3, Math.min(width - 1, xOf(shown.toAt)) - left), height - 2);
}
