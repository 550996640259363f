import type { LiveTailRow } from "@wsight/protocol";
import type { TailBatch } from "../../state/index.ts";

/** Most rows a tail keeps, and most it holds back. */
export const MOST_ROWS = 500;

/** A message with a number that names it in the list. */
export interface NumberedRow extends LiveTailRow {
  readonly number: number;
}

/**
 * The messages a live tail shows, newest first. `flowing`: what comes is shown
 * at once. `holding`: what is shown stands still for whoever reads it, and what
 * comes is held back and counted until {@link flow}. Both lists keep the newest
 * 500; what falls out of them is counted as gone by.
 */
export class TailBuffer {
  /** Newest first. */
  rows: readonly NumberedRow[] = [];
  /** Messages that fitted and were not shown, by the hub's count and by what fell out while held. */
  passed = 0;
  #held: readonly NumberedRow[] = [];
  #holding = false;
  #next = 1;

  /** Rows held back. */
  get held(): number {
    return this.#held.length;
  }

  /** Takes what came, oldest first. */
  take({ rows, passed }: TailBatch): void {
    this.passed += passed;
    const numbered = rows.map((row): NumberedRow => ({ ...row, number: this.#next++ })).reverse();
    if (!this.#holding) {
      this.rows = [...numbered, ...this.rows].slice(0, MOST_ROWS);
      return;
    }
    const held = [...numbered, ...this.#held];
    this.passed += Math.max(0, held.length - MOST_ROWS);
    this.#held = held.slice(0, MOST_ROWS);
  }

  /** From now on what comes is held back. */
  hold(): void {
    this.#holding = true;
  }

  /** Shows what was held back, and from now on what comes. */
  flow(): void {
    this.#holding = false;
    if (this.#held.length === 0) return;
    this.rows = [...this.#held, ...this.rows].slice(0, MOST_ROWS);
    this.#held = [];
  }

  /** Forgets all rows and counts. */
  clear(): void {
    this.rows = [];
    this.#held = [];
    this.passed = 0;
  }
}
