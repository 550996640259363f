import type { JobEvent } from "@wsight/protocol";

/** Ends that are remembered; twice as many at most. */
const MAX_ENDS = 50_000;
/** Jobs that were removed before anything else was heard of them. */
const MAX_EARLY = 10_000;
/** Lives of one of them that are told apart. */
const MAX_LIVES = 4;

/**
 * Remembers, of jobs that are not in memory, that and when they ended: what is told of them late is no news. A job that
 * is removed and was never heard of makes no job, but may have been heard of too early.
 */
export class Tombs {
  #newer = new Map<string, number>();
  #older = new Map<string, number>();

  readonly #early = new Map<string, readonly JobEvent[]>();

  /** An unknown job was removed. */
  addEarly(key: string, event: JobEvent): void {
    this.#early.set(key, [...(this.#early.get(key) ?? []), event].slice(-MAX_LIVES));
    const oldest = this.#early.size > MAX_EARLY ? this.#early.keys().next().value : undefined;
    if (oldest !== undefined) this.#early.delete(oldest);
  }

  /** That a job was removed: one event for each of its lives, once. */
  takeEarly(key: string): readonly JobEvent[] {
    const events = this.#early.get(key) ?? [];
    if (events.length > 0) this.#early.delete(key);
    return events;
  }

  /** A job that ended is forgotten otherwise. */
  add(key: string, endedAt: number): void {
    if (this.#newer.size >= MAX_ENDS) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(key, endedAt);
  }

  /** When a job ended, ms epoch; `null` for one that is not remembered. */
  endOf(key: string): number | null {
    return this.#newer.get(key) ?? this.#older.get(key) ?? null;
  }
}
