import { type CollectorRow, TIERS, type Tier } from "@wsight/protocol";
import type { Guard } from "./guard.ts";

/** Something that is read at intervals. */
export interface Pull {
  /** For people: `host`, `redis info cache`. */
  readonly name: string;
  readonly tier: Tier;
  /**
   * Reads, and leaves what it read where gauges find it. A promise is waited
   * for, and no second read begins meanwhile. A throw is counted.
   */
  readonly read: () => void | Promise<void>;
  /** Time of the application's thread one read may take, ms; above, it is moved to the next slower tier. @default 5 */
  readonly budgetMs?: number;
}

/** What pulls run with. */
export interface PullsContext {
  readonly guard: Guard;
  readonly tierMs: Readonly<Record<Tier, number>>;
  /** Monotonic clock, ms. */
  readonly hr: () => number;
  /** Wall clock, ms epoch. */
  readonly now: () => number;
}

interface Entry {
  readonly pull: Pull;
  at: Tier;
  seconds: number;
  reads: number;
  failures: number;
  readAt: number | null;
  note: string | null;
  dueAt: number;
  busy: boolean;
}

const DEFAULT_BUDGET_MS = 5;

/** Reads what is read at intervals: in three tiers, each within its budget of time. */
export class Pulls {
  readonly #context: PullsContext;
  readonly #entries = new Set<Entry>();

  constructor(context: PullsContext) {
    this.#context = context;
  }

  /** Adds a pull and reads it for the first time at the next tick. Returns how to end it. */
  add(pull: Pull): () => void {
    const entry: Entry = {
      pull,
      at: pull.tier,
      seconds: 0,
      reads: 0,
      failures: 0,
      readAt: null,
      note: null,
      dueAt: Number.NEGATIVE_INFINITY,
      busy: false,
    };
    this.#entries.add(entry);
    return () => {
      this.#entries.delete(entry);
    };
  }

  /** Reads what is due; called before each snapshot. */
  tick(): void {
    const now = this.#context.hr();
    for (const entry of this.#entries) if (!entry.busy && now >= entry.dueAt) this.#read(entry, now);
  }

  /** How each of them fares. */
  rows(): readonly CollectorRow[] {
    return [...this.#entries].map(({ pull, at, seconds, reads, failures, readAt, note }) => ({
      name: pull.name,
      tier: pull.tier,
      at,
      intervalMs: this.#context.tierMs[at],
      budgetSeconds: (pull.budgetMs ?? DEFAULT_BUDGET_MS) / 1000,
      seconds,
      reads,
      failures,
      readAt,
      note,
    }));
  }

  #read(entry: Entry, begin: number): void {
    const { guard, hr, now, tierMs } = this.#context;
    entry.dueAt = begin + tierMs[entry.at] - tierMs.fast / 2;
    entry.busy = true;
    const done = (): void => {
      entry.busy = false;
      entry.reads++;
      entry.readAt = now();
    };
    const failed = (error: unknown): void => {
      entry.busy = false;
      entry.failures++;
      guard.fault("gauge", error, entry.pull.name);
    };
    try {
      const result = entry.pull.read();
      if (result === undefined) done();
      else result.then(done, failed);
    } catch (error) {
      failed(error);
    }
    const took = (hr() - begin) / 1000;
    entry.seconds = entry.reads <= 1 ? took : entry.seconds * 0.8 + took * 0.2;
    if (entry.seconds * 1000 > (entry.pull.budgetMs ?? DEFAULT_BUDGET_MS)) this.#demote(entry);
  }

  #demote(entry: Entry): void {
    const slower = TIERS[TIERS.indexOf(entry.at) + 1];
    if (slower === undefined) return;
    entry.at = slower;
    entry.note = `over its budget of ${entry.pull.budgetMs ?? DEFAULT_BUDGET_MS} ms`;
  }
}
