import type { JobEvent } from "@wsight/protocol";
import { nextTurn } from "../../live/turns.ts";
import type { JobSource, RestoredJob, TakenJobs } from "../jobs.ts";
import type { JobLedger, LedgerBook } from "../ledger/ledger.ts";
import type { JobKeeping } from "./job-keeping.ts";
import type { Taken, Tracker } from "./tracker.ts";

/** Events that wait for what was kept to be read; further ones find no room. */
const MAX_WAITING = 100_000;
/** Until events are taken although what was kept can't be read, and between two tries to read it, ms. */
const PATIENCE_MS = 5_000;
/** Records that are taken back in one go. */
const SLICE = 1000;
/** Jobs that are looked up in the ledger at once; of further ones, what is told is taken as it comes. */
const MAX_LOOKUPS = 5_000;

/** What lets events in works with. */
export interface EventGateParts {
  readonly tracker: Tracker;
  readonly ledger: JobLedger;
  readonly keeping: JobKeeping;
  readonly now: () => number;
  /** What was kept. */
  readonly onBook: (book: LedgerBook) => void;
  /** A job that was kept is there again; `null`: all of them are. */
  readonly onRestored: (job: RestoredJob | null) => void;
  readonly onError: (error: unknown) => void;
}

interface Waiting {
  readonly events: readonly JobEvent[];
  readonly source: JobSource;
  readonly done: () => void;
}

/**
 * Lets events in, in their order, once what was kept of jobs is read. What is older than the hub and of a job that is
 * not in memory may be told again, of a job that ended long ago: the ledger is asked first.
 */
export class EventGate {
  readonly #parts: EventGateParts;
  readonly #startedAt: number;
  #waiting: Waiting[] | null = [];
  #count = 0;
  #refused = 0;
  #retry: NodeJS.Timeout | null = null;
  #closed = false;
  readonly #lookups = new Map<string, Waiting[]>();

  constructor(parts: EventGateParts) {
    this.#parts = parts;
    this.#startedAt = parts.now();
  }

  /** Events that found no room. */
  get refused(): number {
    return this.#refused;
  }

  /** Reads what was kept. Resolves once events are taken, whether or not it could be read. */
  async load(): Promise<void> {
    const patience = setTimeout(() => this.#letIn(), PATIENCE_MS).unref();
    await this.#read();
    clearTimeout(patience);
    this.#letIn();
  }

  take(events: readonly JobEvent[], source: JobSource): TakenJobs {
    if (this.#waiting === null) return this.#takeNow(events, source);
    const room = Math.max(0, MAX_WAITING - this.#count);
    const accepted = events.slice(0, room);
    const refused = events.length - accepted.length;
    this.#count += accepted.length;
    this.#refused += refused;
    if (accepted.length === 0) return { taken: 0, ignored: 0, refused, kept: Promise.resolve() };
    const waiting = this.#waiting;
    const kept = new Promise<void>((resolve) => {
      waiting.push({ events: accepted, source, done: resolve });
    });
    return { taken: accepted.length, ignored: 0, refused, kept };
  }

  close(): void {
    this.#closed = true;
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#letIn();
  }

  #takeNow(events: readonly JobEvent[], source: JobSource): TakenJobs {
    const counts: Record<Taken, number> = { taken: 0, ignored: 0, refused: 0 };
    const lookups: Promise<void>[] = [];
    for (const event of events) {
      const lookup = this.#lookUp(event, source);
      if (lookup !== null) {
        lookups.push(lookup);
        counts.taken++;
        continue;
      }
      counts[this.#take(event, source)]++;
    }
    this.#refused += counts.refused;
    const { keeping } = this.#parts;
    // A process goes on meanwhile; other programs wait for the answer.
    const whenKept = (): Promise<void> => (source.source === "api" ? keeping.keptSoon() : keeping.kept());
    return { ...counts, kept: lookups.length === 0 ? whenKept() : Promise.all(lookups).then(whenKept) };
  }

  /** One event that can't be taken must not keep others from being. */
  #take(event: JobEvent, source: JobSource): Taken {
    try {
      return this.#parts.tracker.take(event, source);
    } catch (error) {
      this.#parts.onError(error);
      return "ignored";
    }
  }

  /** Resolves once the event is taken; `null`: it can be taken at once. */
  #lookUp(event: JobEvent, source: JobSource): Promise<void> | null {
    const { ledger, tracker } = this.#parts;
    const key = `${event.queue}\n${event.job}`;
    const under = this.#lookups.get(key);
    if (under === undefined) {
      const isOld = event.at < this.#startedAt && this.#lookups.size < MAX_LOOKUPS;
      if (!isOld || ledger.status().state === "off" || tracker.find(event.queue, event.job) !== null) return null;
    }
    return new Promise((done) => {
      const waiting = { events: [event], source, done };
      if (under !== undefined) {
        under.push(waiting);
        return;
      }
      this.#lookups.set(key, [waiting]);
      void this.#ask(key, event);
    });
  }

  async #ask(key: string, { queue, job }: JobEvent): Promise<void> {
    const { ledger, tracker, onRestored } = this.#parts;
    const record = await ledger.find(queue, job).catch(() => null);
    if (record !== null) {
      tracker.restore(record);
      onRestored(record);
    }
    const waiting = this.#lookups.get(key) ?? [];
    this.#lookups.delete(key);
    for (const { events, source, done } of waiting) {
      for (const event of events) this.#take(event, source);
      done();
    }
  }

  async #read(): Promise<void> {
    const { ledger, tracker, onBook, onRestored, onError } = this.#parts;
    try {
      const book = await ledger.load();
      if (book === null) return;
      onBook(book);
      for (let from = 0; from < book.jobs.length; from += SLICE) {
        for (const record of book.jobs.slice(from, from + SLICE)) tracker.restore(record);
        await nextTurn();
      }
      onRestored(null);
    } catch (error) {
      if (this.#closed) return;
      onError(error);
      this.#retry = setTimeout(() => void this.#read(), PATIENCE_MS).unref();
    }
  }

  #letIn(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.#count = 0;
    for (const { events, source, done } of waiting) {
      void this.#takeNow(events, source).kept.then(done);
    }
  }
}
