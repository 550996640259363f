import type { Timeline } from "./timeline.ts";

const ABSENT = 0;
const SILENT = 1;
const KNOWN = 2;
/** History spreads growth that took longer over this many seconds at most. */
const MAX_SPREAD = 300;

/**
 * What is known of one node in each second: whether it was there, and which
 * time its snapshots cover. Rates divide by the time that was really covered,
 * so neither a timer that drifts nor a hole turns into a false rate.
 */
export class Presence {
  readonly #timeline: Timeline;
  readonly #born: number;
  readonly #state: Uint8Array;
  /** Milliseconds covered since it was born, at the end of each second. */
  readonly #coveredMs: Float64Array;
  /** The second whose snapshot says the rates of this second; 0 when none does. */
  readonly #freshAt: Uint32Array;
  /** Seconds known since it was born, at the end of each second. */
  readonly #knownSeconds: Uint32Array;
  /** The seconds that the growth of each second took: what history spreads it over; 0 where nothing can have grown. */
  readonly #took: Uint16Array;
  /** All of them since it was born, at the end of each second. */
  readonly #tookSeconds: Uint32Array;
  #covered = 0;
  #lastFresh = 0;
  #known = 0;
  #grown = 0;
  #lastGrowth = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#born = timeline.open;
    this.#state = new Uint8Array(timeline.slots);
    this.#coveredMs = new Float64Array(timeline.slots);
    this.#freshAt = new Uint32Array(timeline.slots);
    this.#knownSeconds = new Uint32Array(timeline.slots);
    this.#took = new Uint16Array(timeline.slots);
    this.#tookSeconds = new Uint32Array(timeline.slots);
  }

  /** A snapshot covered this time; 0 when it only tells where counting goes on from. */
  cover(ms: number): void {
    this.#covered += ms;
  }

  /** `second` ends and had a snapshot. */
  fresh(second: number): void {
    this.#lastFresh = second;
    this.#write(second, KNOWN, this.#lastFresh);
    const covered = this.coveredMs(second);
    if (!(covered > 0)) return;
    const silent = this.#lastGrowth === 0 ? 1 : second - this.#lastGrowth;
    this.#lastGrowth = second;
    const took = Math.max(1, Math.min(MAX_SPREAD, silent, Math.round(covered / 1000)));
    const slot = second % this.#timeline.slots;
    this.#took[slot] = took;
    this.#grown += took;
    this.#tookSeconds[slot] = this.#grown;
  }

  /** `second` ends without a snapshot, none being overdue; rates go on while `inTime`. */
  waiting(second: number, inTime: boolean): void {
    this.#write(second, KNOWN, inTime ? this.#lastFresh : 0);
  }

  /** `second` ends with the node overdue. */
  silent(second: number): void {
    this.#write(second, SILENT, 0);
  }

  /** `second` ends and the node is gone: nothing happens there, which is known. */
  gone(second: number): void {
    this.#covered += 1000;
    this.#write(second, ABSENT, 0);
  }

  /** True when its gauges count in `second`. */
  known(second: number): boolean {
    return second >= this.#born && this.#state[second % this.#timeline.slots] === KNOWN;
  }

  /** True when its totals count in `second`: it is known or silent. */
  there(second: number): boolean {
    return second >= this.#born && this.#state[second % this.#timeline.slots] !== ABSENT;
  }

  /** The second whose growth says the rate in `second`; 0 when the rate is not known. */
  freshAt(second: number): number {
    if (second < this.#born) return 0;
    const fresh = this.#freshAt[second % this.#timeline.slots] as number;
    return fresh > second - this.#timeline.slots + 1 ? fresh : 0;
  }

  /** Milliseconds that the snapshot of `second` covers. */
  coveredMs(second: number): number {
    return this.#coveredAt(second) - this.#coveredAt(second - 1);
  }

  /**
   * Milliseconds accounted for in the `seconds` up to `second`, of those that
   * the hub has seen: covered by snapshots, or known to lie before or after
   * the node's life.
   */
  elapsedMs(second: number, seconds: number): number {
    const from = Math.max(second - seconds, this.#timeline.first - 1);
    return this.#coveredAt(second) - this.#coveredAt(from);
  }

  /** How many of the seconds after `from` up to `second` it was known in. */
  knownBetween(from: number, second: number): number {
    return this.#read(this.#knownSeconds, second) - this.#read(this.#knownSeconds, from);
  }

  /** How many seconds the growth of `second` took; 0 when nothing can have grown in it. */
  took(second: number): number {
    return second < this.#born ? 0 : (this.#took[second % this.#timeline.slots] as number);
  }

  /** The sum of {@link took} of the seconds after `from` up to `second`. */
  tookBetween(from: number, second: number): number {
    return this.#read(this.#tookSeconds, second) - this.#read(this.#tookSeconds, from);
  }

  /** Oldest second that can be asked for as the one before a window. */
  get before(): number {
    return this.#timeline.oldest - 1;
  }

  #read(counts: Uint32Array, second: number): number {
    return second < this.#born ? 0 : (counts[second % this.#timeline.slots] as number);
  }

  #coveredAt(second: number): number {
    // Before it was born nothing happened, for as long as the hub has watched.
    if (second < this.#born) return (second + 1 - this.#born) * 1000;
    return this.#coveredMs[second % this.#timeline.slots] as number;
  }

  #write(second: number, state: number, freshAt: number): void {
    const slot = second % this.#timeline.slots;
    this.#state[slot] = state;
    this.#coveredMs[slot] = this.#covered;
    this.#freshAt[slot] = freshAt;
    if (state === KNOWN) this.#known++;
    this.#knownSeconds[slot] = this.#known;
    this.#took[slot] = 0;
    this.#tookSeconds[slot] = this.#grown;
  }
}
