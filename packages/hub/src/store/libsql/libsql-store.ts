import { basename, resolve } from "node:path";
import { expected } from "@wsight/protocol";
import type { Sample, Store, StoreQuery, StoreStats } from "../old-store.ts";
import { SamplePacker, SampleUnpacker } from "../pack.ts";
import { checkSamples } from "../storable.ts";
import type { Cursor, ReadPage, StoreEvent } from "./messages.ts";
import { ProcessLink } from "./process-link.ts";

/** Rows of one answer of the process: about a millisecond of the caller's event loop. */
const PAGE_ROWS = 2_000;
/** Rows deleted in one transaction; appends and reads get their turn between two. */
const PRUNE_ROWS = 5_000;

/** How the embedded store is opened. */
export interface LibsqlStoreOptions {
  /** Directory of the database; made when missing, readable by its owner only. */
  readonly dataDir: string;
  /** Name of the database within the directory. @default "history.db" */
  readonly file?: string;
  /** The database grows to at most this many bytes; then `append` rejects until something is pruned. @default no limit */
  readonly maxBytes?: number;
  /** Told of what happens beside the calls: damage, failed opens, restarts. */
  readonly onEvent?: (event: StoreEvent) => void;
}

/**
 * Opens the embedded store: SQLite in a process of its own, so that the
 * caller's event loop never waits for a disk, and nothing that befalls the
 * database befalls the caller. That process takes about 60 MB, 11 of them its
 * own and the rest shared with other Node processes.
 *
 * It always opens. A damaged file is moved aside to `FILE.corrupt-TIME` and an
 * empty one begun (see {@link StoreStats.setAside}). Where the database can't
 * be opened (no such directory can be made, not writable, of a newer version),
 * `onEvent` hears of it, every call rejects with `STORE_UNAVAILABLE`, and each
 * call tries again.
 * @throws WsightError `BAD_OPTION`
 */
export async function createLibsqlStore(options: LibsqlStoreOptions): Promise<LibsqlStore> {
  const { dataDir, file = "history.db", maxBytes, onEvent } = options;
  if (typeof dataDir !== "string" || dataDir === "") throw expected("BAD_OPTION", "dataDir", "a directory", dataDir);
  if (file === "" || file !== basename(file)) throw expected("BAD_OPTION", "file", "a file name without a path", file);
  if (maxBytes !== undefined && !(maxBytes > 0))
    throw expected("BAD_OPTION", "maxBytes", "a positive number", maxBytes);
  const setAside: string[] = [];
  const report = (event: StoreEvent): void => {
    if (event.type === "set-aside") setAside.push(event.movedTo);
    try {
      onEvent?.(event);
    } catch {
      // A faulty listener is its owner's concern; the store goes on.
    }
  };
  const link = new ProcessLink({ dataDir: resolve(dataDir), file, maxBytes: maxBytes ?? null }, report);
  await link.call("open", null).catch((error: Error) => report({ type: "unavailable", reason: error.message }));
  return new ProcessStore(link, setAside);
}

/** The embedded store. */
export interface LibsqlStore extends Store {
  /** Id of the process that holds the database; `null` while there is none. */
  readonly pid: number | null;
}

class ProcessStore implements LibsqlStore {
  readonly name = "libsql";
  readonly #link: ProcessLink;
  readonly #setAside: readonly string[];
  readonly #packer = new SamplePacker();

  constructor(link: ProcessLink, setAside: readonly string[]) {
    this.#link = link;
    this.#setAside = setAside;
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  async append(samples: readonly Sample[]): Promise<void> {
    checkSamples(samples);
    if (samples.length === 0) return;
    await this.#link.call("append", this.#packer.pack(samples));
  }

  async read(query: StoreQuery, options: { readonly signal?: AbortSignal } = {}): Promise<readonly Sample[]> {
    const { metrics, fromAt, toAt, node = null } = query;
    const unpacker = new SampleUnpacker();
    const samples: Sample[] = [];
    // Ids begin at 1, so this is just before the first row of `fromAt`.
    let after: Cursor | null = { at: fromAt, seriesId: 0 };
    while (after !== null) {
      options.signal?.throwIfAborted();
      const page: ReadPage = { metrics, node, toAt, after, limit: PAGE_ROWS };
      const answer = await orAborted(this.#link.call("read", page), options.signal);
      unpacker.unpack(answer.samples, samples);
      after = answer.next;
    }
    return samples;
  }

  async prune(beforeAt: number): Promise<number> {
    let removed = 0;
    for (let slice = PRUNE_ROWS; slice === PRUNE_ROWS; removed += slice) {
      slice = await this.#link.call("prune", { beforeAt, limit: PRUNE_ROWS });
    }
    return removed;
  }

  async stats(): Promise<StoreStats> {
    return { ...(await this.#link.call("stats", null)), setAside: [...this.#setAside] };
  }

  close(): Promise<void> {
    return this.#link.close();
  }
}

/** The promise's result, or the signal's reason as soon as it is aborted. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
