/** Jobs of one queue that are remembered, and queues. */
const MAX_RECENT = 5000;
const MAX_QUEUES = 64;

/**
 * The newest jobs that this process told of when it added them and that have not ended here, so that its own workers
 * need not tell of them again. Bounded: one that is forgotten is told twice, which is harmless.
 */
export class RecentJobs {
  readonly #queues = new Map<string, Map<string, number>>();

  /** Remembers one. */
  add(queue: string, job: string, createdAt: number): void {
    const jobs = this.#queues.get(queue) ?? this.#begin(queue);
    jobs.set(job, createdAt);
    if (jobs.size <= MAX_RECENT) return;
    const [oldest] = jobs.keys();
    if (oldest !== undefined) jobs.delete(oldest);
  }

  /** When it was added, ms epoch; `null` for one that is not remembered. */
  createdAt(queue: string, job: string): number | null {
    return this.#queues.get(queue)?.get(job) ?? null;
  }

  /** Forgets one. */
  delete(queue: string, job: string): void {
    this.#queues.get(queue)?.delete(job);
  }

  #begin(queue: string): Map<string, number> {
    const jobs = new Map<string, number>();
    this.#queues.set(queue, jobs);
    const [oldest] = this.#queues.keys();
    if (this.#queues.size > MAX_QUEUES && oldest !== undefined) this.#queues.delete(oldest);
    return jobs;
  }
}
