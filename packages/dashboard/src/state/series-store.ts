import { type Backfill, LIVE_HISTORY_MS, type Tick } from "@wsight/protocol";
import type { Column } from "../connection/session.ts";
import type { SeriesColumns } from "./live.ts";
import { Ring } from "./ring.ts";

/** How long a series that nobody uses is kept, ms. */
const KEEP_UNUSED_MS = 60_000;
/** Most series kept that nobody uses; beyond it the longest unused goes at once. */
export const MAX_UNUSED = 1024;
/** A hub's time that falls back further than this makes everything held meaningless, ms. */
const FALL_BACK_MS = 60_000;

interface Line {
  ring: Ring;
  /** What is read while frozen. */
  frozen: Ring | null;
  /** Newest slot up to which nothing is missing; `null` before the first. */
  completeTo: number | null;
  /** When it fell out of use, this machine's ms; `null` while it is in use. */
  unusedSince: number | null;
}

/**
 * Fifteen minutes of every series in use, on one grid of intervals, in base
 * units. Bounded: lines of 15 minutes each, unused ones dropped after 60 s.
 */
export class SeriesStore {
  readonly #lines = new Map<string, Line>();
  #stepMs = 1000;
  #capacity: number = LIVE_HISTORY_MS / 1000;
  #newest = -1;
  #frozenSlot: number | null = null;

  /** Grid of the store, ms. */
  get stepMs(): number {
    return this.#stepMs;
  }

  /** Start of the newest interval received, ms epoch of the hub; `null` before the first. */
  get lastAt(): number | null {
    return this.#newest < 0 ? null : this.#newest * this.#stepMs;
  }

  /** Series held. */
  get size(): number {
    return this.#lines.size;
  }

  /** Sets the grid; another one than before forgets everything. */
  setGrid(stepMs: number, historyMs: number): void {
    const capacity = Math.max(1, Math.round(historyMs / stepMs));
    if (stepMs === this.#stepMs && capacity === this.#capacity) return;
    this.#stepMs = stepMs;
    this.#capacity = capacity;
    this.clear();
  }

  /** Forgets all values. */
  clear(): void {
    this.#newest = -1;
    for (const [key, line] of this.#lines) this.#lines.set(key, { ...this.#line(), unusedSince: line.unusedSince });
  }

  /** Says which series are in use: those are made and kept. @param now this machine's ms */
  setUsed(keys: ReadonlySet<string>, now: number): void {
    for (const key of keys) {
      const line = this.#lines.get(key);
      if (line === undefined) this.#lines.set(key, this.#line());
      else line.unusedSince = null;
    }
    for (const [key, line] of this.#lines) if (!keys.has(key)) line.unusedSince ??= now;
    this.sweep(now);
  }

  /** Drops what has been out of use for long. @param now this machine's ms */
  sweep(now: number): void {
    const unused: { key: string; since: number }[] = [];
    for (const [key, { unusedSince }] of this.#lines) {
      if (unusedSince === null) continue;
      if (now - unusedSince >= KEEP_UNUSED_MS) this.#lines.delete(key);
      else unused.push({ key, since: unusedSince });
    }
    if (unused.length <= MAX_UNUSED) return;
    unused.sort((a, b) => a.since - b.since);
    for (const { key } of unused.slice(0, unused.length - MAX_UNUSED)) this.#lines.delete(key);
  }

  /** Newest time up to which all of these are complete, ms epoch; `null` when one of them has nothing. */
  completeTo(keys: Iterable<string>): number | null {
    let oldest = Number.POSITIVE_INFINITY;
    for (const key of keys) {
      const slot = this.#lines.get(key)?.completeTo ?? null;
      if (slot === null) return null;
      oldest = Math.min(oldest, slot);
    }
    return oldest === Number.POSITIVE_INFINITY ? null : oldest * this.#stepMs;
  }

  /** Takes a tick. Returns true when intervals before it are missing. */
  tick({ at, values }: Tick, columns: readonly Column[]): boolean {
    const slot = this.#slotOf(at);
    this.#reach(slot);
    let hole = false;
    columns.forEach(({ key, scale }, i) => {
      const line = this.#lines.get(key);
      if (line === undefined) return;
      line.ring.write(slot, (values[i] as number) / scale);
      // A hub sends the past before the first tick: what is not there then is not to be had.
      if (line.completeTo === null || slot === line.completeTo + 1) line.completeTo = slot;
      else if (slot > line.completeTo) hole = true;
    });
    return hole;
  }

  /** Takes the past: fills what is missing. */
  backfill({ fromAt, stepMs, columns: values }: Backfill, columns: readonly Column[]): void {
    const length = values[0]?.length ?? 0;
    if (length === 0 || stepMs <= 0) return;
    const last = this.#slotOf(fromAt + (length - 1) * stepMs);
    this.#reach(last);
    columns.forEach(({ key, scale }, i) => {
      const line = this.#lines.get(key);
      const column = values[i];
      if (line === undefined || column === undefined) return;
      for (let k = 0; k < length; k++) {
        const slot = this.#slotOf(fromAt + k * stepMs);
        const value = (column[k] as number) / scale;
        line.ring.write(slot, value);
        if (this.#frozenSlot !== null && slot <= this.#frozenSlot) line.frozen?.write(slot, value);
      }
      if (this.#frozenSlot !== null) line.frozen ??= line.ring.copy();
      line.completeTo = Math.max(line.completeTo ?? 0, last);
    });
  }

  /** From now on reads see nothing newer than `at`, and lose nothing of the 15 minutes before it. */
  freeze(at: number): void {
    this.#frozenSlot = this.#slotOf(at);
    for (const line of this.#lines.values()) line.frozen = line.completeTo === null ? null : line.ring.copy();
  }

  /** Reads see the newest again. */
  thaw(): void {
    this.#frozenSlot = null;
    for (const line of this.#lines.values()) line.frozen = null;
  }

  /** The newest value, `null` while unknown. */
  latest(key: string): number | null {
    const ring = this.#readable(key);
    if (ring === undefined || ring.newest < 0) return null;
    const value = ring.at(Math.min(ring.newest, this.#frozenSlot ?? ring.newest));
    return value === value ? value : null;
  }

  /** See `SeriesRing.read`. */
  read(key: string, fromAt: number, toAt: number, into?: SeriesColumns): SeriesColumns & { readonly length: number } {
    const ring = this.#readable(key);
    const lastSlot = Math.min(Math.floor(toAt / this.#stepMs), this.#frozenSlot ?? Number.POSITIVE_INFINITY);
    const firstSlot = Math.max(Math.ceil(fromAt / this.#stepMs), lastSlot - this.#capacity, 0);
    const length = Number.isFinite(lastSlot) ? Math.max(0, lastSlot - firstSlot + 1) : 0;
    const fits = into !== undefined && into.at.length >= length && into.value.length >= length;
    const at = fits ? into.at : new Float64Array(length);
    const value = fits ? into.value : new Float64Array(length);
    for (let i = 0; i < length; i++) {
      at[i] = ((firstSlot + i) * this.#stepMs) / 1000;
      value[i] = ring?.at(firstSlot + i) ?? Number.NaN;
    }
    return { at, value, length };
  }

  #readable(key: string): Ring | undefined {
    const line = this.#lines.get(key);
    return (this.#frozenSlot === null ? null : line?.frozen) ?? line?.ring;
  }

  #reach(slot: number): void {
    if (slot < this.#newest - FALL_BACK_MS / this.#stepMs) this.clear();
    this.#newest = Math.max(this.#newest, slot);
  }

  #slotOf(at: number): number {
    return Math.round(at / this.#stepMs);
  }

  #line(): Line {
    return { ring: new Ring(this.#capacity), frozen: null, completeTo: null, unusedSince: null };
  }
}
