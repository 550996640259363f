import type { EventRow, Labels } from "@wsight/protocol";
import { BucketWindow } from "./bucket-window.ts";
import { meanRateOf } from "./figures.ts";
import { type SeriesIndex, SeriesSet } from "./series-index.ts";
import type { Timeline } from "./timeline.ts";
import type { TrackedCounter, TrackedHistogram } from "./tracked.ts";

const MAX_ROWS = 16;
const RATE_SECONDS = 10;
const TIMING_SECONDS = 60;

/** Where the timing of an inbound event is looked for, best first. */
const TIMINGS: readonly { readonly metric: string; readonly where: Labels }[] = [
  { metric: "websocket.server.ack.duration", where: { side: "server" } },
  { metric: "websocket.server.handler.duration", where: {} },
];

interface Busy {
  readonly event: string;
  readonly direction: "in" | "out";
  readonly library: string;
  /** True when the name is an event, not a kind of message. */
  readonly named: boolean;
  rate: number;
}

interface Timing {
  readonly set: SeriesSet<TrackedHistogram>;
  readonly window: BucketWindow;
}

/** Makes the rows of the `events` table. */
export class EventRows {
  readonly #index: SeriesIndex;
  readonly #timeline: Timeline;
  /** Windows of the events on show: they slide from one call to the next. */
  #timings = new Map<string, readonly Timing[]>();

  constructor(index: SeriesIndex, timeline: Timeline) {
    this.#index = index;
    this.#timeline = timeline;
  }

  /** The busiest events and message kinds over all nodes. */
  rows(): readonly EventRow[] {
    const { last } = this.#timeline;
    if (last === null) return [];
    const busiest = [...this.#collect(last).values()].sort((a, b) => b.rate - a.rate).slice(0, MAX_ROWS);
    const timings = new Map<string, readonly Timing[]>();
    const rows = busiest.map(({ event, direction, library, named, rate }): EventRow => {
      const p95 = direction === "in" ? this.#p95(timings, library, named ? event : null, last) : null;
      return { event, direction, library, rate, p95 };
    });
    this.#timings = timings;
    return rows;
  }

  #collect(second: number): Map<string, Busy> {
    const events = new Map<string, Busy>();
    for (const placed of this.#index.of<TrackedCounter>("websocket.server.messages")) {
      if (!placed.node.presence.there(second)) continue;
      const { labels } = placed.tracked.series;
      const direction = labels.direction === "out" ? "out" : "in";
      const event = labels.event ?? labels.kind ?? "message";
      const library = labels["ws.library"] ?? "";
      const key = `${direction} ${library} ${event}`;
      let row = events.get(key);
      if (row === undefined) {
        row = { event, direction, library, named: labels.event !== undefined, rate: 0 };
        events.set(key, row);
      }
      const rate = meanRateOf(placed, second, RATE_SECONDS);
      if (rate > 0) row.rate += rate;
    }
    return events;
  }

  #p95(timings: Map<string, readonly Timing[]>, library: string, event: string | null, second: number): number | null {
    const key = `${library} ${event ?? ""}`;
    const found = timings.get(key) ?? this.#timings.get(key) ?? this.#timing(library, event);
    timings.set(key, found);
    for (const { set, window } of found) {
      window.moveTo(set, second);
      if (window.count > 0) return window.quantile(0.95);
    }
    return null;
  }

  #timing(library: string, event: string | null): readonly Timing[] {
    return TIMINGS.map(({ metric, where }) => ({
      set: new SeriesSet<TrackedHistogram>(this.#index, {
        metric,
        where: { ...where, "ws.library": library, ...(event === null ? {} : { event }) },
      }),
      window: new BucketWindow(TIMING_SECONDS),
    }));
  }
}
