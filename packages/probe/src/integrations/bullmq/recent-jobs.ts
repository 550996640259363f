/** Jobs that are remembered. */
const MAX_RECENT = 5000;

/**
 * The newest jobs that this process told of when it added them, so that its own workers need not tell of them again.
 * Bounded: one that is forgotten is told twice, which is harmless.
 */
export class RecentJobs {
  readonly #createdAt = new Map<string, number>();

  /** Remembers one. */
  add(queue: string, job: string, createdAt: number): void {
    const name = nameOf(queue, job);
    this.#createdAt.delete(name);
    this.#createdAt.set(name, createdAt);
    if (this.#createdAt.size <= MAX_RECENT) return;
    for (const oldest of this.#createdAt.keys()) {
      this.#createdAt.delete(oldest);
      return;
    }
  }

  /** When it was added, ms epoch; `null` for one that is not remembered. */
  createdAt(queue: string, job: string): number | null {
    return this.#createdAt.get(nameOf(queue, job)) ?? null;
  }

  /** Forgets one. */
  delete(queue: string, job: string): void {
    this.#createdAt.delete(nameOf(queue, job));
  }
}

function nameOf(queue: string, job: string): string {
  return `${queue}\u0000${job}`;
}
