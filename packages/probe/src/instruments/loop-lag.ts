/** How late the event loop is, as its sampler saw it last. */
export class LoopLag {
  /** When the sampler is due next, ms of the monotonic clock; `null` while none runs. */
  #dueAt: number | null = null;
  #late = 0;
  #lateBefore = 0;

  /** The sampler ran so many ms late, and is due again at `dueAt`. */
  sampled(lateMs: number, dueAt: number): void {
    this.#lateBefore = this.#late;
    this.#late = lateMs;
    this.#dueAt = dueAt;
  }

  /** What an event handled at `at` (ms, monotonic) waited for the loop at most, seconds; `null` when not known. */
  around(at: number): number | null {
    if (this.#dueAt === null) return null;
    return Math.max(this.#late, this.#lateBefore, at - this.#dueAt) / 1000;
  }
}
