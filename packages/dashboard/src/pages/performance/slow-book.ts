import type { SlowEvent } from "./slow-events.ts";

/** Most events remembered. */
const MOST = 1500;
/** Events older than what any heatmap shows are of no use, ms. */
const OLDEST_MS = 900_000;

/**
 * The events that were told since the page was opened. The hub's list holds a
 * few of each duration; here they add up, so that more cells of the heatmap
 * have something to show. Bounded: the oldest go first.
 */
export class SlowBook {
  readonly #events = new Map<string, SlowEvent>();

  /** What is remembered, in no order. */
  get events(): readonly SlowEvent[] {
    return [...this.#events.values()];
  }

  /** Adds a list, in which most are known already. */
  take(rows: readonly SlowEvent[]): void {
    for (const row of [...rows].reverse()) {
      const key = keyOf(row);
      if (!this.#events.has(key)) this.#events.set(key, row);
    }
    const newest = rows.reduce((at, row) => Math.max(at, row.at), 0);
    for (const [key, { at }] of this.#events) {
      if (this.#events.size <= MOST && at >= newest - OLDEST_MS) break;
      this.#events.delete(key);
    }
  }
}

/** What tells an event from others. */
export function keyOf({ node, at, kind, event, connection, seconds }: SlowEvent): string {
  return `${node} ${at} ${kind} ${event} ${connection} ${seconds}`;
}
