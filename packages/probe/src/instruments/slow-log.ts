import type { SlowRow } from "@wsight/protocol";

/** Slow events kept, the newest. */
const SLOW_RING = 50;
/** Examples kept of each octave of duration, the newest. */
const EXAMPLES = 2;
/** Octaves of microseconds: up to 2^27 µs, 134 s. */
const OCTAVES = 28;
/** Most rows told. */
const MAX_ROWS = 100;

/** What {@link SlowLog} is told of one event. */
export type SlowEvent = Omit<SlowRow, "at">;

/**
 * Keeps what was slow: the newest 50 events above a limit, and of each octave
 * of duration the newest two, so that there is an example for what a
 * distribution shows. Bounded, and most events cost one comparison: of an
 * octave one example a second is taken.
 */
export class SlowLog {
  /** Events above the limit since the epoch began. */
  total = 0;
  /** Grows with everything kept, so that a reader sees that there is something new. */
  version = 0;
  readonly #limit: number;
  readonly #now: () => number;
  /** Octaves of which an example was taken since the last tick. */
  readonly #taken = new Uint8Array(OCTAVES);
  readonly #examples: SlowRow[][] = Array.from({ length: OCTAVES }, () => []);
  #slow: SlowRow[] = [];

  /** @param limitSeconds what is longer is slow */
  constructor(options: { readonly limitSeconds: number; readonly now: () => number }) {
    this.#limit = options.limitSeconds;
    this.#now = options.now;
  }

  /** True when an event of so many seconds should be told to {@link note}. Hot path. */
  wants(seconds: number): boolean {
    return seconds >= this.#limit || this.#taken[octaveOf(seconds)] === 0;
  }

  /** Keeps an event. */
  note(event: SlowEvent): void {
    const row: SlowRow = { at: this.#now(), ...event, event: event.event.slice(0, 256) };
    this.version++;
    const octave = octaveOf(row.seconds);
    if (this.#taken[octave] === 0) {
      this.#taken[octave] = 1;
      keep(this.#examples[octave] as SlowRow[], row, EXAMPLES);
    }
    if (row.seconds < this.#limit) return;
    this.total++;
    keep(this.#slow, row, SLOW_RING);
  }

  /** Ends an interval: of each octave another example may be taken. */
  tick(): void {
    this.#taken.fill(0);
  }

  /** What is kept, oldest first. */
  rows(): SlowRow[] {
    const rows = new Set([...this.#examples.flat(), ...this.#slow]);
    return [...rows].sort((a, b) => a.at - b.at).slice(-MAX_ROWS);
  }

  /** Forgets everything. */
  reset(): void {
    this.total = 0;
    this.version++;
    this.#slow = [];
    for (const examples of this.#examples) examples.length = 0;
  }
}

function octaveOf(seconds: number): number {
  return Math.min(OCTAVES - 1, 31 - Math.clz32(Math.max(1, Math.min(seconds * 1e6, 2 ** 30))));
}

function keep(ring: SlowRow[], row: SlowRow, size: number): void {
  if (ring.length >= size) ring.shift();
  ring.push(row);
}
