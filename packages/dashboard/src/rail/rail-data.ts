import { batch, type Signal, signal } from "@preact/signals";
import type { HistoryEvent } from "@wsight/protocol";
import type { Clock } from "../connection/environment.ts";
import { pastOf } from "../history/past-of.ts";
import type { HistoryApi } from "../pages/history/history-api.ts";
import { RAIL_SELECTOR } from "../rail-selector.ts";
import { MARKED_KINDS } from "./rail-marks.ts";

/** The curve is asked for again this often, ms; its newest part is live. */
const EVERY_MS = 60_000;
/** After a failure, ms. */
const RETRY_MS = 3000;
/** A wheel that still turns is not followed, ms. */
const SETTLE_MS = 120;
/** Points of the curve. */
const POINTS = 600;
/** Most events that are marked; the newest count. */
const MOST_EVENTS = 500;

/** The connections of a long time, in steps. */
export interface RailCurve {
  readonly fromAt: number;
  readonly toAt: number;
  readonly stepMs: number;
  readonly values: readonly (number | null)[];
}

/** What a {@link RailData} asks with. */
export interface RailDataParts {
  readonly api: Pick<HistoryApi, "query" | "events">;
  readonly clock: Pick<Clock, "setTimeout" | "clearTimeout">;
  /** Right end of the rail, ms epoch. */
  readonly now: () => number;
}

/** What the rail knows of the time before the live minutes: asked for once a minute, and when the rail shows another length. */
export class RailData {
  readonly curve: Signal<RailCurve | null> = signal<RailCurve | null>(null);
  readonly events: Signal<readonly HistoryEvent[]> = signal<readonly HistoryEvent[]>([]);
  /** Start of the oldest part that was ever seen, ms epoch; `null` while nothing was. */
  readonly oldestAt: Signal<number | null> = signal<number | null>(null);
  /** True once an answer came. */
  readonly answered: Signal<boolean> = signal(false);
  readonly #parts: RailDataParts;
  #timer: unknown = null;
  #abort: AbortController | null = null;
  #spanMs = 0;
  #node: string | null = null;

  constructor(parts: RailDataParts) {
    this.#parts = parts;
  }

  /** Asks for this much, of one node or of all, from now on. */
  follow(spanMs: number, node: string | null): void {
    if (spanMs === this.#spanMs && node === this.#node) return;
    const first = this.#spanMs === 0;
    if (node !== this.#node) this.curve.value = this.oldestAt.value = null;
    this.#spanMs = spanMs;
    this.#node = node;
    this.#schedule(first ? 0 : SETTLE_MS);
  }

  /** Stops asking; safe to call twice. */
  close(): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#abort?.abort();
    this.#spanMs = 0;
  }

  #schedule(delayMs: number): void {
    this.#parts.clock.clearTimeout(this.#timer);
    this.#timer = this.#parts.clock.setTimeout(() => void this.#ask(), delayMs);
  }

  async #ask(): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const { api, now } = this.#parts;
    const [toAt, node, spanMs] = [now(), this.#node, this.#spanMs];
    const fromAt = toAt - spanMs;
    const selector = pastOf(node === null ? RAIL_SELECTOR : { ...RAIL_SELECTOR, node });
    const [answer, events] = await Promise.allSettled([
      api.query({ fromAt, toAt, selectors: [selector], points: POINTS }, abort.signal),
      api.events({ fromAt, toAt, kinds: MARKED_KINDS, node, limit: MOST_EVENTS }, abort.signal),
    ]);
    if (abort.signal.aborted) return;
    if (answer.status === "fulfilled") {
      const { results, ...grid } = answer.value;
      this.#take({ ...grid, values: results[0]?.lines[0]?.values ?? [] });
    }
    if (events.status === "fulfilled") this.events.value = events.value;
    // What is followed may have changed while this was asked, and by what was answered.
    const isOther = this.#spanMs !== spanMs || this.#node !== node;
    const isWhole = answer.status === "fulfilled" && events.status === "fulfilled";
    this.#schedule(isOther ? SETTLE_MS : isWhole ? EVERY_MS : RETRY_MS);
  }

  #take(curve: RailCurve): void {
    const first = curve.values.findIndex((value) => value !== null);
    const oldestAt = first < 0 ? Number.POSITIVE_INFINITY : curve.fromAt + first * curve.stepMs;
    batch(() => {
      this.curve.value = curve;
      this.answered.value = true;
      if (first >= 0) this.oldestAt.value = Math.min(this.oldestAt.peek() ?? oldestAt, oldestAt);
    });
  }
}

/** A point of the rail's curve: where it stands, ms epoch, and how many. NaN breaks the line. */
export interface RailPoints {
  readonly at: number[];
  readonly value: number[];
}

/**
 * The curve with the live seconds behind it, thinned to one point every `strideMs`.
 * @param live seconds since the epoch and values, as a ring reads them
 */
export function joinCurve(
  curve: RailCurve | null,
  live: { readonly at: Float64Array; readonly value: Float64Array; readonly length: number },
  strideMs: number,
): RailPoints {
  const points: RailPoints = { at: [], value: [] };
  const liveFrom = firstKnown(live);
  let end = Number.NEGATIVE_INFINITY;
  curve?.values.forEach((value, index) => {
    const at = curve.fromAt + index * curve.stepMs;
    end = at + curve.stepMs;
    // The live seconds are exact; the last step of the curve may be half full.
    if (at + curve.stepMs > liveFrom) return;
    points.at.push(at + curve.stepMs / 2);
    points.value.push(value ?? Number.NaN);
  });
  // A step that lies half in the live minutes is taken from those; more than one that is missing is a hole.
  if (curve !== null && liveFrom - end > curve.stepMs && liveFrom < Number.POSITIVE_INFINITY) addHole(points, end);
  addMeans(points, live, Math.max(1000, strideMs), liveFrom);
  return points;
}

function addHole({ at, value }: RailPoints, from: number): void {
  at.push(from);
  value.push(Number.NaN);
}

function firstKnown({
  at,
  value,
  length,
}: {
  readonly at: Float64Array;
  readonly value: Float64Array;
  readonly length: number;
}): number {
  for (let i = 0; i < length; i++) {
    const known = value[i] as number;
    if (known === known) return (at[i] as number) * 1000;
  }
  return Number.POSITIVE_INFINITY;
}

function addMeans(
  { at, value }: RailPoints,
  live: { readonly at: Float64Array; readonly value: Float64Array; readonly length: number },
  strideMs: number,
  after: number,
): void {
  let slot = Number.NaN;
  let sum = 0;
  let known = 0;
  const flush = () => {
    if (slot !== slot) return;
    at.push((slot + 0.5) * strideMs);
    value.push(known === 0 ? Number.NaN : sum / known);
  };
  for (let i = 0; i < live.length; i++) {
    const ms = (live.at[i] as number) * 1000;
    if (ms < after) continue;
    const next = Math.floor(ms / strideMs);
    if (next !== slot) {
      flush();
      slot = next;
      sum = 0;
      known = 0;
    }
    const each = live.value[i] as number;
    if (each !== each) continue;
    sum += each;
    known++;
  }
  flush();
}
