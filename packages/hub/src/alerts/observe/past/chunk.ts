import type { TierStep } from "@wsight/protocol";

/** A part of the past that is held in memory, in intervals of one tier. */
export interface Chunk {
  /** Start of its first interval, ms epoch. */
  readonly fromAt: number;
  readonly stepMs: TierStep;
  /** How many intervals it has. */
  readonly cells: number;
}

/** A trailing window as intervals of a chunk: from the first up to and without `end`. */
export interface Cells {
  first: number;
  end: number;
}

/** Points `cells` at the window of `seconds` that ends with `second`; what lies before the chunk is cut off. */
export function cellsOf({ fromAt, stepMs, cells: most }: Chunk, second: number, seconds: number, cells: Cells): void {
  cells.end = Math.min(most, Math.max(0, Math.floor(((second + 1) * 1000 - fromAt) / stepMs)));
  cells.first = Math.max(0, cells.end - Math.ceil((seconds * 1000) / stepMs));
}

/** Sums up to each interval: that of a window is a difference. */
export class Sums {
  readonly #upTo: Float64Array;

  constructor(values: Float64Array) {
    const upTo = new Float64Array(values.length + 1);
    let sum = 0;
    for (let i = 0; i < values.length; i++) {
      sum += values[i] as number;
      upTo[i + 1] = sum;
    }
    this.#upTo = upTo;
  }

  of({ first, end }: Cells): number {
    return (this.#upTo[end] as number) - (this.#upTo[first] as number);
  }
}
