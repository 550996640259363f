import type { Timeline } from "./timeline.ts";

const ABSENT = 0;
const SILENT = 1;
const KNOWN = 2;

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
  #covered = 0;
  #lastFresh = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
    this.#born = timeline.open;
    this.#state = new Uint8Array(timeline.slots);
    this.#coveredMs = new Float64Array(timeline.slots);
    this.#freshAt = new Uint32Array(timeline.slots);
  }

  /** A snapshot covered this time; 0 when it only tells where counting goes on from. */
  cover(ms: number): void {
    this.#covered += ms;
  }

  /** `second` ends and had a snapshot. */
  fresh(second: number): void {
    this.#lastFresh = second;
    this.#write(second, KNOWN, this.#lastFresh);
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
  }
}
