import { Upkeep } from "../../../keeping/upkeep.ts";
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
  readonly #upkeep: Upkeep;
  readonly #timers: readonly NodeJS.Timeout[];
  #pruning: Promise<void> | null = null;
  /** Since the tables were pruned last. */
  #endedSince = 0;
  #closing: Promise<void> | null = null;

  constructor(parts: LedgerWorkParts) {
    const { tables, now } = parts;
    this.#parts = parts;
    this.#upkeep = new Upkeep({
      onTrouble: (reason) => parts.report({ type: "trouble", reason }),
      onWell: () => parts.report({ type: "well" }),
    });
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
      setInterval(() => void this.#upkeep.attempt(() => tables.beat(now())), BEAT_MS),
      setInterval(() => this.#prune(), PRUNE_MS),
    ];
    void this.#upkeep.attempt(() => tables.beat(now())).then(() => this.#prune());
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
    this.#pruning = this.#upkeep
      .attempt(() => tables.prune(now()))
      .finally(() => {
        this.#pruning = null;
      });
  }

  async #shutDown(): Promise<void> {
    this.#upkeep.end();
    for (const timer of this.#timers) clearInterval(timer);
    await this.#parts.tables.close();
  }
}
