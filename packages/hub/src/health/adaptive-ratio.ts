import { wilsonLowerBound } from "../alerts/observe/wilson.ts";

/** Windows that are looked at, seconds, shortest first: many events need a short one, few a long one. */
const WINDOWS = [30, 60, 300, 1800] as const;
const LONGEST = 1800;
/** Quantile of the normal distribution: it is looked each second, so that chance has many tries (see bench/alerts/health.mjs). */
const Z = 4;
/** Fewer bad events prove nothing. */
const MIN_BAD = 4;

/** What a ratio came to in the window that proves most. */
export interface RatioFinding {
  /** The share of bad events in that window; `null` while it holds none. */
  readonly ratio: number | null;
  /** The window, seconds. */
  readonly windowSec: number;
  readonly bad: number;
  readonly total: number;
}

/**
 * A ratio of bad events whose window suits how many there are: of the trailing
 * 30 s, 1 min, 5 min and 30 min, the shortest counts whose Wilson lower bound
 * (z = 4, at least four bad events) is above a limit. So an outage of a busy
 * server is seen within seconds, and one of four messages that failed at night
 * is no outage.
 *
 * Memory is fixed: 1800 seconds of two sums.
 */
export class AdaptiveRatio {
  /** Sums up to the end of each of the newest seconds, in a ring one longer than the longest window. */
  readonly #bad = new Float64Array(LONGEST + 1);
  readonly #total = new Float64Array(LONGEST + 1);
  #second: number | null = null;
  #badSum = 0;
  #totalSum = 0;
  #begunAt = 0;

  /** Adds what came in the second that starts at `at` (ms epoch); seconds that were left out had nothing. */
  add(at: number, bad: number, total: number): void {
    const second = Math.floor(at / 1000);
    if (this.#second === null || second < this.#second || second - this.#second > LONGEST) this.#begin(second);
    for (let s = (this.#second ?? second) + 1; s < second; s++) this.#write(s);
    this.#badSum += bad;
    this.#totalSum += total;
    this.#write(second);
    this.#second = second;
  }

  /** True when the ratio is above `limit` for sure, and in which window. */
  exceeds(limit: number): RatioFinding | null {
    for (const windowSec of WINDOWS) {
      const finding = this.over(windowSec);
      if (finding.bad >= MIN_BAD && wilsonLowerBound(finding.bad, finding.total, Z) > limit) return finding;
    }
    return null;
  }

  /** The ratio over the trailing `windowSec`, as far as it reaches. */
  over(windowSec: number): RatioFinding {
    const end = this.#second;
    if (end === null) return { ratio: null, windowSec, bad: 0, total: 0 };
    const from = Math.max(this.#begunAt - 1, end - windowSec) % this.#bad.length;
    const bad = this.#badSum - (this.#bad[from] as number);
    const total = this.#totalSum - (this.#total[from] as number);
    return { ratio: total > 0 ? bad / total : null, windowSec, bad, total };
  }

  #begin(second: number): void {
    this.#badSum = this.#totalSum = 0;
    this.#begunAt = second;
    this.#write(second - 1);
    this.#second = second - 1;
  }

  #write(second: number): void {
    const slot = second % this.#bad.length;
    this.#bad[slot] = this.#badSum;
    this.#total[slot] = this.#totalSum;
  }
}
