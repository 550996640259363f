import type { Attention, Clock } from "../src/connection/environment.ts";

interface Timer {
  readonly id: number;
  readonly at: number;
  readonly run: () => void;
}

/** A clock that moves when told to, with timers and animation frames to match. */
export class HandClock implements Clock {
  #now: number;
  #ids = 0;
  #timers: Timer[] = [];
  #frames = new Map<number, () => void>();
  /** What `random` answers. */
  luck = 0.5;

  constructor(now = 1_800_000_000_000) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  random(): number {
    return this.luck;
  }

  setTimeout(run: () => void, delayMs: number): unknown {
    const timer = { id: ++this.#ids, at: this.#now + delayMs, run };
    this.#timers.push(timer);
    return timer.id;
  }

  clearTimeout(id: unknown): void {
    this.#timers = this.#timers.filter((timer) => timer.id !== id);
  }

  requestFrame(run: () => void): unknown {
    this.#frames.set(++this.#ids, run);
    return this.#ids;
  }

  cancelFrame(id: unknown): void {
    this.#frames.delete(id as number);
  }

  get timers(): number {
    return this.#timers.length;
  }

  get frames(): number {
    return this.#frames.size;
  }

  /** Moves time on and runs what falls due, in order. */
  advance(ms: number): void {
    const until = this.#now + ms;
    for (;;) {
      const due = this.#timers.filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.clearTimeout(due.id);
      this.#now = Math.max(this.#now, due.at);
      due.run();
    }
    this.#now = until;
  }

  /** Paints once. */
  paint(): void {
    const due = [...this.#frames.values()];
    this.#frames.clear();
    for (const run of due) run();
  }
}

/** A tab that is seen or hidden, online or not, when told to. */
export class HandAttention implements Attention {
  #hidden = false;
  #onVisibility = new Set<() => void>();
  #onOnline = new Set<() => void>();

  hidden(): boolean {
    return this.#hidden;
  }

  onVisibility(run: () => void): () => void {
    this.#onVisibility.add(run);
    return () => this.#onVisibility.delete(run);
  }

  onOnline(run: () => void): () => void {
    this.#onOnline.add(run);
    return () => this.#onOnline.delete(run);
  }

  get listeners(): number {
    return this.#onVisibility.size + this.#onOnline.size;
  }

  hide(hidden: boolean): void {
    this.#hidden = hidden;
    for (const run of this.#onVisibility) run();
  }

  comeOnline(): void {
    for (const run of this.#onOnline) run();
  }
}

/** Lets real input and output go on until `holds` does. */
export async function until(holds: () => boolean, what = holds.toString()): Promise<void> {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > 5000) throw new Error(`waited 5 s for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
