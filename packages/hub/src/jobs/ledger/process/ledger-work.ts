import type { JobTables, KeptBatch } from "../job-tables.ts";
import type { LedgerCalls, LedgerEvent } from "./messages.ts";

const BEAT_MS = 30_000;
const PRUNE_MS = 3_600_000;
/** Jobs that ended after which that is not waited for. */
const PRUNE_JOBS = 50_000;

/** What the work is made from. */
export interface LedgerWorkParts {
  readonly tables: JobTables;
  readonly now: () => number;
  readonly report: (event: LedgerEvent) => void;
}

/** Answers to all calls. */
type Answers = {
  readonly [Call in keyof LedgerCalls]: (
    argument: LedgerCalls[Call]["argument"],
  ) => Promise<LedgerCalls[Call]["answer"]>;
};

/** Everything the ledger's process does: answers calls from the tables, and looks after them. */
export class LedgerWork {
  readonly answers: Answers;
  readonly #parts: LedgerWorkParts;
  readonly #timers: readonly NodeJS.Timeout[];
  #pruning: Promise<void> | null = null;
  /** Since the tables were pruned last. */
  #endedSince = 0;
  #fault: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(parts: LedgerWorkParts) {
    const { tables, now } = parts;
    this.#parts = parts;
    this.answers = {
      save: (batch) => this.#save(batch),
      load: (after) => tables.load(after),
      ended: (query) => tables.ended(query),
      find: ([queue, id]) => tables.find(queue, id),
      close: async () => {
        await this.close();
        return null;
      },
    };
    this.#timers = [
      setInterval(() => void this.#attempt(() => tables.beat(now())), BEAT_MS),
      setInterval(() => this.#prune(), PRUNE_MS),
    ];
    void this.#attempt(() => tables.beat(now())).then(() => this.#prune());
  }

  /** Closes the tables; safe to call twice. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #save(batch: KeptBatch): Promise<null> {
    await this.#parts.tables.save(batch);
    this.#endedSince += batch.jobs.filter(({ ended }) => ended !== null).length;
    if (this.#endedSince >= PRUNE_JOBS) this.#prune();
    return null;
  }

  /** One at a time: its slices give way to each call that comes meanwhile. */
  #prune(): void {
    if (this.#pruning !== null) return;
    const { tables, now } = this.#parts;
    this.#endedSince = 0;
    this.#pruning = this.#attempt(() => tables.prune(now())).finally(() => {
      this.#pruning = null;
    });
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.#closing !== null) return;
    try {
      await work();
      if (this.#fault !== null) this.#parts.report({ type: "well" });
      this.#fault = null;
    } catch (error) {
      this.#trouble(error);
    }
  }

  /** The same once, until something worked again. */
  #trouble(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    if (reason === this.#fault || this.#closing !== null) return;
    this.#fault = reason;
    this.#parts.report({ type: "trouble", reason });
  }

  async #shutDown(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await this.#parts.tables.close();
  }
}
