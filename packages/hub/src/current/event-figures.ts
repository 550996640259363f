import type { Labels } from "@wsight/protocol";
import type { BucketWindow } from "./bucket-window.ts";
import { sumKnown, totalOf } from "./figures.ts";
import { RATE_SECONDS, rateOfGroup, windowOfGroup } from "./group-figures.ts";
import { type SeriesGroup, SeriesGroups } from "./series-groups.ts";
import type { SeriesIndex } from "./series-index.ts";
import { compareNames, sharedLast } from "./shared-last.ts";
import type { TrackedCounter, TrackedHistogram } from "./tracked.ts";
import type { WindowShelf } from "./window-shelf.ts";

/** One event name or message kind in one direction, over all nodes. */
export interface Busy {
  readonly event: string;
  readonly direction: "in" | "out";
  readonly library: string;
  /** What its distributions are known by: kinds of message have theirs without a name. */
  readonly key: string;
  readonly rate: number;
  readonly total: number;
}

/** A distribution and what it is of. */
export interface Timing {
  readonly of: "ack" | "handler";
  readonly window: BucketWindow;
}

/** Names with their library; a name is never empty where there is one. */
const byEvent = (labels: Labels): string => `${labels["ws.library"] ?? ""}\n${labels.event ?? ""}`;

/** What tables of events are made of: counts of all events, distributions of those on show. */
export class EventFigures {
  /** By library and event, as in {@link Busy.key}. */
  readonly handlers: SeriesGroups<TrackedHistogram>;
  readonly handlerErrors: SeriesGroups<TrackedCounter>;
  readonly #messages: SeriesGroups<TrackedCounter>;
  readonly #sizes: SeriesGroups<TrackedHistogram>;
  readonly #acks: SeriesGroups<TrackedHistogram>;
  readonly #ackTimeouts: SeriesGroups<TrackedCounter>;
  readonly #windows: WindowShelf;
  #busiest: readonly Busy[] = [];
  #second = -1;

  constructor(index: SeriesIndex, windows: WindowShelf) {
    this.#windows = windows;
    this.handlers = new SeriesGroups(index, "websocket.server.handler.duration", byEvent);
    this.handlerErrors = new SeriesGroups(index, "websocket.server.handler.errors", byEvent);
    this.#messages = new SeriesGroups(index, "websocket.server.messages", (labels) =>
      [directionOf(labels), byEvent(labels), shownName(labels)].join("\n"),
    );
    this.#sizes = new SeriesGroups(
      index,
      "websocket.server.message.size",
      (labels) => `${directionOf(labels)}\n${byEvent(labels)}`,
    );
    this.#acks = new SeriesGroups(
      index,
      "websocket.server.ack.duration",
      (labels) => `${labels.side ?? ""}\n${byEvent(labels)}`,
    );
    this.#ackTimeouts = new SeriesGroups(index, "websocket.server.ack.timeouts", byEvent);
  }

  /** Everything that was ever sent or received, busiest first, `_other` last. */
  busiest(second: number): readonly Busy[] {
    if (second !== this.#second) this.#busiest = this.#collect(second).sort(busierFirst);
    this.#second = second;
    return this.#busiest;
  }

  /** The newest minute's timing: of acknowledgements, else of handlers; `null` when there is none. */
  timing({ direction, key }: Busy, second: number): Timing | null {
    const side = direction === "in" ? "server" : "client";
    const ack = windowOfGroup(this.#windows, this.#acks, `${side}\n${key}`, second);
    if (ack !== null) return { of: "ack", window: ack };
    const handler = direction === "in" ? windowOfGroup(this.#windows, this.handlers, key, second) : null;
    return handler === null ? null : { of: "handler", window: handler };
  }

  /** The newest minute's sizes; `null` when none was measured. */
  sizes({ direction, key }: Busy, second: number): BucketWindow | null {
    return windowOfGroup(this.#windows, this.#sizes, `${direction}\n${key}`, second);
  }

  /** Handlers that threw, and acknowledgements that never came, per second over the newest minute. */
  errorRate({ direction, key }: Busy, second: number): number {
    return rateOfGroup((direction === "in" ? this.handlerErrors : this.#ackTimeouts).all.get(key), second, 60);
  }

  #collect(second: number): Busy[] {
    const rows: Busy[] = [];
    for (const group of this.#messages.all.values()) {
      const row = busyOf(group, second);
      if (row !== null) rows.push(row);
    }
    return rows;
  }
}

/** `null` when the processes that had it are gone. */
function busyOf(group: SeriesGroup<TrackedCounter>, second: number): Busy | null {
  const labels = group.placed[0]?.tracked.series.labels ?? {};
  const total = sumKnown(group.placed, (placed) => totalOf(placed, second));
  const rate = rateOfGroup(group, second, RATE_SECONDS);
  if (total !== total && rate === 0) return null;
  return {
    event: shownName(labels),
    direction: directionOf(labels),
    library: labels["ws.library"] ?? "",
    key: byEvent(labels),
    rate,
    total: total === total ? total : 0,
  };
}

function shownName({ event, kind }: Labels): string {
  return event ?? kind ?? "message";
}

function busierFirst(a: Busy, b: Busy): number {
  return sharedLast(a.event, b.event) || b.rate - a.rate || b.total - a.total || compareNames(a.key, b.key);
}

function directionOf(labels: Labels): "in" | "out" {
  return labels.direction === "out" ? "out" : "in";
}
