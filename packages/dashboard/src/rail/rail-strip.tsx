import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import type { HistoryEvent } from "@wsight/protocol";
import type { TargetedKeyboardEvent, VNode } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { type App, useApp } from "../app-context.ts";
import { describeRange } from "../components/past-banner.tsx";
import { browserClock } from "../connection/environment.ts";
import { count, join, span } from "../format/quantity.ts";
import { createHistoryApi } from "../pages/history/history-api.ts";
import { RAIL_SELECTOR } from "../rail-selector.ts";
import type { TimeRange } from "../state/index.ts";
import { joinCurve, RailData } from "./rail-data.ts";
import { type Drag, moveDrag, startDrag } from "./rail-drag.ts";
import { drawRail } from "./rail-draw.ts";
import { marksOf } from "./rail-marks.ts";
import { DragTip, HoverTip, Marks, RailCursor, type Strip } from "./rail-parts.tsx";
import { fittingSpan, gripAt, RailScale, stepOf, zoomed } from "./rail-scale.ts";
import { registerTimeKeys, stepBy } from "./time-keys.ts";

/** Two tellings of one start differ by no more than this, ms. */
const SAME_MS = 5_000;
const DAY_MS = 86_400_000;
const LIVE_MS = 900_000;
/** However narrow the window is, what takes the focus is as wide, px. */
const TARGET_PX = 24;

/** All the time there is, and the window that the page looks through: drag it, point at it, turn the wheel. */
export function RailStrip(): VNode {
  const app = useApp();
  const { live, route, time } = app;
  const host = useRef<HTMLDivElement>(null);
  const data = useMemo(createData(app), [app]);
  const width = useSignal(1);
  const chosenMs = useSignal<number | null>(null);
  const drag = useSignal<Drag | null>(null);
  const hover = useSignal<number | null>(null);

  const scale = useComputed(() => {
    const now = live.now.value;
    const range = drag.value?.range ?? route.range.value;
    const fitting = fittingSpan(now, time.kept.value === true ? data.oldestAt.value : null, range);
    const spanMs =
      time.kept.value === true ? Math.max(chosenMs.value ?? fitting, range === null ? 0 : fitting) : LIVE_MS;
    // It moves on when there is something to be seen of that.
    const quantum = Math.max(1000, Math.floor(spanMs / width.value / 2));
    return { toAt: Math.floor(now / quantum) * quantum, spanMs, width: width.value };
  });
  const key = useComputed(() => `${scale.value.toAt} ${scale.value.spanMs} ${scale.value.width}`);
  const steady = useComputed(() => {
    const [toAt = 0, spanMs = 1, wide = 1] = key.value.split(" ").map(Number);
    return new RailScale(toAt, spanMs, wide);
  });
  const shown = useComputed(() => drag.value?.range ?? route.range.value ?? liveWindow(app, steady.value.toAt));
  const begun = useComputed(() => {
    live.tick.value;
    return app.live.series(RAIL_SELECTOR, "now").latest() !== null;
  });
  const points = useComputed(() => {
    begun.value;
    const { toAt, perPx } = steady.value;
    return joinCurve(data.curve.value, live.series(RAIL_SELECTOR, "now").read(toAt - LIVE_MS, toAt), perPx);
  });
  const marks = useComputed(() => marksOf([...data.events.value, ...beside(app, data.events.value)], steady.value));
  const strip: Strip = { scale: steady, shown, marks, points, hover };

  useSignalEffect(() => {
    const signedIn = live.status.value.state !== "signed-out";
    if (time.kept.value !== true || !signedIn) return;
    data.follow(data.answered.value ? Math.max(LIVE_MS, steady.value.spanMs) : DAY_MS, live.node.value);
  });
  useEffect(() => () => data.close(), [data]);
  useEffect(() => registerTimeKeys(app, { shown: () => shown.peek(), marks: () => marks.peek() }), [app]);
  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const sizes = new ResizeObserver(() => {
      width.value = Math.max(1, element.clientWidth);
    });
    sizes.observe(element);
    const turn = (event: WheelEvent) => {
      if (time.kept.peek() !== true || event.deltaY === 0) return;
      event.preventDefault();
      chosenMs.value = zoomed(steady.peek().spanMs, event.deltaY * (event.deltaMode === 1 ? 33 : 1));
    };
    element.addEventListener("wheel", turn, { passive: false });
    return () => {
      sizes.disconnect();
      element.removeEventListener("wheel", turn);
    };
  }, []);

  const xIn = (clientX: number) => clientX - (host.current?.getBoundingClientRect().left ?? 0);
  const { label } = app.railMarks.value ?? { label: "" };
  const marked = marks.value.map((mark) => mark.label).join(", ");
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms
    <div
      ref={host}
      class="rail-strip"
      role="group"
      aria-label={`${stripLabel(app, steady.value.spanMs)}${label}${marked === "" ? "" : `, ${marked}`}`}
      data-kept={time.kept.value === true ? "" : undefined}
      data-grip={
        drag.value?.grip ?? (hover.value === null ? undefined : gripAt(hover.value, steady.value, shown.value))
      }
      onPointerDown={(event) => {
        if (event.button !== 0 || time.kept.peek() !== true) return;
        // The mouse keeps the focus where it is, and selects no text.
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        drag.value = startDrag(xIn(event.clientX), steady.peek(), shown.peek());
      }}
      onPointerMove={(event) => {
        const x = xIn(event.clientX);
        hover.value = x;
        const held = drag.peek();
        if (held === null) return pointCharts(app, strip, x);
        drag.value = moveDrag(app, held, x, steady.peek());
      }}
      onPointerUp={() => {
        const held = drag.peek();
        drag.value = null;
        if (held !== null) endDrag(app, held, steady.peek());
      }}
      onPointerCancel={() => {
        drag.value = null;
      }}
      onPointerLeave={() => {
        hover.value = null;
        leaveCharts(app);
      }}
      onDblClick={() => time.goLive()}
    >
      <Curve strip={strip} />
      {time.kept.value === false ? <small class="rail-note">Last 15 minutes. This hub keeps no history.</small> : null}
      <Window strip={strip} oldestAt={() => data.oldestAt.peek()} />
      <Marks strip={strip} />
      <RailCursor strip={strip} />
      {drag.value === null ? <HoverTip strip={strip} /> : <DragTip range={drag.value.range} strip={strip} />}
    </div>
  );
}

function createData(app: App): () => RailData {
  return () =>
    new RailData({
      api: createHistoryApi(new URL(document.baseURI), (input, init) => fetch(input, init)),
      clock: browserClock(),
      now: () => Math.floor(app.live.now.peek() / 1000) * 1000,
    });
}

/** Lets go: at the right end of the rail it is live again. */
function endDrag(app: App, held: Drag, scale: RailScale): void {
  if (!held.moved && held.grip === "window") return;
  const atEnd = held.grip === "window" && held.moved && scale.xOf(held.range.toAt) > scale.width - 4;
  if (atEnd) app.time.goLive();
  else app.time.lookAt(held.range, held.told);
}

function liveWindow({ live }: App, toAt: number): TimeRange {
  return { fromAt: toAt - live.windowMs.value, toAt };
}

/** What the live tables tell and history does not know yet. */
function beside(app: App, events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return [...startsBeside(app, events), ...alertsBeside(app, events)];
}

/** Alerts that fired since history was asked. */
function alertsBeside({ live }: App, events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const chosen = live.node.value;
  const known = new Set(events.flatMap(({ kind, subject, at }) => (kind === "alert.fired" ? [subject, at] : [])));
  return (live.table("alerts").value?.rows ?? []).flatMap(({ firedAt, episodeId, severity, labels, name }) => {
    if (firedAt === null || known.has(firedAt) || known.has(episodeId ?? "")) return [];
    if (chosen !== null && labels.node !== chosen) return [];
    return [
      { at: firedAt, kind: "alert.fired", node: labels.node ?? "", subject: "", text: name, attributes: { severity } },
    ];
  });
}

/** Processes that began, as far as the live table tells and history does not know yet. */
function startsBeside({ live }: App, events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  const known = (node: string, at: number): boolean =>
    events.some((event) => event.kind === "node.started" && event.node === node && Math.abs(event.at - at) < SAME_MS);
  return (live.table("nodes").value ?? [])
    .filter(({ node, startedAt }) => !known(node, startedAt))
    .map(({ startedAt, node }) => ({
      at: startedAt,
      kind: "node.started",
      node,
      subject: "",
      text: "",
      attributes: {},
    }));
}

function stripLabel({ live }: App, spanMs: number): string {
  const connections = live.series(RAIL_SELECTOR, "now").latest();
  const length = spanMs === LIVE_MS ? "15 minutes" : span(spanMs);
  return `Connections of the last ${length}, now ${join(count(connections))}`;
}

function Curve({ strip }: { readonly strip: Strip }): VNode {
  const app = useApp();
  const canvas = useRef<HTMLCanvasElement>(null);
  useSignalEffect(() => {
    app.palette.value;
    app.clock.value;
    app.railMarks.value;
    const [points, scale] = [strip.points.value, strip.scale.value];
    if (canvas.current !== null) drawRail(app, canvas.current, points, scale);
  });
  return <canvas ref={canvas} />;
}

/** The window that the page looks through. */
function Window({ strip, oldestAt }: { readonly strip: Strip; readonly oldestAt: () => number | null }): VNode {
  const app = useApp();
  const { live, route, clock } = app;
  const scale = strip.scale.value;
  const range = strip.shown.value;
  const away = range !== null && route.range.value !== null;
  const left = Math.max(0, scale.xOf(range.fromAt));
  const wide = Math.max(2, Math.min(scale.width, scale.xOf(range.toAt)) - left);
  const words = away
    ? `${describeRange(clock.value, range)}, ${span(Math.max(0, scale.toAt - range.toAt))} ago`
    : `Live, last ${span(range.toAt - range.fromAt)}`;
  return (
    <div
      class="rail-window"
      role="slider"
      tabIndex={0}
      aria-label="Time shown"
      aria-orientation="horizontal"
      aria-valuemin={Math.round(-scale.spanMs / 1000)}
      aria-valuemax={0}
      aria-valuenow={Math.round((Math.max(scale.fromAt, range.toAt) - scale.toAt) / 1000)}
      aria-valuetext={words}
      data-away={away ? "" : undefined}
      data-live={!away && live.status.value.state === "live" && !live.paused.value ? "" : undefined}
      style={{ left: `${left + wide / 2}px`, width: `${Math.max(TARGET_PX, wide)}px`, "--wide": `${wide}px` }}
      onKeyDown={(event) => onKey(event, app, range, oldestAt() ?? scale.fromAt)}
    >
      <span>
        <i />
        <i />
      </span>
    </div>
  );
}

function onKey(event: TargetedKeyboardEvent<HTMLElement>, app: App, range: TimeRange, oldestAt: number): void {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const lengthMs = range.toAt - range.fromAt;
  const step = stepOf(event.key, lengthMs);
  if (step === null) return;
  event.preventDefault();
  if ("byMs" in step) stepBy(app, range, step.byMs);
  else if (step.to === "live") app.time.goLive();
  else app.time.lookAt({ fromAt: oldestAt, toAt: oldestAt + lengthMs });
}

/** Pointing at the part that charts show moves their cursor along. */
function pointCharts({ cursor }: App, { scale, shown }: Strip, x: number): void {
  if (cursor.pinned.peek()) return;
  const at = scale.peek().atOf(x);
  const inside = at >= shown.peek().fromAt && at <= shown.peek().toAt;
  cursor.owner.value = inside ? RAIL : null;
  cursor.at.value = inside ? Math.round(at / 1000) * 1000 : null;
}

function leaveCharts({ cursor }: App): void {
  if (cursor.pinned.peek() || cursor.owner.peek() !== RAIL) return;
  cursor.owner.value = null;
  cursor.at.value = null;
}

const RAIL = "rail";
