import { type HistoryEvent, WsightError } from "@wsight/protocol";
import { type PackedSamples, slicePacked } from "./pack.ts";
import type { Sample } from "./sample.ts";
import { faultOf } from "./storable.ts";
import type { Store } from "./store.ts";

/** The calls of a store that a writer makes. */
export type WriterStore = Pick<Store, "append"> & Partial<Pick<Store, "appendPacked" | "appendEvents">>;

/** How a writer is set up. */
export interface StoreWriterOptions {
  /** Samples that may wait; beyond it the oldest are dropped. @default 100_000 */
  readonly maxSamples?: number;
  /** Events that may wait; beyond it the oldest are dropped. @default 10_000 */
  readonly maxEvents?: number;
  /** Samples of one append. @default 5_000 */
  readonly batch?: number;
  /** First wait after a failed append, ms; doubles with each further one. @default 250 */
  readonly retryMs?: number;
  /** Longest wait between two tries, ms. @default 30_000 */
  readonly longestRetryMs?: number;
  /** How long `close` waits for the last append, ms. @default 5_000 */
  readonly closeMs?: number;
  /** An append that goes unanswered for so long counts as failing, ms. @default 10_000 */
  readonly lateMs?: number;
  /** From 0 to 1; spreads the tries of many writers. @default Math.random */
  readonly random?: () => number;
  /** Told once when the store begins to fail, and of samples that can't be kept. */
  readonly onError?: (error: Error) => void;
}

/** How a writer fares. */
export interface StoreWriterStats {
  /** `failing` from a failed append until one succeeds, and while one has gone unanswered for `lateMs`. */
  readonly state: "ok" | "failing";
  /** Samples that the store has acknowledged. */
  readonly written: number;
  /** Samples given up: the queue was full, they can't be kept, or the writer was closed first. */
  readonly dropped: number;
  /** Samples waiting or on their way. */
  readonly queued: number;
  /** Events given up, for the same reasons. */
  readonly droppedEvents: number;
  /** What the last failure was; `null` while none was. */
  readonly lastError: string | null;
}

/** Hands samples to a store without ever waiting for it. */
export interface StoreWriter {
  /** Takes samples. Never throws and never waits. */
  write(samples: readonly Sample[]): void;
  /** The same for samples in columns, which must not be changed after. */
  writePacked(samples: PackedSamples): void;
  /** Takes events. Never throws and never waits. */
  writeEvents(events: readonly HistoryEvent[]): void;
  stats(): StoreWriterStats;
  /** Tries now. Resolves when nothing waits any more, or when an append failed (see `stats`); never rejects. */
  flush(): Promise<void>;
  /** A last flush, then an end; what could not be written is counted as dropped. Leaves the store open. */
  close(): Promise<void>;
}

/**
 * Puts a bounded queue before a store. Batches go one after the other, in the
 * order they came. While the store fails, the same batch is tried again with
 * growing, jittered waits; when the queue is full, the oldest samples make room
 * and are counted. Events wait in a queue of their own, behind the samples.
 */
export function createStoreWriter(store: WriterStore, options: StoreWriterOptions = {}): StoreWriter {
  return new QueuedWriter(store, options);
}

/** Samples that are appended together. */
type Batch = { readonly samples: Sample[]; readonly packed: null } | { readonly packed: PackedSamples };

class QueuedWriter implements StoreWriter {
  readonly #store: WriterStore;
  readonly #options: Required<Omit<StoreWriterOptions, "onError">> & Pick<StoreWriterOptions, "onError">;
  /** Oldest first. */
  #queue: Batch[] = [];
  #events: HistoryEvent[] = [];
  #waiting = 0;
  #inFlight = 0;
  /** When the append under way was begun, ms, monotonic. */
  #askedAt: number | null = null;
  #running: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #written = 0;
  #dropped = 0;
  #droppedEvents = 0;
  #lastError: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(store: WriterStore, options: StoreWriterOptions) {
    this.#store = store;
    this.#options = {
      maxSamples: 100_000,
      maxEvents: 10_000,
      batch: 5_000,
      retryMs: 250,
      longestRetryMs: 30_000,
      closeMs: 5_000,
      lateMs: 10_000,
      random: Math.random,
      ...options,
    };
  }

  write(samples: readonly Sample[]): void {
    if (this.#closing !== null) {
      this.#dropped += samples.length;
      return;
    }
    let goodNode: string | undefined;
    for (const sample of samples) {
      const fault = faultOf(sample, goodNode);
      if (fault === null) {
        this.#push(sample);
        goodNode = sample.node;
      } else this.#drop(1, new Error(fault));
    }
    this.#taken();
  }

  writePacked(packed: PackedSamples): void {
    const rows = packed.histogramSizes.length;
    if (this.#closing !== null) {
      this.#dropped += rows;
      return;
    }
    const { batch } = this.#options;
    if (rows <= batch) this.#queue.push({ packed });
    else {
      for (let from = 0; from < rows; from += batch) {
        this.#queue.push({ packed: slicePacked(packed, from, Math.min(rows, from + batch)) });
      }
    }
    this.#waiting += rows;
    this.#taken();
  }

  writeEvents(events: readonly HistoryEvent[]): void {
    if (this.#closing !== null) {
      this.#droppedEvents += events.length;
      return;
    }
    for (const event of events) this.#events.push(event);
    this.#trimEvents();
    this.#taken();
  }

  stats(): StoreWriterStats {
    const silentMs = this.#askedAt === null ? 0 : performance.now() - this.#askedAt;
    const isLate = silentMs > this.#options.lateMs;
    return {
      state: this.#failures === 0 && !isLate ? "ok" : "failing",
      written: this.#written,
      dropped: this.#dropped,
      queued: this.#waiting + this.#inFlight,
      droppedEvents: this.#droppedEvents,
      lastError: isLate ? `the store has not answered for ${Math.floor(silentMs / 1000)} s` : this.#lastError,
    };
  }

  flush(): Promise<void> {
    return this.#run();
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  #push(sample: Sample): void {
    const last = this.#queue[this.#queue.length - 1];
    if (last !== undefined && last.packed === null && last.samples.length < this.#options.batch) {
      last.samples.push(sample);
    } else this.#queue.push({ samples: [sample], packed: null });
    this.#waiting++;
  }

  #taken(): void {
    this.#trim();
    // While a retry is due, what is new waits for it: a failing store is not asked more often.
    if (this.#failures === 0) void this.#run();
  }

  #run(): Promise<void> {
    clearTimeout(this.#retry);
    this.#running ??= this.#drain();
    return this.#running;
  }

  async #drain(): Promise<void> {
    // `#running` must be set before this ends, and cleared in the same turn in which the queue was seen empty.
    await null;
    let going = true;
    while (going && this.#queue.length + this.#events.length > 0) {
      going = this.#queue.length > 0 ? await this.#appendBatch() : await this.#appendEvents();
    }
    this.#running = null;
  }

  /** Writes the oldest batch; false when the store has to be given time. */
  async #appendBatch(): Promise<boolean> {
    const batch = this.#queue.shift() as Batch;
    const count = countOf(batch);
    this.#waiting -= count;
    this.#inFlight = count;
    const error = await this.#attempt(() => this.#append(batch));
    this.#inFlight = 0;
    if (error === null) {
      this.#written += count;
      return true;
    }
    if (isRefusal(error)) {
      this.#drop(count, error);
      return true;
    }
    // The batch goes back to its place; if the queue filled up meanwhile, it holds the oldest.
    this.#queue.unshift(batch);
    this.#waiting += count;
    this.#trim();
    this.#failed(error);
    return false;
  }

  async #appendEvents(): Promise<boolean> {
    const events = this.#events.splice(0, this.#options.batch);
    const error = await this.#attempt(async () => this.#store.appendEvents?.(events));
    if (error === null) return true;
    if (isRefusal(error)) {
      this.#droppedEvents += events.length;
      this.#drop(0, error);
      return true;
    }
    this.#events = events.concat(this.#events);
    this.#trimEvents();
    this.#failed(error);
    return false;
  }

  async #append(batch: Batch): Promise<void> {
    if (batch.packed === null) await this.#store.append(batch.samples);
    else await this.#store.appendPacked?.(batch.packed);
  }

  /** What went wrong, `null` for nothing. */
  async #attempt(work: () => Promise<unknown>): Promise<Error | null> {
    this.#askedAt = performance.now();
    try {
      await work();
      this.#failures = 0;
      return null;
    } catch (cause) {
      return cause instanceof Error ? cause : new Error(String(cause));
    } finally {
      this.#askedAt = null;
    }
  }

  #failed(error: Error): void {
    this.#lastError = error.message;
    if (this.#failures++ === 0) this.#tell(error);
    const { retryMs, longestRetryMs, random } = this.#options;
    const longest = Math.min(longestRetryMs, retryMs * 2 ** (this.#failures - 1));
    if (this.#closing !== null) return;
    this.#retry = setTimeout(() => void this.#run(), longest * (0.5 + random() / 2));
    this.#retry.unref();
  }

  async #shutDown(): Promise<void> {
    let deadline: NodeJS.Timeout | undefined;
    const expired = new Promise<void>((resolve) => {
      deadline = setTimeout(resolve, this.#options.closeMs);
    });
    await Promise.race([this.#run(), expired]);
    clearTimeout(deadline);
    clearTimeout(this.#retry);
    this.#dropped += this.#waiting;
    this.#droppedEvents += this.#events.length;
    this.#queue = [];
    this.#events = [];
    this.#waiting = 0;
  }

  #trim(): void {
    let excess = this.#waiting - this.#options.maxSamples;
    if (excess <= 0) return;
    this.#waiting -= excess;
    this.#drop(excess, null);
    let first = this.#queue[0];
    while (first !== undefined && excess >= countOf(first)) {
      excess -= countOf(first);
      this.#queue.shift();
      first = this.#queue[0];
    }
    if (first === undefined || excess === 0) return;
    if (first.packed === null) first.samples.splice(0, excess);
    else this.#queue[0] = { packed: slicePacked(first.packed, excess, countOf(first)) };
  }

  #trimEvents(): void {
    const excess = this.#events.length - this.#options.maxEvents;
    if (excess <= 0) return;
    this.#events.splice(0, excess);
    this.#droppedEvents += excess;
  }

  #drop(count: number, reason: Error | null): void {
    this.#dropped += count;
    if (reason === null) return;
    this.#lastError = reason.message;
    this.#tell(reason);
  }

  #tell(error: Error): void {
    try {
      this.#options.onError?.(error);
    } catch {
      // A faulty listener is its owner's concern; writing goes on.
    }
  }
}

function countOf(batch: Batch): number {
  return batch.packed === null ? batch.samples.length : batch.packed.histogramSizes.length;
}

function isRefusal(error: Error): boolean {
  return error instanceof WsightError && error.code === "BAD_REQUEST";
}
