import { WsightError } from "@wsight/protocol";
import type { Sample, Store } from "./old-store.ts";
import { faultOf } from "./storable.ts";

/** How a writer is set up. */
export interface StoreWriterOptions {
  /** Samples that may wait; beyond it the oldest are dropped. @default 100_000 */
  readonly maxSamples?: number;
  /** Samples of one append. @default 5_000 */
  readonly batch?: number;
  /** First wait after a failed append, ms; doubles with each further one. @default 250 */
  readonly retryMs?: number;
  /** Longest wait between two tries, ms. @default 30_000 */
  readonly longestRetryMs?: number;
  /** How long `close` waits for the last append, ms. @default 5_000 */
  readonly closeMs?: number;
  /** From 0 to 1; spreads the tries of many writers. @default Math.random */
  readonly random?: () => number;
  /** Told once when the store begins to fail, and of samples that can't be kept. */
  readonly onError?: (error: Error) => void;
}

/** How a writer fares. */
export interface StoreWriterStats {
  /** `failing` from a failed append until one succeeds. */
  readonly state: "ok" | "failing";
  /** Samples that the store has acknowledged. */
  readonly written: number;
  /** Samples given up: the queue was full, they can't be kept, or the writer was closed first. */
  readonly dropped: number;
  /** Samples waiting or on their way. */
  readonly queued: number;
  /** What the last failure was; `null` while none was. */
  readonly lastError: string | null;
}

/** Hands samples to a store without ever waiting for it. */
export interface StoreWriter {
  /** Takes samples. Never throws and never waits. */
  write(samples: readonly Sample[]): void;
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
 * and are counted.
 */
export function createStoreWriter(store: Pick<Store, "append">, options: StoreWriterOptions = {}): StoreWriter {
  return new QueuedWriter(store, options);
}

class QueuedWriter implements StoreWriter {
  readonly #store: Pick<Store, "append">;
  readonly #options: Required<Omit<StoreWriterOptions, "onError">> & Pick<StoreWriterOptions, "onError">;
  /** Oldest first from `#head` on; what lies before it is gone. */
  #queue: Sample[] = [];
  #head = 0;
  #inFlight = 0;
  #running: Promise<void> | null = null;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  #written = 0;
  #dropped = 0;
  #lastError: string | null = null;
  #closing: Promise<void> | null = null;

  constructor(store: Pick<Store, "append">, options: StoreWriterOptions) {
    this.#store = store;
    this.#options = {
      maxSamples: 100_000,
      batch: 5_000,
      retryMs: 250,
      longestRetryMs: 30_000,
      closeMs: 5_000,
      random: Math.random,
      ...options,
    };
  }

  write(samples: readonly Sample[]): void {
    if (this.#closing !== null) {
      this.#dropped += samples.length;
      return;
    }
    for (const sample of samples) {
      const fault = faultOf(sample);
      if (fault === null) this.#queue.push(sample);
      else this.#drop(1, new Error(fault));
    }
    this.#trim();
    // While a retry is due, new samples wait for it: a failing store is not asked more often.
    if (this.#failures === 0) void this.#run();
  }

  stats(): StoreWriterStats {
    return {
      state: this.#failures === 0 ? "ok" : "failing",
      written: this.#written,
      dropped: this.#dropped,
      queued: this.#waiting() + this.#inFlight,
      lastError: this.#lastError,
    };
  }

  flush(): Promise<void> {
    return this.#run();
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
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
    while (going && this.#waiting() > 0) going = await this.#appendBatch();
    this.#running = null;
  }

  /** Writes the oldest batch; false when the store has to be given time. */
  async #appendBatch(): Promise<boolean> {
    const batch = this.#takeBatch();
    try {
      await this.#store.append(batch);
      this.#inFlight = 0;
      this.#written += batch.length;
      this.#failures = 0;
      return true;
    } catch (cause) {
      this.#inFlight = 0;
      const error = cause instanceof Error ? cause : new Error(String(cause));
      if (error instanceof WsightError && error.code === "BAD_REQUEST") {
        this.#drop(batch.length, error);
        return true;
      }
      this.#failed(batch, error);
      return false;
    }
  }

  #failed(batch: readonly Sample[], error: Error): void {
    this.#lastError = error.message;
    if (this.#failures++ === 0) this.#tell(error);
    // The batch goes back to its place; if the queue filled up meanwhile, it holds the oldest.
    this.#queue = batch.concat(this.#queue.slice(this.#head));
    this.#head = 0;
    this.#trim();
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
    this.#dropped += this.#waiting();
    this.#queue = [];
    this.#head = 0;
  }

  #takeBatch(): readonly Sample[] {
    const end = Math.min(this.#queue.length, this.#head + this.#options.batch);
    const batch = this.#queue.slice(this.#head, end);
    this.#inFlight = batch.length;
    this.#head = end;
    this.#compact();
    return batch;
  }

  #trim(): void {
    const excess = this.#waiting() - this.#options.maxSamples;
    if (excess <= 0) return;
    this.#head += excess;
    this.#compact();
    this.#drop(excess, null);
  }

  #compact(): void {
    if (this.#head * 2 < this.#queue.length) return;
    this.#queue = this.#queue.slice(this.#head);
    this.#head = 0;
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

  #waiting(): number {
    return this.#queue.length - this.#head;
  }
}
