import type { HistogramMerger } from "./histogram-merger.ts";

/** Numbers of one interval: min, max, sum, count, last. */
export const FIELDS = 5;
const COUNT = 3;

/** Intervals of one series side by side, each in a slot of its own; a slot is empty until it is set. */
export class Intervals {
  readonly slots: number;
  /** {@link FIELDS} for each slot; NaN where it is empty. */
  readonly numbers: Float64Array;
  #histograms: (Uint8Array | undefined)[] | null = null;

  /** @param numbers memory to use, of `slots` times {@link FIELDS}; its content is lost */
  constructor(slots: number, numbers: Float64Array = new Float64Array(slots * FIELDS)) {
    this.slots = slots;
    this.numbers = numbers.fill(Number.NaN);
  }

  /** True once any slot has a distribution. */
  get hasHistograms(): boolean {
    return this.#histograms !== null;
  }

  has(slot: number): boolean {
    return !Number.isNaN(this.numbers[slot * FIELDS + COUNT]);
  }

  /** How many slots of `[from, to)` are set. */
  countIn(from: number, to: number): number {
    let count = 0;
    for (let slot = from; slot < to; slot++) if (this.has(slot)) count++;
    return count;
  }

  /** The distribution of a slot. */
  histogram(slot: number): Uint8Array | undefined {
    return this.#histograms?.[slot];
  }

  /** Replaces what the slot holds by `values[offset]` on. */
  set(slot: number, values: Float64Array, offset: number, histogram: Uint8Array | undefined): void {
    const start = slot * FIELDS;
    const { numbers } = this;
    for (let field = 0; field < FIELDS; field++) numbers[start + field] = values[offset + field] as number;
    if (histogram !== undefined) this.#histograms ??= new Array<Uint8Array | undefined>(this.slots).fill(undefined);
    if (this.#histograms !== null) this.#histograms[slot] = histogram;
  }
}

/** One interval put together from finer ones; memory that is used again and again. */
export class Together {
  readonly numbers: Float64Array = new Float64Array(FIELDS);
  histogram: Uint8Array | undefined;
  readonly #merger: HistogramMerger;

  constructor(merger: HistogramMerger) {
    this.#merger = merger;
  }

  /** Puts slots `[from, to)` together; false when all of them are empty. */
  of(source: Intervals, from: number, to: number): boolean {
    const { numbers } = source;
    let min: number = Infinity;
    let max: number = -Infinity;
    let sum = 0;
    let count = 0;
    let last = Number.NaN;
    let used = 0;
    for (let slot = from; slot < to; slot++) {
      const start = slot * FIELDS;
      const readings = numbers[start + COUNT] as number;
      if (Number.isNaN(readings)) continue;
      min = Math.min(min, numbers[start] as number);
      max = Math.max(max, numbers[start + 1] as number);
      sum += numbers[start + 2] as number;
      count += readings;
      last = numbers[start + 4] as number;
      used++;
    }
    if (used === 0) return false;
    this.numbers[0] = min;
    this.numbers[1] = max;
    this.numbers[2] = bounded(sum);
    this.numbers[COUNT] = bounded(count);
    this.numbers[4] = last;
    this.histogram = source.hasHistograms ? this.#merge(source, from, to) : undefined;
    return true;
  }

  #merge(source: Intervals, from: number, to: number): Uint8Array | undefined {
    for (let slot = from; slot < to; slot++) {
      const histogram = source.histogram(slot);
      if (histogram !== undefined) this.#merger.add(histogram);
    }
    return this.#merger.finish();
  }
}

/** Sums of the very largest numbers stay numbers. */
function bounded(sum: number): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum));
}
