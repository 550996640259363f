import { PromqlError } from "./promql-error.ts";

/** Longest stretch without letting others have their turn, ms. */
const SLICE_MS = 8;

/** What one query may take. */
export interface Limits {
  /** ms. */
  readonly timeMs: number;
  /** Stored values read. */
  readonly samples: number;
  /** Series of the store. */
  readonly series: number;
  /** Values made on the way, all steps of all lines. */
  readonly points: number;
  /** Values of the answer. */
  readonly answered: number;
}

/** Unless told otherwise. */
export const DEFAULT_LIMITS: Limits = {
  timeMs: 10_000,
  samples: 20_000_000,
  series: 5000,
  points: 10_000_000,
  answered: 1_000_000,
};

/** Keeps a query from taking more than its share of time and memory, and lets writers in between. */
export class Pacer {
  readonly limits: Limits;
  readonly #signal: AbortSignal;
  readonly #endsAt: number;
  #turnAt: number = performance.now();
  #samples = 0;
  #points = 0;
  #answered = 0;

  constructor(limits: Limits, signal: AbortSignal) {
    this.limits = limits;
    this.#signal = signal;
    this.#endsAt = this.#turnAt + limits.timeMs;
  }

  /** Call it often: it mostly does nothing. @throws PromqlError `timeout`, or the signal's reason */
  async turn(): Promise<void> {
    const now = performance.now();
    if (now - this.#turnAt < SLICE_MS) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#turnAt = performance.now();
    this.#signal.throwIfAborted();
    if (this.#turnAt > this.#endsAt)
      throw new PromqlError("timeout", `query timed out in expression evaluation after ${this.limits.timeMs} ms`);
  }

  /** Counts stored values. @throws PromqlError `execution` */
  spendSamples(count: number): void {
    this.#samples += count;
    if (this.#samples > this.limits.samples) throw tooMuch("samples", this.limits.samples);
  }

  /** Counts values made on the way. @throws PromqlError `execution` */
  spendPoints(count: number): void {
    this.#points += count;
    if (this.#points > this.limits.points) throw tooMuch("points of intermediate results", this.limits.points);
  }

  /** Counts values of the answer. @throws PromqlError `execution` */
  spendAnswer(count: number): void {
    this.#answered += count;
    if (this.#answered <= this.limits.answered) return;
    throw new PromqlError(
      "execution",
      `the answer would hold more than ${this.limits.answered} values: ask for fewer series, or a larger step`,
    );
  }
}

function tooMuch(what: string, most: number): PromqlError {
  return new PromqlError(
    "execution",
    `query processing would load too many ${what} into memory in query execution: at most ${most} are allowed`,
  );
}
