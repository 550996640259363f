import type { TargetedKeyboardEvent, TargetedPointerEvent, VNode } from "preact";
import { useRef } from "preact/hooks";
import { type LimitScale, roundTo } from "./limit-scale.ts";

/** A limit that can be moved. */
export interface Handle {
  /** Stable while it is moved: `warn.low`. */
  readonly id: string;
  /** `Warning`, `Critical`, `Recovery`. */
  readonly label: string;
  /** What stands on the line. */
  readonly short: string;
  readonly tone: "warn" | "crit" | "ok";
  readonly value: number;
}

interface LimitHandleProps {
  readonly handle: Handle;
  /** Where on the line its name stands, of the whole. */
  readonly slot: number;
  readonly scale: LimitScale;
  readonly format: (value: number) => string;
  /** What comes of where it is now, for people who can't see the chart. */
  readonly outcome: string;
  /** True while it is held; the chart keeps its scale meanwhile. */
  readonly onHold: (held: boolean) => void;
  readonly onMove: (value: number) => void;
}

/** So many steps with Page Up and Page Down, or with Shift. */
const STRIDE = 10;

/** A line across the chart that is dragged, or moved with the arrow keys. */
export function LimitHandle({ handle, slot, scale, format, outcome, onHold, onMove }: LimitHandleProps): VNode {
  const { label, short, tone, value } = handle;
  const slider = useRef<HTMLDivElement>(null);
  // From where it was taken hold of, so that it does not jump under the pointer.
  const held = useRef<{ readonly pointer: number; readonly offset: number } | null>(null);
  const kept = Math.min(scale.high, Math.max(scale.low, value));
  const beyond = kept === value ? "" : value > kept ? " ↑" : " ↓";
  const move = (wanted: number) => onMove(Math.min(scale.high, Math.max(Math.min(0, scale.low), wanted)));

  function onPointerDown(event: TargetedPointerEvent<HTMLElement>): void {
    if (event.button !== 0) return;
    event.preventDefault();
    slider.current?.focus();
    event.currentTarget.setPointerCapture(event.pointerId);
    held.current = { pointer: event.pointerId, offset: event.clientY - scale.yOf(kept) };
    onHold(true);
  }

  function onPointerMove(event: TargetedPointerEvent<HTMLElement>): void {
    if (held.current?.pointer !== event.pointerId) return;
    const wanted = scale.valueAt(event.clientY - held.current.offset);
    if (wanted !== value) move(wanted);
  }

  function letGo(): void {
    if (held.current === null) return;
    held.current = null;
    onHold(false);
  }

  function onKeyDown(event: TargetedKeyboardEvent<HTMLDivElement>): void {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const stride = event.shiftKey ? STRIDE : 1;
    const target = {
      ArrowUp: value + stride * scale.step,
      ArrowRight: value + stride * scale.step,
      ArrowDown: value - stride * scale.step,
      ArrowLeft: value - stride * scale.step,
      PageUp: value + STRIDE * scale.step,
      PageDown: value - STRIDE * scale.step,
      Home: scale.low,
      End: scale.high,
    }[event.key];
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    // Keys may go further than the picture: it follows.
    onMove(roundTo(target, scale.step));
  }

  const dragged = { onPointerDown, onPointerMove, onPointerUp: letGo, onPointerCancel: letGo };
  const place = { transform: `translateY(${scale.yOf(kept)}px)` };
  return (
    <>
      <i class="limit-line" data-tone={tone} style={place} {...dragged} />
      <div
        ref={slider}
        class="limit-handle"
        role="slider"
        tabIndex={0}
        data-tone={tone}
        aria-label={`${label} limit`}
        aria-orientation="vertical"
        aria-valuemin={Math.min(scale.low, value)}
        aria-valuemax={Math.max(scale.high, value)}
        aria-valuenow={value}
        aria-valuetext={`${format(value)}${outcome === "" ? "" : `, ${outcome}`}`}
        style={{ ...place, "--slot": slot }}
        {...dragged}
        onKeyDown={onKeyDown}
      >
        {short} {format(value)}
        {beyond}
      </div>
    </>
  );
}
