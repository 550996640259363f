import type { TierIndex } from "./block-tables.ts";
import { FIELDS, Intervals } from "./intervals.ts";
import type { Segment } from "./segment.ts";
import { SeriesHour, WINDOW_SLOTS } from "./series-hour.ts";
import { floorTo, HOUR_SPAN_MS, STEPS_MS, TIERS, WINDOW_MS } from "./tiers.ts";

/** Windows of seconds kept for use again: those of 2,000 series. */
const MOST_SPARE = 2_000;

/** A segment, and its row. */
export interface HeldSegment {
  readonly id: number;
  readonly segment: Segment;
  readonly bytes: number;
}

/** An hour that is not in blocks yet. */
export class HourMemory {
  readonly startAt: number;
  /** By number of the series. */
  readonly series: Map<number, SeriesHour> = new Map();
  /** Windows that were written to since they were last moved to a segment, and the number of the last append that did. */
  readonly written: Map<number, number> = new Map();
  /** In order of id. */
  readonly segments: HeldSegment[] = [];
  /** True once a segment brought coarser intervals that were written as they are. */
  hasCoarse = false;
  /** Number of the last append that wrote to the hour. */
  writtenBy = 0;
  /** Start of the oldest and of the newest interval written, by tier. */
  readonly #firstAt: number[] = TIERS.map(() => Infinity);
  readonly #lastAt: number[] = TIERS.map(() => -Infinity);

  constructor(startAt: number) {
    this.startAt = startAt;
  }

  /** Notices an interval that is written. */
  extend(tier: TierIndex, at: number): void {
    if (at < (this.#firstAt[tier] as number)) this.#firstAt[tier] = at;
    if (at > (this.#lastAt[tier] as number)) this.#lastAt[tier] = at;
  }

  /** Start of the oldest and of the newest interval that was written to a tier or put together for it; `null` for none. */
  extent(tier: TierIndex): readonly [number, number] | null {
    const below = TIERS.slice(0, tier + 1);
    const firstAt = Math.min(...below.map((finer) => floorTo(this.#firstAt[finer] as number, STEPS_MS[tier])));
    const lastAt = Math.max(...below.map((finer) => floorTo(this.#lastAt[finer] as number, STEPS_MS[tier])));
    return firstAt > lastAt ? null : [firstAt, lastAt];
  }

  /** The newest block of seconds of a series in a window that lies in a segment. */
  block(series: number, window: number): Uint8Array | undefined {
    const windowAt = this.startAt + window * WINDOW_MS;
    for (let index = this.segments.length - 1; index >= 0; index--) {
      const { segment } = this.segments[index] as HeldSegment;
      const block = segment.tier === 0 && segment.windowAt === windowAt ? segment.blocks.get(series) : undefined;
      if (block !== undefined) return block;
    }
    return undefined;
  }
}

/** What is not in blocks yet: whole hours, all tiers of them. */
export class Memory {
  /** By their start. */
  readonly hours: Map<number, HourMemory> = new Map();
  readonly #spare: Float64Array[] = [];

  /** The hour that a time lies in; made when missing. */
  hourOf(at: number): HourMemory {
    const startAt = floorTo(at, HOUR_SPAN_MS);
    let hour = this.hours.get(startAt);
    if (hour === undefined) {
      hour = new HourMemory(startAt);
      this.hours.set(startAt, hour);
    }
    return hour;
  }

  /** A series within an hour; made when missing. */
  seriesHour(hour: HourMemory, series: number): SeriesHour {
    let held = hour.series.get(series);
    if (held === undefined) {
      held = new SeriesHour(hour.startAt);
      hour.series.set(series, held);
    }
    return held;
  }

  /** Hours that overlap `[fromAt, toAt)`, oldest first. */
  between(fromAt: number, toAt: number): readonly HourMemory[] {
    return [...this.hours.values()]
      .filter(({ startAt }) => startAt < toAt && startAt + HOUR_SPAN_MS > fromAt)
      .sort((a, b) => a.startAt - b.startAt);
  }

  /** Empty seconds of one window. */
  takeSeconds(): Intervals {
    return new Intervals(WINDOW_SLOTS, this.#spare.pop() ?? new Float64Array(WINDOW_SLOTS * FIELDS));
  }

  /** Gives seconds back that nobody reads any more. */
  giveBack(seconds: Intervals): void {
    if (this.#spare.length < MOST_SPARE) this.#spare.push(seconds.numbers);
  }
}
