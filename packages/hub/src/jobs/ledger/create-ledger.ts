import { existsSync } from "node:fs";
import { join } from "node:path";
import type { OnHubError } from "../../errors.ts";
import { KeepQueue } from "../../keeping/keep-queue.ts";
import { LateLink } from "../../keeping/late-link.ts";
import { placeOf } from "../../sql/place.ts";
import { BatchPile } from "./batch-pile.ts";
import type { BookCursor, BookPart } from "./job-tables.ts";
import { keepJob, readJob } from "./kept-job.ts";
import type { JobLedger, JobRecord, LedgerBatch, LedgerBook, LedgerStatus } from "./ledger.ts";
import { createMemoryLedger } from "./memory-ledger.ts";
import { createLedgerLink } from "./process/ledger-link.ts";
import type { LedgerCalls, LedgerEvent } from "./process/messages.ts";
import { JOBS_FILE } from "./tables/jobs-file.ts";

/** Where jobs are kept. */
export interface JobLedgerOptions {
  /** The hub's data directory; `null` remembers jobs while the hub lives, unless there is a `store`. */
  readonly dataDir: string | null;
  /** Address of a PostgreSQL, which other hubs may use too: each has jobs of its own. @default `<dataDir>/jobs.db` */
  readonly store?: string | undefined;
  /** Told, with stage `jobs`, of what no caller waits for. */
  readonly onError: OnHubError;
}

/** A ledger, with what tests and the doctor look at. */
export interface ProcessLedger extends JobLedger {
  /** Id of its process; `null` while there is none. */
  readonly pid: number | null;
}

/**
 * Makes the ledger of a hub. Its process is started when there is something to
 * open (250 ms after the start), or with the first that is to be kept; until
 * then nothing is written anywhere.
 */
export function createJobLedger(options: JobLedgerOptions): ProcessLedger {
  if (options.dataDir === null && options.store === undefined) return { ...createMemoryLedger(), pid: null };
  return new LinkedLedger(options);
}

class LinkedLedger implements ProcessLedger {
  readonly #link: LateLink<LedgerCalls, LedgerEvent>;
  readonly #queue = new KeepQueue<LedgerBatch>({
    keep: (batch) => this.#keep(batch),
    pile: () => new BatchPile(),
    closed: "jobs: the ledger is closed",
    isPatient: true,
  });
  /** What was kept is gone: said until the hub is started anew. */
  #loss: string | null = null;
  #beginnings = 0;

  constructor({ dataDir, store, onError }: JobLedgerOptions) {
    this.#link = new LateLink({
      what: "jobs",
      name: "the job ledger",
      isThere: store !== undefined || (dataDir !== null && existsSync(join(dataDir, JOBS_FILE))),
      start: async (hear) => createLedgerLink({ tables: await placeOf(dataDir, store) }, hear),
      hear: (event) => this.#hear(event),
      onError: (error) => onError(error, { stage: "jobs" }),
    });
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  async load(): Promise<LedgerBook | null> {
    if (!this.#link.isThere) return null;
    await this.#link.dueAt;
    const jobs: JobRecord[] = [];
    const nodes: BookPart["nodes"][number][] = [];
    let after: BookCursor | null = null;
    do {
      const part: BookPart = await this.#link.call("load", after);
      for (const job of part.jobs) jobs.push(readJob(job));
      nodes.push(...part.nodes);
      after = part.next;
    } while (after !== null);
    return jobs.length + nodes.length === 0 ? null : { jobs, nodes };
  }

  save: JobLedger["save"] = (batch) => this.#queue.add(batch);

  ended: JobLedger["ended"] = async (query) => {
    if (!this.#link.isThere) return { matched: 0, jobs: [] };
    const { matched, jobs } = await this.#link.call("ended", query);
    return { matched, jobs: jobs.map(readJob) };
  };

  find: JobLedger["find"] = async (queue, id) => {
    const job = this.#link.isThere ? await this.#link.call("find", [queue, id]) : null;
    return job === null ? null : readJob(job);
  };

  status(): LedgerStatus {
    const { state, problem } = this.#link;
    // There is nothing to open yet, and all that comes will be kept.
    return {
      state: state === "off" ? "ok" : state,
      problem: problem ?? this.#loss,
      dropped: this.#queue.dropped,
      beginnings: this.#beginnings,
    };
  }

  close(): Promise<void> {
    return this.#link.close(() => this.#queue.close());
  }

  async #keep({ jobs, nodes }: LedgerBatch): Promise<void> {
    await this.#link.call("save", { jobs: jobs.map(keepJob), nodes });
  }

  #hear(event: LedgerEvent): void {
    switch (event.type) {
      case "set-aside":
        this.#loss = `Jobs that ended before were lost: ${
          event.movedTo === null ? event.reason : `what was damaged is now ${event.movedTo} (${event.reason})`
        }`;
        this.#beginnings++;
        this.#link.tell(this.#loss);
        return;
      case "trouble":
        this.#link.trouble(event.reason);
        return;
      case "well":
        this.#link.well();
    }
  }
}
