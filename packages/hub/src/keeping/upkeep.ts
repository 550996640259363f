/** What is told of work that nobody waits for. */
interface UpkeepEvents {
  /** It failed; the same reason is told once, until something worked again. */
  readonly onTrouble: (reason: string) => void;
  /** Something worked again. */
  readonly onWell: () => void;
}

/** Work of a process that nobody waits for: it is tried, and what goes wrong is told once. */
export class Upkeep {
  readonly #events: UpkeepEvents;
  #fault: string | null = null;
  #ended = false;

  constructor(events: UpkeepEvents) {
    this.#events = events;
  }

  /** Tries it; nothing is begun after the end. Never rejects. */
  async attempt(work: () => Promise<void>): Promise<void> {
    if (this.#ended) return;
    try {
      await work();
      if (this.#fault !== null) this.#events.onWell();
      this.#fault = null;
    } catch (error) {
      this.trouble(error);
    }
  }

  /** Something went wrong elsewhere. */
  trouble(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#fault || this.#ended) return;
    this.#fault = reason;
    this.#events.onTrouble(reason);
  }

  /** From now on nothing is tried, and nothing is told. */
  end(): void {
    this.#ended = true;
  }
}
