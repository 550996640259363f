import { CONTEXT_DEPTHS, CONTEXTS } from "./contexts.ts";

// Every past run of every context of a job is a component of one mixture. How
// much it weighs depends on its context, on how well the newest runs of that
// context agree, and on how long ago it was; how far around it the next run is
// looked for, on the first two. All weights follow the gradient of the
// likelihood of what runs really took, so that which contexts help is learned
// and not set.

/** How well the newest runs of a context agree: one run only, then by their mean distance from their median. */
export const SPREADS = 5;
const SPREAD_BOUNDS = [0.05, 0.2, 0.6] as const;
/** Ages, in runs of the context: newest, second, 3–4, 5–8, 9–16. */
export const AGES = 5;
const MIDDLE_OF_AGE = [0, 1, 2.5, 5.5, 11] as const;
/** Half widths of the kernels, as logarithms. */
export const WIDTHS: readonly number[] = [0.03, 0.15, 0.6];

const FIRST_BY_DEPTH = 2;
const FIRST_BY_AGE = 0.85;
/** First weights by spread, as logarithms: those that agree weigh more. */
const FIRST_BY_SPREAD = [0, 1, 0.5, 0, -0.5] as const;
const LEARNING_RATE = 0.05;
const FURTHEST = 8;

/** Age class of a run by its place, newest first. */
export const AGE_OF: readonly number[] = Array.from({ length: 16 }, (_, place) => {
  if (place < 2) return place;
  if (place < 4) return 2;
  return place < 8 ? 3 : 4;
});

/** Spread class of the mean distance from the median. */
export function spreadOf(distance: number): number {
  const over = SPREAD_BOUNDS.findIndex((bound) => distance < bound);
  return over === -1 ? SPREADS - 1 : over + 1;
}

/** Weights of the mixture of one queue, and their logarithms. */
export class MixtureWeights {
  /** By context, spread and age. */
  readonly runs: Float64Array = new Float64Array(CONTEXTS.length * SPREADS * AGES);
  /** By context, spread and width: shares. */
  readonly widths: Float64Array = new Float64Array(CONTEXTS.length * SPREADS * WIDTHS.length);
  readonly #runLogs = new Float64Array(this.runs.length);
  readonly #widthLogs = new Float64Array(this.widths.length);

  constructor() {
    this.#runLogs.forEach((_, place) => {
      const spread = Math.floor(place / AGES) % SPREADS;
      const depth = CONTEXT_DEPTHS[Math.floor(place / (AGES * SPREADS))] ?? 0;
      this.#runLogs[place] =
        Math.log(FIRST_BY_DEPTH) * depth +
        Math.log(FIRST_BY_AGE) * (MIDDLE_OF_AGE[place % AGES] ?? 0) +
        (FIRST_BY_SPREAD[spread] ?? 0);
    });
    this.#spreadOut();
  }

  /** Moves the weight of a class of runs along its gradient. */
  moveRun(place: number, gradient: number): void {
    const log = clamp((this.#runLogs[place] ?? 0) + LEARNING_RATE * gradient);
    this.#runLogs[place] = log;
    this.runs[place] = Math.exp(log);
  }

  /** The same for the shares of the widths of a group, `first` being the place of its first. */
  moveWidths(first: number, gradients: Float64Array): void {
    for (let width = 0; width < gradients.length; width++) {
      const moved = (this.#widthLogs[first + width] ?? 0) + LEARNING_RATE * (gradients[width] ?? 0);
      this.#widthLogs[first + width] = clamp(moved);
    }
    this.#shares(first);
  }

  /** As they are kept. */
  logs(): readonly [runs: Float64Array, widths: Float64Array] {
    return [this.#runLogs, this.#widthLogs];
  }

  restore(runs: ArrayLike<number>, widths: ArrayLike<number>): void {
    this.#runLogs.set(Array.from(runs, clamp));
    this.#widthLogs.set(Array.from(widths, clamp));
    this.#spreadOut();
  }

  #spreadOut(): void {
    this.#runLogs.forEach((log, place) => {
      this.runs[place] = Math.exp(log);
    });
    for (let first = 0; first < this.widths.length; first += WIDTHS.length) this.#shares(first);
  }

  #shares(first: number): void {
    let sum = 0;
    for (let at = first; at < first + WIDTHS.length; at++) {
      this.widths[at] = Math.exp(this.#widthLogs[at] ?? 0);
      sum += this.widths[at] ?? 0;
    }
    for (let at = first; at < first + WIDTHS.length; at++) this.widths[at] = (this.widths[at] ?? 0) / sum;
  }
}

function clamp(log: number): number {
  return Math.min(FURTHEST, Math.max(-FURTHEST, log));
}
