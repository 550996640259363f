import { nextTurn } from "../../live/turns.ts";
import type { KeptNode } from "../estimate/estimator.ts";
import type { JobLedger, JobRecord } from "../ledger/ledger.ts";
import type { TrackedJob } from "./tracked-job.ts";

/** Between two saves, ms. */
const EVERY_MS = 250;
/** Where a program waits for the answer it is as soon as this, ms: what several tell at once is one save. */
const SOON_MS = 10;
/** Progress alone is kept with every so many saves: a job tells of it often, and little is lost with it. */
const PROGRESS_EVERY = 4;
/** Jobs and nodes that are handed over in one go. */
const SLICE = 500;

/** What is kept, and where. */
export interface KeepingParts {
  readonly ledger: JobLedger;
  readonly toRecord: (job: TrackedJob) => JobRecord;
  /** What was learned since it was last asked. */
  readonly takeNodes: (limit: number) => readonly KeptNode[];
}

/** A promise that is kept later. */
interface Promised {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Hands what changed to the ledger a few times a second, each job once, and says when it is kept. */
export class JobKeeping {
  readonly #parts: KeepingParts;
  #changed = new Set<TrackedJob>();
  /** Of lives that were over before they were kept. */
  #records: JobRecord[] = [];
  #progressed = new Set<TrackedJob>();
  #changedKept: Promised | null = null;
  #progressKept: Promised | null = null;
  #timer: NodeJS.Timeout | null = null;
  #soon: NodeJS.Timeout | null = null;
  #saves = 0;
  /** All that was handed over so far is kept. */
  #saving: Promise<void> = Promise.resolve();
  /** All that is to be kept so far was handed over. */
  #handing: Promise<void> = Promise.resolve();

  constructor(parts: KeepingParts) {
    this.#parts = parts;
  }

  /** A job is not as it was. */
  mark(job: TrackedJob, progressAlone: boolean): void {
    // A ledger without a disk would hold once more what is in memory already.
    if (!job.life.ended && this.#parts.ledger.status().state === "off") return;
    if (!progressAlone) {
      this.#progressed.delete(job);
      this.#changed.add(job);
    } else if (!this.#changed.has(job)) this.#progressed.add(job);
    this.#timer ??= setTimeout(() => this.#saveInTurn(), EVERY_MS).unref();
  }

  /** A job is about to begin a new life: the one before is kept as it is now. */
  put(job: TrackedJob): void {
    if (this.#changed.delete(job)) this.#records.push(this.#parts.toRecord(job));
  }

  /** Resolves once all that was marked up to now is kept. */
  kept(): Promise<void> {
    if (this.#parts.ledger.status().state === "off") return Promise.resolve();
    if (this.#progressed.size > 0) {
      this.#progressKept ??= promise();
      return this.#progressKept.promise;
    }
    return this.#statesKept();
  }

  /** The same of all but progress, and soon: for who does nothing until it is answered. */
  keptSoon(): Promise<void> {
    if (this.#parts.ledger.status().state === "off") return Promise.resolve();
    this.#soon ??= setTimeout(() => this.#save(false), SOON_MS).unref();
    return this.#statesKept();
  }

  /** Hands over what is left. When the ledger is closed, it keeps it, or says that it can't. */
  async close(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#save(true);
    await this.#handing;
  }

  #statesKept(): Promise<void> {
    if (this.#changed.size === 0 && this.#records.length === 0) return this.#saving;
    this.#changedKept ??= promise();
    return this.#changedKept.promise;
  }

  #saveInTurn(): void {
    this.#timer = null;
    this.#save(++this.#saves % PROGRESS_EVERY === 0);
    if (this.#progressed.size > 0) this.#timer ??= setTimeout(() => this.#saveInTurn(), EVERY_MS).unref();
  }

  #save(withProgress: boolean): void {
    if (this.#soon !== null) clearTimeout(this.#soon);
    this.#soon = null;
    const jobs = [...this.#changed, ...(withProgress ? this.#progressed : [])];
    const promised = [this.#changedKept, ...(withProgress ? [this.#progressKept] : [])];
    const records = this.#records;
    this.#changed = new Set();
    this.#records = [];
    this.#changedKept = null;
    if (withProgress) {
      this.#progressed = new Set();
      this.#progressKept = null;
    }
    const before = this.#saving;
    const saves = this.#handing.then(() => this.#handOver(records, jobs));
    this.#handing = saves.then(() => undefined);
    this.#saving = saves.then(async (made) => {
      await Promise.all([before, ...made]);
      for (const one of promised) one?.resolve();
    });
  }

  /** In slices, so that nobody waits for thousands of jobs being put into words. */
  async #handOver(records: readonly JobRecord[], jobs: readonly TrackedJob[]): Promise<Promise<void>[]> {
    const { ledger, toRecord, takeNodes } = this.#parts;
    const saves: Promise<void>[] = [];
    for (let from = 0; from === 0 || from < jobs.length; from += SLICE) {
      if (from > 0) await nextTurn();
      const batch = {
        jobs: [...(from === 0 ? records : []), ...jobs.slice(from, from + SLICE).map(toRecord)],
        nodes: takeNodes(SLICE),
      };
      // What a ledger that is being closed does not take is lost with it, and it says so itself.
      saves.push(ledger.save(batch).catch(() => undefined));
    }
    return saves;
  }
}

/** A promise and how to keep it. */
function promise(): Promised {
  let resolve = (): void => undefined;
  const made = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise: made, resolve };
}
