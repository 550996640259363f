import type { EventRow, HandlerRow, TypeRow } from "@wsight/protocol";
import type { Busy, EventFigures } from "./event-figures.ts";
import { RATE_SECONDS, rateOfGroup } from "./group-figures.ts";
import type { SeriesGroup } from "./series-groups.ts";
import { compareNames, firstRows, sharedLast } from "./shared-last.ts";
import type { TrackedHistogram } from "./tracked.ts";
import { TABLE_WINDOW_SECONDS, type WindowShelf } from "./window-shelf.ts";

const MAX_EVENTS = 16;
const MAX_TYPES = 100;
const MAX_HANDLERS = 50;
/** Handlers whose cost is looked at: the most called. */
const MAX_WEIGHED = 200;

/** Rows of the `events` table: the busiest events and message kinds over all nodes. */
export function eventRows(figures: EventFigures, second: number): readonly EventRow[] {
  return firstRows(figures.busiest(second), MAX_EVENTS, nameOf).map((busy): EventRow => {
    const { event, direction, library, rate } = busy;
    const timing = direction === "in" ? figures.timing(busy, second) : null;
    return { event, direction, library, rate, p95: timing?.window.quantile(0.95) ?? null };
  });
}

/** Rows of the `types` table: the same in full. */
export function typeRows(figures: EventFigures, second: number): readonly TypeRow[] {
  const all = figures.busiest(second);
  const whole = { in: rateOf(all, "in"), out: rateOf(all, "out") };
  return firstRows(all, MAX_TYPES, nameOf).map((busy): TypeRow => {
    const { event, direction, library, rate, total } = busy;
    const sizes = figures.sizes(busy, second);
    const timing = figures.timing(busy, second);
    return {
      event,
      direction,
      library,
      rate,
      share: whole[direction] > 0 ? rate / whole[direction] : 0,
      total,
      sizeP50: sizes?.quantile(0.5) ?? null,
      sizeP95: sizes?.quantile(0.95) ?? null,
      p50: timing?.window.quantile(0.5) ?? null,
      p95: timing?.window.quantile(0.95) ?? null,
      timing: timing?.of ?? null,
      errorsPerMinute: figures.errorRate(busy, second) * 60,
    };
  });
}

/**
 * Rows of the `handlers` table: of the 200 handlers that are called most, the
 * 50 that take most of the event loop's time. The share is that of the loops
 * of all nodes that have the handler, taken together.
 */
export function handlerRows(figures: EventFigures, windows: WindowShelf, second: number): readonly HandlerRow[] {
  const called = [...figures.handlers.all.values()]
    .map((group) => ({ group, rate: rateOfGroup(group, second, RATE_SECONDS) }))
    .sort((a, b) => b.rate - a.rate)
    .slice(0, MAX_WEIGHED)
    .map(({ group, rate }) => handlerRow(figures, windows, group, rate, second))
    .filter((row) => row !== null);
  called.sort((a, b) => sharedLast(a.event, b.event) || b.share - a.share || compareNames(a.event, b.event));
  return firstRows(called, MAX_HANDLERS, nameOf);
}

function handlerRow(
  figures: EventFigures,
  windows: WindowShelf,
  group: SeriesGroup<TrackedHistogram>,
  rate: number,
  second: number,
): HandlerRow | null {
  const window = windows.at(figures.handlers.metric, group, second);
  const errorsPerMinute = rateOfGroup(figures.handlerErrors.all.get(group.key), second, 60) * 60;
  if (window.count === 0 && errorsPerMinute === 0) return null;
  const { event, "ws.library": library = "" } = group.placed[0]?.tracked.series.labels ?? {};
  const timed = window.count > 0;
  return {
    event: event ?? "message",
    library,
    rate,
    share: shareOfLoops(group, window.sum, second),
    p50: timed ? window.quantile(0.5) : null,
    p95: timed ? window.quantile(0.95) : null,
    max: timed ? window.max() : null,
    errorsPerMinute,
  };
}

function shareOfLoops({ placed }: SeriesGroup<TrackedHistogram>, seconds: number, second: number): number {
  let elapsedMs = 0;
  for (const node of new Set(placed.map((one) => one.node)))
    elapsedMs += node.presence.elapsedMs(second, TABLE_WINDOW_SECONDS);
  return elapsedMs > 0 ? (seconds * 1000) / elapsedMs : 0;
}

function rateOf(rows: readonly Busy[], direction: Busy["direction"]): number {
  return rows.reduce((sum, row) => (row.direction === direction ? sum + row.rate : sum), 0);
}

function nameOf({ event }: { readonly event: string }): string {
  return event;
}
