const BINS = 12;
/** Runs that speak for what the mixture says by itself. */
const PSEUDO_RUNS = 5;
/** Runs by which the past of a bin is forgotten. */
const FORGET = 1 / 50;

/**
 * Turns the share of runs that the mixture puts within 25 % of its median into
 * the share that really ended there: a table of what came of each share,
 * interpolated between its bins.
 */
export class ConfidenceCorrector {
  /** By bin: runs, and those of them that ended near. */
  readonly counts: Float32Array = new Float32Array(BINS * 2);

  constructor() {
    for (let bin = 0; bin < BINS; bin++) {
      this.counts[2 * bin] = PSEUDO_RUNS;
      this.counts[2 * bin + 1] = (PSEUDO_RUNS * (bin + 0.5)) / BINS;
    }
  }

  /** 0–1. */
  correct(near: number): number {
    const [bin, next] = placeOf(near);
    return this.#shareOf(bin) * (1 - next) + this.#shareOf(bin + 1) * next;
  }

  /** Learns from a run that was near or not; `weight` of one run or less. */
  learn(near: number, hit: boolean, weight: number): void {
    const [bin, next] = placeOf(near);
    this.#count(bin, weight * (1 - next), hit);
    this.#count(bin + 1, weight * next, hit);
  }

  #shareOf(bin: number): number {
    return (this.counts[2 * bin + 1] ?? 0) / (this.counts[2 * bin] ?? 1);
  }

  #count(bin: number, weight: number, hit: boolean): void {
    const keep = 1 - weight * FORGET;
    this.counts[2 * bin] = (this.counts[2 * bin] ?? 0) * keep + weight;
    this.counts[2 * bin + 1] = (this.counts[2 * bin + 1] ?? 0) * keep + (hit ? weight : 0);
  }
}

/** The lower of the two bins it lies between, and how near it is to the upper. */
function placeOf(near: number): readonly [bin: number, next: number] {
  const place = near * BINS - 0.5;
  const bin = Math.min(BINS - 2, Math.max(0, Math.floor(place)));
  return [bin, Math.min(1, Math.max(0, place - bin))];
}
