import { setTimeout as wait } from "node:timers/promises";
import { type HistoryEvent, WsightError } from "@wsight/protocol";
import type { Analyses, Analysis } from "../../analysis/analyses.ts";
import { type PackedSamples, SamplePacker } from "../pack.ts";
import type { Sample } from "../sample.ts";
import { checkSamples } from "../storable.ts";
import type { Store, StoreQuery, StoreStats } from "../store.ts";
import { inTime, isAway, whileSpooling } from "./away.ts";
import { type Batch, joinBatches, NO_SAMPLES, sizeOf } from "./batch.ts";
import { type Segment, Spool } from "./spool.ts";

/** Samples of one append while the spool is emptied. */
const REPLAY_SAMPLES = 5_000;
/** Longest that an append waits for others to share its file, ms. */
const LONGEST_GATHER_MS = 1_000;

/** A store that may be away. */
export interface RemoteStore extends Store {
  /** Resolves when it can be used. @throws WsightError `STORE_UNAVAILABLE` */
  check(): Promise<void>;
}

/** How a spool is put in front of a store. */
export interface SpooledStoreOptions {
  readonly store: RemoteStore;
  /** Directory of the spool; `null` for none: then what can't be stored is refused. */
  readonly dir: string | null;
  /** Bytes the spool may take; beyond, its oldest samples are dropped. @default 256 MiB */
  readonly maxBytes?: number;
  /** How long an append may keep the store waiting before it goes to disk too, ms. @default 2_000 */
  readonly patienceMs?: number;
  /** First and longest wait between two tries, ms. @default 250 and 30_000 */
  readonly retryMs?: number;
  readonly longestRetryMs?: number;
  /** From 0 to 1; spreads the tries of many hubs. @default Math.random */
  readonly random?: () => number;
  /** Told when the store goes away, and of what is lost. */
  readonly onError?: (error: Error) => void;
}

/** How a spool fares. Samples and events are counted together. */
export interface SpooledStats {
  /** `failing` from the moment the store was not there until it is again and the spool is empty. */
  readonly state: "ok" | "failing";
  /** Samples that the store itself has acknowledged. */
  readonly written: number;
  /** Samples that the spool had no room for, or that were damaged on disk, or refused by the store. */
  readonly dropped: number;
  /** Samples that wait on disk. */
  readonly spooled: number;
  readonly lastError: string | null;
}

/** A store behind a spool. */
export interface SpooledStore extends Store {
  spool(): SpooledStats;
}

/**
 * Puts a spool on disk before a store that may be away.
 *
 * *Direct*: an append goes to the store. When that fails, or takes longer than
 * `patienceMs`, the samples go to disk, the append is acknowledged, and it
 * is *spooling*: from now on everything goes to disk, behind what is there.
 * Meanwhile the oldest of it is tried again and again, with growing, jittered
 * waits, and removed once the store has it. When the spool is empty, it is
 * *direct* again. It begins *spooling*, as what an earlier hub has left comes first.
 *
 * Since samples that come twice replace each other, an append that the store
 * had taken after all, and files that a crash kept from being removed, do no harm.
 */
export async function openSpooledStore(options: SpooledStoreOptions): Promise<SpooledStore> {
  const counts = { dropped: 0, lastError: null as string | null };
  const lose = (samples: number, reason: string): void => {
    counts.dropped += samples;
    counts.lastError = reason;
    tell(options, new WsightError("STORE_UNAVAILABLE", `history: ${samples} samples lost: ${reason}`));
  };
  const { dir, maxBytes = 256 * 2 ** 20 } = options;
  const spool =
    dir === null
      ? null
      : await Spool.open({ dir, maxBytes, onLoss: lose }).catch((error: Error) => {
          tell(options, new WsightError("STORE_UNAVAILABLE", `history: no spool in ${dir}: ${error.message}`));
          return null;
        });
  return new SpoolingStore(options, spool, counts, lose);
}

class SpoolingStore implements SpooledStore {
  readonly name: string;
  readonly #options: SpooledStoreOptions;
  readonly #packer = new SamplePacker();
  readonly #store: RemoteStore;
  readonly #spool: Spool | null;
  readonly #counts: { readonly dropped: number; lastError: string | null };
  readonly #lose: (samples: number, reason: string) => void;
  readonly #closing = new AbortController();
  #direct = false;
  #state: SpooledStats["state"] = "ok";
  /** Tries that failed one after the other. */
  #failures = 0;
  #written = 0;
  #replaying: Promise<void>;
  /** Appends that the store was given and that went to disk meanwhile; what comes after waits for their end. */
  #late: Promise<unknown> = Promise.resolve();
  /** Files that are being written. */
  #adding: Promise<unknown> = Promise.resolve();
  /** Appends wait for this while it turns to *direct*. */
  #held: Promise<void> | null = null;
  /** Ends the wait for the next try. */
  #wake: () => void = () => undefined;

  constructor(
    options: SpooledStoreOptions,
    spool: Spool | null,
    counts: { readonly dropped: number; lastError: string | null },
    lose: (samples: number, reason: string) => void,
  ) {
    this.name = options.store.name;
    this.#options = options;
    this.#store = options.store;
    this.#spool = spool;
    this.#counts = counts;
    this.#lose = lose;
    this.#replaying = this.#replay();
  }

  spool(): SpooledStats {
    return {
      state: this.#state,
      written: this.#written,
      dropped: this.#counts.dropped,
      spooled: this.#spool?.samples ?? 0,
      lastError: this.#counts.lastError,
    };
  }

  async append(samples: readonly Sample[]): Promise<void> {
    checkSamples(samples);
    await this.appendPacked(this.#packer.pack(samples));
  }

  appendPacked(samples: PackedSamples): Promise<void> {
    return this.#take({ samples, events: [] });
  }

  appendEvents(events: readonly HistoryEvent[]): Promise<void> {
    return this.#take({ samples: NO_SAMPLES, events });
  }

  async *read(query: StoreQuery, options?: { readonly signal?: AbortSignal }): AsyncIterable<readonly Sample[]> {
    const pages = this.#store.read(query, options)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const page = await this.#asked(() => pages.next());
        if (page.done === true) return;
        yield page.value;
      }
    } finally {
      // Not waited for: a store that hangs would not answer to that either.
      pages.return?.().catch(() => undefined);
    }
  }

  ask<A extends Analysis>(
    analysis: A,
    argument: Analyses[A]["argument"],
    options?: { readonly signal?: AbortSignal },
  ): Promise<Analyses[A]["answer"]> {
    return this.#asked(() => this.#store.ask(analysis, argument, options));
  }

  prune(now: number): Promise<void> {
    return this.#store.prune(now);
  }

  stats(): Promise<StoreStats> {
    return this.#asked(() => this.#store.stats());
  }

  backup(path: string): Promise<void> {
    return this.#store.backup(path);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#wake();
    const closed = this.#store.close();
    await this.#replaying;
    await closed;
  }

  #soon<T>(result: Promise<T>): Promise<T> {
    return inTime(result, this.#options.patienceMs ?? 2_000);
  }

  async #take(batch: Batch): Promise<void> {
    if (this.#closing.signal.aborted) throw new WsightError("STORE_UNAVAILABLE", "history: the store is closed");
    if (sizeOf(batch) === 0) return;
    if (this.#held !== null) await this.#held;
    if (this.#spool === null) await this.#appendOnly(batch);
    else if (this.#direct) await this.#appendDirectly(this.#spool, batch);
    else await this.#gather(this.#spool, batch);
  }

  /** Nobody should have to wait for a store that is known to be away, but it may be back. */
  async #asked<T>(ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await (this.#state === "ok" ? ask() : this.#soon(ask()));
      if (this.#state === "failing") this.#wake();
      return answer;
    } catch (error) {
      if (!isAway(error)) throw error;
      throw whileSpooling(error, this.spool().spooled);
    }
  }

  /** Without a spool, who appends tries again. */
  async #appendOnly(batch: Batch): Promise<void> {
    this.#written += await this.#write(batch);
    this.#state = "ok";
  }

  async #appendDirectly(spool: Spool, batch: Batch): Promise<void> {
    const writing = this.#write(batch);
    try {
      this.#written += await this.#soon(writing);
    } catch (error) {
      if (!isAway(error)) throw error;
      this.#failed(error);
      if (this.#direct) this.#beginSpooling();
      // Kept on disk, so that a crash does no harm; should the store take it after all, once is enough.
      const kept = spool.add(batch);
      const settled = kept.then((segment) => this.#settle(spool, segment === null ? [] : [segment], writing));
      this.#late = Promise.allSettled([this.#late, settled]);
      await kept;
    }
  }

  /** Small appends share files: the more there are, the longer each waits for others. */
  async #gather(spool: Spool, batch: Batch): Promise<void> {
    const { signal } = this.#closing;
    const adding = wait(Math.min(LONGEST_GATHER_MS, spool.segments.length), undefined, { signal })
      .catch(() => undefined)
      .then(() => spool.add(batch));
    this.#adding = Promise.allSettled([this.#adding, adding]);
    await adding;
  }

  #beginSpooling(): void {
    this.#direct = false;
    this.#replaying = this.#replaying.then(() => this.#replay());
  }

  /** Until the store has everything. */
  async #replay(): Promise<void> {
    while (!this.#direct && !this.#closing.signal.aborted) {
      try {
        if (this.#failures > 0) await this.#pause();
        await this.#late;
        if (this.#closing.signal.aborted) return;
        if ((this.#spool?.segments.length ?? 0) === 0) await this.#end();
        else await this.#replaySome(this.#spool as Spool);
      } catch (error) {
        this.#failed(error);
      }
    }
  }

  /** The store is there and the spool was empty: what was put on disk meanwhile goes first, while others wait. */
  async #end(): Promise<void> {
    await this.#store.check();
    let release = (): void => undefined;
    this.#held = new Promise((resolve) => {
      release = resolve;
    });
    try {
      await Promise.all([this.#adding, this.#late]);
      while (this.#spool !== null && this.#spool.segments.length > 0) await this.#replaySome(this.#spool);
      this.#failures = 0;
      this.#state = "ok";
      this.#direct = true;
    } finally {
      this.#held = null;
      release();
    }
  }

  async #replaySome(spool: Spool): Promise<void> {
    const segments: Segment[] = [];
    const batches: Batch[] = [];
    let samples = 0;
    for (const segment of [...spool.segments]) {
      if (samples > 0 && samples + segment.samples > REPLAY_SAMPLES) break;
      spool.lease([segment]);
      segments.push(segment);
      batches.push(await spool.read(segment));
      samples += segment.samples;
    }
    const writing = this.#write(joinBatches(batches));
    await this.#settle(spool, segments, writing);
    await writing.catch((error: unknown) => {
      if (isAway(error)) throw error;
    });
    this.#failures = 0;
  }

  /** Ends the lease of files whose samples the store was given. */
  async #settle(spool: Spool, segments: readonly Segment[], writing: Promise<number>): Promise<void> {
    spool.lease(segments);
    const outcome = await writing.then(
      () => "stored" as const,
      (error: unknown) => (isAway(error) ? "away" : String(error)),
    );
    const samples = await spool.settle(segments, outcome !== "away");
    if (outcome === "stored") this.#written += samples;
    else if (outcome !== "away") this.#lose(samples, outcome);
  }

  async #write(batch: Batch): Promise<number> {
    try {
      if (batch.samples.histogramSizes.length > 0) await this.#store.appendPacked(batch.samples);
      if (batch.events.length > 0) await this.#store.appendEvents(batch.events);
      return sizeOf(batch);
    } catch (error) {
      if (this.#spool === null) this.#failed(error);
      throw error;
    }
  }

  #failed(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#counts.lastError = reason.message;
    this.#failures++;
    if (this.#state === "ok") tell(this.#options, reason);
    this.#state = "failing";
  }

  #pause(): Promise<void> {
    const { retryMs = 250, longestRetryMs = 30_000, random = Math.random } = this.#options;
    const longest = Math.min(longestRetryMs, retryMs * 2 ** (this.#failures - 1));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, longest * (0.5 + random() / 2));
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function tell({ onError }: SpooledStoreOptions, error: Error): void {
  try {
    onError?.(error);
  } catch {
    // A faulty listener is its owner's concern; the store goes on.
  }
}
