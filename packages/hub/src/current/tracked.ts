import { type ByteWriter, Histogram, type Series } from "@wsight/protocol";
import { BucketLog, type ByteBudget, encodeGrowth } from "./bucket-log.ts";
import { NumberTrack } from "./number-track.ts";

/** How a value that arrives is to be taken: what was there before is known to be `growth` from zero, or it isn't. */
export type Arrival = "growth" | "baseline";

interface TrackedBase {
  readonly series: Series;
  readonly key: string;
  /** From this second on the process no longer has the series; `Infinity` while it has. */
  retiredAt: number;
  /** Number of the newest keyframe of its node that had it. */
  keyframe: number;
  /** Waits for the end of the second. */
  dirty: boolean;
  /** Has had a value. */
  seen: boolean;
}

/** Most changes of a counter's offset that are remembered; at one a minute that is more than the history. */
const MAX_OFFSETS = 32;

/**
 * A counter of one process. Its growth as seen by the hub is kept separately
 * from its value, so that the growth between any two seconds is one
 * subtraction, whatever restarts and folds lie between.
 */
export class TrackedCounter implements TrackedBase {
  readonly kind = "counter";
  readonly series: Series;
  readonly key: string;
  retiredAt: number = Infinity;
  keyframe = 0;
  dirty = false;
  seen = false;
  /** Newest absolute value. */
  value = 0;
  /** How much of it came from counters that were folded into this one. */
  folded = 0;
  readonly #grown: NumberTrack;
  #growth = 0;
  /** What must be added to the growth to get the value, from each second on. */
  readonly #offsets: { second: number; offset: number }[] = [];
  #fold = 0;
  #fresh = true;

  constructor(series: Series, key: string, slots: number) {
    this.series = series;
    this.key = key;
    this.#grown = new NumberTrack(slots);
  }

  /** Takes an absolute value. One below the last says that counting began anew. */
  take(value: number, arrival: Arrival, second: number): void {
    const before = this.#fresh ? 0 : this.value;
    const grown = value - before - this.#fold;
    if (arrival === "growth") this.#growth += grown >= 0 ? grown : Math.max(0, value - this.#fold);
    this.value = value;
    this.folded += this.#fold;
    this.#fold = 0;
    this.#fresh = false;
    this.#setOffset(second, value - this.#growth);
  }

  /** The process counts from zero from now on. */
  restart(): void {
    this.#fresh = true;
    this.#fold = this.folded = 0;
  }

  /** The next value includes that of `other`, which ends; that is no growth. */
  absorb(other: TrackedCounter): void {
    this.#fold += other.value;
  }

  /** Keeps what is known at the end of a second. */
  close(second: number): void {
    this.#grown.write(second, this.#growth);
  }

  /** First second that knows it; −1 before. */
  get first(): number {
    return this.#grown.first;
  }

  /** Growth since the hub first saw it, at the end of `second`. */
  grownAt(second: number): number {
    const grown = this.#grown.read(second);
    return grown === grown ? grown : 0;
  }

  /** The absolute value at the end of `second`; NaN where the series did not exist. */
  totalAt(second: number): number {
    const grown = this.#grown.read(second);
    if (grown !== grown || second >= this.retiredAt) return Number.NaN;
    let offset = this.#offsets[0]?.offset ?? 0;
    for (const step of this.#offsets) if (step.second <= second) offset = step.offset;
    return grown + offset;
  }

  #setOffset(second: number, offset: number): void {
    const newest = this.#offsets.at(-1);
    // Sums of fractions differ in their last digits; whole counts are exact.
    if (newest !== undefined && Math.abs(newest.offset - offset) <= 1e-9 * Math.abs(this.value)) return;
    if (newest?.second === second) newest.offset = offset;
    else this.#offsets.push({ second, offset });
    if (this.#offsets.length > MAX_OFFSETS) this.#offsets.shift();
  }
}

/** A gauge of one process. */
export class TrackedGauge implements TrackedBase {
  readonly kind = "gauge";
  readonly series: Series;
  readonly key: string;
  retiredAt: number = Infinity;
  keyframe = 0;
  dirty = false;
  seen = false;
  /** Newest reading; NaN when it could not be read. */
  value: number = Number.NaN;
  readonly #track: NumberTrack;

  constructor(series: Series, key: string, slots: number) {
    this.series = series;
    this.key = key;
    this.#track = new NumberTrack(slots);
  }

  /** Takes a reading. */
  take(value: number): void {
    this.value = value;
  }

  /** Keeps what is known at the end of a second. */
  close(second: number): void {
    this.#track.write(second, this.value);
  }

  /** The reading at the end of `second`; NaN when unknown. */
  at(second: number): number {
    return second >= this.retiredAt ? Number.NaN : this.#track.read(second);
  }
}

/** A distribution of one process. */
export class TrackedHistogram implements TrackedBase {
  readonly kind = "histogram";
  readonly series: Series;
  readonly key: string;
  retiredAt: number = Infinity;
  keyframe = 0;
  dirty = false;
  seen = false;
  /** Newest absolute state. Never changed in place: each snapshot brings a new one. */
  value: Histogram = new Histogram();
  /** How much of it came from distributions that were folded into this one; replaced, never changed. */
  folded: Histogram | null = null;
  /** What was recorded in each second. */
  readonly log: BucketLog;
  readonly #counts: NumberTrack;
  #grown = 0;
  /** State up to which the log knows; `null` for nothing yet. */
  #logged: Histogram | null = null;
  /** Growth of an earlier life, not yet logged. */
  #pending: Histogram | null = null;
  #fold: Histogram | null = null;

  constructor(series: Series, key: string, slots: number, budget: ByteBudget) {
    this.series = series;
    this.key = key;
    this.log = new BucketLog(slots, budget);
    this.#counts = new NumberTrack(slots);
  }

  /** Takes an absolute state. One with less in it than the last says that counting began anew. */
  take(value: Histogram, arrival: Arrival): void {
    if (value.count < this.value.count) this.restart();
    if (this.#fold !== null) {
      this.#logged = merged(this.#logged, this.#fold);
      this.folded = merged(this.folded, this.#fold);
      this.#fold = null;
    }
    this.value = value;
    if (arrival === "baseline") this.#logged = value;
  }

  /** The process counts from zero from now on. */
  restart(): void {
    const { value } = this;
    if (value.count > (this.#logged?.count ?? 0)) {
      const rest = this.#logged === null ? value : value.since(this.#logged);
      if (this.#pending === null) this.#pending = rest.clone();
      else this.#pending.merge(rest);
    }
    this.value = new Histogram();
    this.#logged = this.#fold = this.folded = null;
  }

  /** The next state includes that of `other`, which ends; that is no growth. */
  absorb(other: TrackedHistogram): void {
    this.#fold = merged(this.#fold, other.value);
  }

  /** Keeps what was recorded within a second. */
  close(second: number, writer: ByteWriter): void {
    const pending = this.#pending;
    let entry: Uint8Array | null;
    if (pending === null) {
      entry = encodeGrowth(writer, this.value, this.#logged);
      this.#grown += Math.max(0, this.value.count - (this.#logged?.count ?? 0));
    } else {
      pending.merge(this.#logged === null ? this.value : this.value.since(this.#logged));
      entry = encodeGrowth(writer, pending, null);
      this.#grown += pending.count;
    }
    if (entry !== null) this.log.append(second, entry);
    this.#counts.write(second, this.#grown);
    this.#logged = this.value;
    this.#pending = null;
  }

  /** First second that knows it; −1 before. */
  get first(): number {
    return this.#counts.first;
  }

  /** Observations since the hub first saw it, at the end of `second`. */
  grownAt(second: number): number {
    const grown = this.#counts.read(second);
    return grown === grown ? grown : 0;
  }
}

function merged(one: Histogram | null, other: Histogram): Histogram {
  const both = other.clone();
  if (one !== null) both.merge(one);
  return both;
}

/** Any series of one process. */
export type Tracked = TrackedCounter | TrackedGauge | TrackedHistogram;
