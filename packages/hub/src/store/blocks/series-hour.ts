import type { TierIndex } from "./block-tables.ts";
import { FIELDS, Intervals, type Together } from "./intervals.ts";
import { HOUR_SPAN_MS, HOUR_WINDOWS, STEPS_MS, TIERS, WINDOW_MS } from "./tiers.ts";

/** Seconds of a window. */
export const WINDOW_SLOTS: number = WINDOW_MS / STEPS_MS[0];
const COARSE_TIERS = TIERS.slice(1);
/** Where each tier's slots begin among those of the coarse tiers. */
const BASE: readonly number[] = [0, 0, 360, 420, 432];
const COARSE_SLOTS = 433;

const CLEAN = 0;
/** To be put together anew from the tier below. */
const STALE = 1;
/** Written as it is, after whatever lies below. */
const OWN = 2;

/**
 * One series within one hour, at all tiers: the seconds of those windows that
 * are being written, and everything coarser for the whole hour. What is
 * written last counts, be it an interval itself or a finer one within it.
 */
export class SeriesHour {
  readonly startAt: number;
  readonly #coarse = new Intervals(COARSE_SLOTS);
  /** One for each slot of the coarse tiers, once any of them was written as it is; until then all stale seconds count. */
  #marks: Uint8Array | null = null;
  readonly #seconds: (Intervals | null)[] = new Array<Intervals | null>(HOUR_WINDOWS).fill(null);
  /** Second of the hour from which on, and up to which, slots may be stale. */
  #staleFrom: number = Infinity;
  #staleTo = 0;
  /** A bit for each window that has intervals of its own which are in no segment. */
  #unsaved = 0;
  /** A bit for each window whose seconds lie in a segment and were not put together since the store was opened. */
  #unread = 0;
  /** Reads the seconds of such a window; `null` when they are damaged. */
  #read: ((window: number) => Intervals | null) | null = null;

  constructor(startAt: number) {
    this.startAt = startAt;
  }

  /** The seconds of a window while they are being written. */
  seconds(window: number): Intervals | null {
    return this.#seconds[window] ?? null;
  }

  /** Begins to hold the seconds of a window. */
  openWindow(window: number, seconds: Intervals): void {
    this.#seconds[window] = seconds;
  }

  /** Lets go of what was written to a window, and answers its seconds. */
  closeWindow(window: number): Intervals | null {
    const seconds = this.#seconds[window] ?? null;
    this.#seconds[window] = null;
    this.#unsaved &= ~(1 << window);
    return seconds;
  }

  /** Leaves reading the seconds of a window until something coarse is asked of the hour. */
  readLater(window: number, read: (window: number) => Intervals | null): void {
    this.#unread |= 1 << window;
    this.#read = read;
  }

  /** False while windows are left to be read: what is coarse is not known yet. */
  get isRead(): boolean {
    return this.#unread === 0;
  }

  /** True while the window has intervals of the coarse tiers that are in no segment. */
  hasUnsaved(window: number): boolean {
    return (this.#unsaved & (1 << window)) !== 0;
  }

  /** Writes a sample; the window of a second must be open, and for anything coarser the hour be read. */
  write(tier: TierIndex, at: number, values: Float64Array, offset: number, histogram: Uint8Array | undefined): void {
    const second = (at - this.startAt) / STEPS_MS[0];
    const window = Math.floor(second / WINDOW_SLOTS);
    if (tier === 0) this.#seconds[window]?.set(second - window * WINDOW_SLOTS, values, offset, histogram);
    else {
      const slot = slotOf(tier, second);
      this.#coarse.set(slot, values, offset, histogram);
      this.#marks ??= this.#makeMarks();
      this.#marks[slot] = OWN;
      this.#unsaved |= 1 << window;
    }
    this.#stale(tier, second);
  }

  /** Takes what blocks hold: intervals that are put together already. */
  fill(tier: TierIndex, at: number, values: Float64Array, histogram: Uint8Array | undefined): void {
    this.#coarse.set(slotOf(tier, (at - this.startAt) / STEPS_MS[0]), values, 0, histogram);
  }

  /** All seconds of a window were written at once. */
  touch(window: number): void {
    const seconds = this.#seconds[window];
    if (seconds === null || seconds === undefined) return;
    for (let slot = 0; slot < WINDOW_SLOTS; slot++) {
      if (seconds.has(slot)) this.#stale(0, window * WINDOW_SLOTS + slot);
    }
  }

  /**
   * Puts together what is stale. Where the finer tier was deleted, before
   * `deletedTo` of that tier, an interval that holds more than what is left
   * stays as it is. Answers seconds that were read for it, and that nobody needs any more.
   */
  rollUp(together: Together, deletedTo: readonly number[]): readonly Intervals[] {
    const opened = this.#readWindows();
    this.rollUpWritten(together, deletedTo);
    return opened.flatMap((window) => {
      const seconds = this.seconds(window);
      this.#seconds[window] = null;
      return seconds ?? [];
    });
  }

  /** The same without the windows that are left to be read: once they are, what they are part of is put together again. */
  rollUpWritten(together: Together, deletedTo: readonly number[]): void {
    if (this.#staleTo === 0) return;
    for (const tier of COARSE_TIERS) {
      const length = STEPS_MS[tier] / STEPS_MS[0];
      for (let first = Math.floor(this.#staleFrom / length) * length; first < this.#staleTo; first += length) {
        const slot = slotOf(tier, first);
        if (this.#marks !== null) {
          if (this.#marks[slot] !== STALE) continue;
          this.#marks[slot] = CLEAN;
        }
        if (this.#gather(tier, first, together)) this.#put(slot, tier, first, together, deletedTo);
      }
    }
    this.#staleFrom = Infinity;
    this.#staleTo = 0;
  }

  /** Opens the windows that were left for later; those being written hold all of theirs already. */
  #readWindows(): readonly number[] {
    const opened: number[] = [];
    for (let window = 0; this.#unread !== 0; window++) {
      const bit = 1 << window;
      if ((this.#unread & bit) === 0) continue;
      this.#unread &= ~bit;
      if (this.seconds(window) === null) {
        this.#seconds[window] = this.#read?.(window) ?? null;
        opened.push(window);
      }
      this.touch(window);
    }
    return opened;
  }

  /** The intervals of a coarse tier, and which of them are this hour's; rolled up before. */
  coarse(tier: TierIndex): { readonly intervals: Intervals; readonly from: number; readonly to: number } {
    const from = BASE[tier] as number;
    return { intervals: this.#coarse, from, to: from + HOUR_SPAN_MS / STEPS_MS[tier] };
  }

  /** Whether the interval was written as it is, rather than put together. */
  isOwn(tier: TierIndex, at: number): boolean {
    return this.#marks?.[slotOf(tier, (at - this.startAt) / STEPS_MS[0])] === OWN;
  }

  #stale(tier: TierIndex, second: number): void {
    if (this.#marks !== null) markAbove(this.#marks, tier, second);
    if (second < this.#staleFrom) this.#staleFrom = second;
    if (second >= this.#staleTo) this.#staleTo = second + 1;
  }

  #makeMarks(): Uint8Array {
    const marks = new Uint8Array(COARSE_SLOTS);
    for (let second = this.#staleFrom; second < this.#staleTo; second++) markAbove(marks, 0, second);
    return marks;
  }

  /** Puts the interval together that begins at a second of the hour. */
  #gather(tier: TierIndex, second: number, together: Together): boolean {
    if (tier > 1) {
      const below = (tier - 1) as TierIndex;
      const from = slotOf(below, second);
      return together.of(this.#coarse, from, from + STEPS_MS[tier] / STEPS_MS[below]);
    }
    const window = Math.floor(second / WINDOW_SLOTS);
    const seconds = this.#seconds[window];
    const from = second - window * WINDOW_SLOTS;
    return seconds !== null && seconds !== undefined && together.of(seconds, from, from + STEPS_MS[1] / STEPS_MS[0]);
  }

  #put(slot: number, tier: TierIndex, second: number, together: Together, deletedTo: readonly number[]): void {
    const at = this.startAt + second * STEPS_MS[0];
    const held = this.#coarse.numbers[slot * FIELDS + 3] as number;
    if (at < (deletedTo[tier - 1] as number) && held > (together.numbers[3] as number)) return;
    this.#coarse.set(slot, together.numbers, 0, together.histogram);
  }
}

/** The intervals of all tiers above that hold a second are stale. */
function markAbove(marks: Uint8Array, tier: TierIndex, second: number): void {
  for (let above = tier + 1; above < BASE.length; above++) marks[slotOf(above as TierIndex, second)] = STALE;
}

/** Slot of the interval of a coarse tier that holds a second of the hour. */
function slotOf(tier: TierIndex, second: number): number {
  return (BASE[tier] as number) + Math.floor((second * STEPS_MS[0]) / STEPS_MS[tier]);
}
