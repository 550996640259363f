import type { WindowNode } from "../../../current/window-view.ts";
import { type Cells, type Chunk, cellsOf, Sums } from "./chunk.ts";

/** When one node was known, as its history tells. */
export class PastNode implements WindowNode {
  readonly key: string;
  /** Seconds known in each interval of the chunk; empty when it never said. */
  known: Float64Array = new Float64Array(0);
  /** When its process said goodbye, seconds; oldest first. */
  goodbyes: readonly number[] = [];
  #chunk: Chunk | null = null;
  #sums: Sums | null = null;
  /** Newest second with data before the chunk. */
  #before = -Infinity;
  readonly #cells: Cells = { first: 0, end: 0 };

  constructor(key: string) {
    this.key = key;
  }

  /** Takes the next part of the past. */
  take(chunk: Chunk, known: Float64Array): void {
    if (this.#chunk !== null) this.#before = Math.max(this.#before, this.lastKnown(chunk.fromAt / 1000 - 1, Infinity));
    this.#chunk = chunk;
    this.known = known;
    this.#sums = known.length === 0 ? null : new Sums(known);
  }

  knownSeconds(second: number, seconds: number): number {
    if (this.#chunk === null || this.#sums === null) return 0;
    cellsOf(this.#chunk, second, seconds, this.#cells);
    return this.#sums.of(this.#cells);
  }

  knownIn(second: number): boolean {
    return this.knownSeconds(second, 1) > 0;
  }

  lastKnown(second: number, seconds: number): number {
    const chunk = this.#chunk;
    if (chunk === null) return -Infinity;
    const cells = this.#cells;
    cellsOf(chunk, second, seconds, cells);
    for (let i = cells.end - 1; i >= cells.first; i--) {
      if ((this.known[i] ?? 0) > 0) return (chunk.fromAt + i * chunk.stepMs) / 1000;
    }
    return seconds === Infinity ? this.#before : -Infinity;
  }

  /** True when the newest that is known of it is that it said goodbye; `null` when it was not there at all yet. */
  hasLeft(second: number): boolean | null {
    const last = this.lastKnown(second, Infinity);
    const goodbye = this.goodbyes.findLast((at) => at <= second + 1);
    if (last === -Infinity) return goodbye === undefined ? null : true;
    return goodbye !== undefined && goodbye >= last;
  }
}
