import type { BroadcastRow } from "@wsight/protocol";

/** Broadcasts kept, the newest. */
const RING = 60;
/** Broadcasts kept of one interval. */
const PER_TICK = 4;

/** Keeps a sample of broadcasts: the first few of each interval. */
export class BroadcastLog {
  /** Broadcasts since the epoch began. */
  total = 0;
  /** Grows with everything kept. */
  version = 0;
  readonly #now: () => number;
  #ring: BroadcastRow[] = [];
  #taken = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a broadcast, and keeps it when it is one of the first. */
  note(namespace: string, recipients: number, seconds: number): void {
    this.total++;
    if (this.#taken >= PER_TICK) return;
    this.#taken++;
    this.version++;
    if (this.#ring.length >= RING) this.#ring.shift();
    this.#ring.push({ at: this.#now(), namespace: namespace.slice(0, 128), recipients, seconds });
  }

  /** Ends an interval. */
  tick(): void {
    this.#taken = 0;
  }

  /** What is kept, oldest first. */
  rows(): BroadcastRow[] {
    return [...this.#ring];
  }

  /** Forgets everything. */
  reset(): void {
    this.total = 0;
    this.version++;
    this.#ring = [];
  }
}
