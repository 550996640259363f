const BINS = 512;

/** A distribution over logarithms, on even bins between two bounds that are set for each use: no allocation. */
export class LogGrid {
  readonly #mass = new Float64Array(BINS);
  #from = 0;
  #step = 1;
  #total = 0;
  /** Mass of each bin and those above it, once it is asked for. */
  readonly #above = new Float64Array(BINS);
  #summed = false;

  /** Empties it and sets its bounds. */
  clear(from: number, to: number): void {
    this.#mass.fill(0);
    this.#from = from;
    this.#step = Math.max(1e-6, (to - from) / BINS);
    this.#summed = false;
  }

  /** Adds the same mass at each of some places around one. All must be within the bounds: what is outside is lost. */
  add(at: number, offsets: Float64Array, mass: number): void {
    const bins = this.#mass;
    const perStep = 1 / this.#step;
    const place = (at - this.#from) * perStep;
    for (let part = 0; part < offsets.length; part++) {
      const bin = (place + (offsets[part] ?? 0) * perStep) | 0;
      bins[bin] = (bins[bin] ?? 0) + mass;
    }
    this.#summed = false;
  }

  get end(): number {
    return this.#from + BINS * this.#step;
  }

  /** Where a share of all mass lies below. */
  quantile(share: number): number {
    this.#sum();
    const above = (1 - share) * this.#total;
    let low = 0;
    let high = BINS;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#above[middle] ?? 0) >= above) low = middle;
      else high = middle;
    }
    const mass = this.#mass[low] ?? 0;
    const within = mass === 0 ? 0 : ((this.#above[low] ?? 0) - above) / mass;
    return this.#from + (low + Math.min(1, within)) * this.#step;
  }

  /** Share of all mass above a place. */
  above(at: number): number {
    this.#sum();
    const place = (at - this.#from) / this.#step;
    if (place <= 0) return 1;
    if (place >= BINS || this.#total === 0) return 0;
    const bin = Math.floor(place);
    return ((this.#above[bin] ?? 0) - (place - bin) * (this.#mass[bin] ?? 0)) / this.#total;
  }

  #sum(): void {
    if (this.#summed) return;
    let sum = 0;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      sum += this.#mass[bin] ?? 0;
      this.#above[bin] = sum;
    }
    this.#total = sum;
    this.#summed = true;
  }
}
