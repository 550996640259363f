import type { LoadResult } from "@wsight/protocol";
import { SLICE_MS } from "./messages.ts";
import { Tally } from "./tally.ts";

/** Rows that are kept at most; a longer run has rows of more than a second. */
const MAX_ROWS = 3600;

interface Row {
  readonly tally: Tally;
  /** Most connections that each process had open. */
  readonly connected: Map<number, number>;
}

/** What happened when, over all processes of a run. */
export class Timeline {
  #rows: Row[] = [];
  #secondsARow = 1;

  /** Adds what a process counted in the quarter of a second that ended `at` ms after the start. */
  add(process: number, at: number, connected: number, tally: Tally): void {
    const second = Math.floor(Math.max(0, at - SLICE_MS / 2) / 1000);
    const place = Math.floor(second / this.#secondsARow);
    while (this.#rows.length <= place) this.#rows.push({ tally: new Tally(), connected: new Map() });
    const row = this.#rows[place];
    row?.tally.add(tally);
    row?.connected.set(process, Math.max(connected, row.connected.get(process) ?? 0));
    if (this.#rows.length > MAX_ROWS) this.#halve();
  }

  /** The rows so far. */
  rows(): LoadResult["timeline"] {
    return this.#rows.map(({ tally, connected }, place) => ({
      second: place * this.#secondsARow,
      connected: [...connected.values()].reduce((sum, count) => sum + count, 0),
      sent: tally.sent,
      answered: tally.answered,
      lost: tally.lost,
      p50: tally.latency.quantile(0.5),
      p95: tally.latency.quantile(0.95),
      max: tally.latency.count > 0 ? tally.latency.max : null,
    }));
  }

  #halve(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#secondsARow *= 2;
    for (let i = 0; i < rows.length; i += 2) {
      const [first, second] = [rows[i], rows[i + 1]];
      if (first === undefined) return;
      if (second !== undefined) {
        first.tally.add(second.tally);
        for (const [process, count] of second.connected)
          first.connected.set(process, Math.max(count, first.connected.get(process) ?? 0));
      }
      this.#rows.push(first);
    }
  }
}
