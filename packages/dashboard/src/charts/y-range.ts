const SHRINK_AFTER_MS = 10_000;
const SHRINK_BELOW = 0.6;

/**
 * The top of a chart's y-axis. It grows at once when a value would not fit,
 * and shrinks only after everything stayed below 60 % of it for 10 s, so that
 * the axis does not jump with every spike that leaves the window.
 */
export class YRange {
  #top = 0;
  #lowSince: number | null = null;

  /** Top of the axis for a window whose highest value is `max`, at the time `now` (ms). */
  next(max: number, now: number): number {
    // Nothing but zeros says nothing about the scale.
    if (!(max > 0)) return this.#top === 0 ? 1 : this.#top;
    const wanted = roundTop(max);
    if (wanted >= this.#top || this.#top === 0) return this.#set(wanted);
    if (max > this.#top * SHRINK_BELOW) {
      this.#lowSince = null;
      return this.#top;
    }
    this.#lowSince ??= now;
    return now - this.#lowSince >= SHRINK_AFTER_MS ? this.#set(wanted) : this.#top;
  }

  #set(top: number): number {
    this.#top = top;
    this.#lowSince = null;
    return top;
  }
}

/** Distance of the grid lines that gives three to six of them up to `top`. */
function gridStep(top: number): number {
  const rough = top / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const digit = rough / power;
  return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 2.5 ? 2.5 : digit <= 5 ? 5 : 10);
}

/** Grid lines from zero to `top`. */
export function gridLines(top: number): number[] {
  const step = gridStep(top);
  return Array.from({ length: Math.floor(top / step + 1e-6) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

function roundTop(max: number): number {
  const half = gridStep(max * 1.08) / 2;
  return Math.ceil((max * 1.08) / half) * half;
}
