import type { QueryRow } from "@wsight/protocol";

/** Statements by their shape: which there are, how often they run, what they take. Bounded. */
export class QueryBook {
  /** Grows when something was noted. */
  version = 0;
  /** Shapes seen, those that found no place included. */
  total = 0;

  /** The shapes that took most time, at most so many. */
  rows(_limit: number): readonly QueryRow[] {
    return [];
  }

  /** Begins anew. */
  reset(): void {
    this.version++;
  }
}
