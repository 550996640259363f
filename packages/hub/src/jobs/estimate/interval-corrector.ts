import type { RunBasis } from "./estimator.ts";

// How far runs fall from their median, counted in the width that was expected
// of them: the interval is stretched until nine of ten past runs fell short of
// either end (conformalized quantiles). Counted apart by how wide it was,
// since wide ones are wrong in other ways than narrow ones, and shrunken to
// what is true of all together while there are few.

/** Classes of width. */
const CLASS_BOUNDS = [0.2, 0.5, 1.1, 2.4] as const;
const CLASSES = CLASS_BOUNDS.length + 1;
const BINS = 32;
const LEAST = 0.05;
const MOST = 50;
const ENDS = 2;
/** Runs by which the past counts for half: 400 runs are nearly all there is. */
const FORGET = 1 / 200;
/** While too many of the newest fall outside, the past is forgotten sooner. */
const FORGET_IN_DRIFT = 1 / 40;
const DRIFT_FROM = 0.4;
const NEWEST_SHARE = 1 / 20;
const PSEUDO_RUNS = 15;
/** Before anything is known, in widths: what a normal one would have, and something for what is not normal. */
const FIRST = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.9, 1.1, 1.8] as const;
const NOMINAL = 0.9;
const OUTSIDE = 0.2;
const STEP = Math.log(MOST / LEAST) / (BINS - 2);

/** Stretches the intervals of one queue. */
export class IntervalCorrector {
  /** All together first, then by class; each below and above; each of `BINS` counts. */
  readonly counts: Float32Array = new Float32Array((1 + CLASSES) * ENDS * BINS);
  /** Share of the newest runs that fell outside. */
  outside: number = OUTSIDE;

  constructor() {
    for (let end = 0; end < ENDS; end++) {
      for (const score of FIRST) {
        const place = end * BINS + binOf(score);
        this.counts[place] = (this.counts[place] ?? 0) + 1;
      }
    }
  }

  /** How far the ends are from the median, as logarithms. */
  stretch(basis: RunBasis): readonly [below: number, above: number] {
    const group = 1 + classOf(basis);
    return [basis.below * this.#quantile(group, 0), basis.above * this.#quantile(group, 1)];
  }

  /** Learns from a run that took `log`, `outside` of what had been said or not; `weight` of one run or less. */
  learn(basis: RunBasis, log: number, outside: boolean, weight: number): void {
    this.outside += NEWEST_SHARE * weight * ((outside ? 1 : 0) - this.outside);
    const forget = this.outside > DRIFT_FROM ? FORGET_IN_DRIFT : FORGET;
    const away = log - basis.median;
    for (const group of [0, 1 + classOf(basis)]) {
      this.#count(group, 0, -away / basis.below, weight, forget);
      this.#count(group, 1, away / basis.above, weight, forget);
    }
  }

  #count(group: number, end: number, score: number, weight: number, forget: number): void {
    const keep = 1 - weight * forget;
    const first = (group * ENDS + end) * BINS;
    for (let place = first; place < first + BINS; place++) this.counts[place] = (this.counts[place] ?? 0) * keep;
    const place = first + binOf(score);
    this.counts[place] = (this.counts[place] ?? 0) + weight;
  }

  #quantile(group: number, end: number): number {
    const own = (group * ENDS + end) * BINS;
    const all = end * BINS;
    const borrowed = PSEUDO_RUNS / this.#sum(all);
    let left = NOMINAL * (this.#sum(own) + PSEUDO_RUNS);
    for (let bin = 0; bin < BINS; bin++) {
      const mass = (this.counts[own + bin] ?? 0) + borrowed * (this.counts[all + bin] ?? 0);
      if (mass > 0 && mass >= left) return edge(bin) + (left / mass) * (edge(bin + 1) - edge(bin));
      left -= mass;
    }
    return MOST;
  }

  #sum(first: number): number {
    let sum = 0;
    for (let place = first; place < first + BINS; place++) sum += this.counts[place] ?? 0;
    return sum;
  }
}

function classOf(basis: RunBasis): number {
  const width = basis.below + basis.above;
  const place = CLASS_BOUNDS.findIndex((bound) => width < bound);
  return place === -1 ? CLASSES - 1 : place;
}

function binOf(score: number): number {
  if (!(score > LEAST)) return 0;
  return Math.min(BINS - 1, 1 + Math.floor(Math.log(score / LEAST) / STEP));
}

function edge(bin: number): number {
  return bin === 0 ? 0 : LEAST * Math.exp((bin - 1) * STEP);
}
