import { Histogram } from "@wsight/protocol";

/** Counts of the newest stretch of time, slot by slot. What is older than all slots is not counted. */
export class CountRing {
  readonly #slotMs: number;
  readonly #slots: Float64Array;
  #newest = -Infinity;

  constructor(slots: number, slotMs: number) {
    this.#slots = new Float64Array(slots);
    this.#slotMs = slotMs;
  }

  /** Counts something that happened `at`, ms epoch. */
  add(at: number, count = 1): void {
    const slot = Math.floor(at / this.#slotMs);
    this.#turnTo(slot);
    if (slot <= this.#newest - this.#slots.length) return;
    const place = placeOf(slot, this.#slots.length);
    this.#slots[place] = (this.#slots[place] ?? 0) + count;
  }

  /** All that is in it at a time. */
  sum(now: number): number {
    this.#turnTo(Math.floor(now / this.#slotMs));
    return this.#slots.reduce((sum, count) => sum + count, 0);
  }

  /** Slot by slot, oldest first. */
  list(now: number): number[] {
    this.#turnTo(Math.floor(now / this.#slotMs));
    const { length } = this.#slots;
    return Array.from({ length }, (_, i) => this.#slots[placeOf(this.#newest + 1 + i, length)] ?? 0);
  }

  #turnTo(slot: number): void {
    if (slot <= this.#newest) return;
    const from = Math.max(this.#newest + 1, slot - this.#slots.length + 1);
    for (let passed = from; passed <= slot; passed++) this.#slots[placeOf(passed, this.#slots.length)] = 0;
    this.#newest = slot;
  }
}

/** The distribution of the newest stretch of time, slot by slot. */
export class DistributionRing {
  readonly #slotMs: number;
  readonly #slots: { slot: number; readonly histogram: Histogram }[];
  #merged: Histogram | null = null;
  #mergedSlot = -Infinity;

  constructor(slots: number, slotMs: number) {
    this.#slots = Array.from({ length: slots }, () => ({ slot: -Infinity, histogram: new Histogram() }));
    this.#slotMs = slotMs;
  }

  /** Counts a value that was found `at`, ms epoch. */
  add(at: number, value: number): void {
    const slot = Math.floor(at / this.#slotMs);
    const held = this.#slots[placeOf(slot, this.#slots.length)];
    if (held === undefined || held.slot > slot) return;
    if (held.slot < slot) {
      held.slot = slot;
      held.histogram.reset();
    }
    held.histogram.record(value);
    this.#merged = null;
  }

  /** All that is in it at a time; not to be changed. */
  read(now: number): Histogram {
    const slot = Math.floor(now / this.#slotMs);
    if (this.#merged !== null && this.#mergedSlot === slot) return this.#merged;
    const merged = new Histogram();
    for (const held of this.#slots) if (held.slot > slot - this.#slots.length) merged.merge(held.histogram);
    this.#mergedSlot = slot;
    this.#merged = merged;
    return merged;
  }
}

function placeOf(slot: number, slots: number): number {
  return ((slot % slots) + slots) % slots;
}
