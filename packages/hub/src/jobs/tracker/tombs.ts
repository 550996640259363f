/** Ends that are remembered; twice as many at most. */
const MAX_ENDS = 50_000;

/** Remembers, of jobs that are not in memory any more, that and when they ended: what is told of them late is no news. */
export class Tombs {
  #newer = new Map<string, number>();
  #older = new Map<string, number>();

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
