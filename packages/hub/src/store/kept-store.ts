import { join } from "node:path";
import type { HubRow, Retention } from "@wsight/protocol";
import type { OnHubError } from "../errors.ts";
import { createLazyStore, type LazyStore } from "./lazy-store.ts";
import { createLibsqlStore } from "./libsql/libsql-store.ts";
import { readPlace } from "./postgres/place.ts";
import { createPostgresStore, type PostgresStore } from "./postgres/postgres-store.ts";
import { openSpooledStore, type SpooledStore } from "./spool/spooled-store.ts";
import { createStoreWriter, type StoreWriter } from "./writer.ts";

/** The store is opened this long after the start, in ms: who takes over from another hub has probes and viewers to let in first. */
const OPEN_AFTER_MS = 250;
/** Samples of one append to a store behind a network: encoding them holds the hub's event loop for a few milliseconds. */
const REMOTE_BATCH = 2_000;

/** The store of a hub, with the writer before it. */
export interface KeptStore extends LazyStore {
  readonly writer: StoreWriter;
  status(): HubRow["store"];
  /** False while it is still being opened, or what should be kept is not. */
  ready(): boolean;
}

/** Which store, and where. */
export interface KeptStoreOptions {
  /** Directory of the embedded store, or of the spool of another; `null` for none. */
  readonly dataDir: string | null;
  /** Address of a PostgreSQL; `undefined` for the embedded store. */
  readonly store?: string | undefined;
  /** How long each tier is kept. */
  readonly retention: Required<Retention>;
  /** Most bytes of the embedded store. @default no limit */
  readonly maxBytes?: number | undefined;
  readonly onError: OnHubError;
}

/**
 * Makes the store of a hub. It is opened in the background; `null` when there is nowhere to keep anything.
 * @throws WsightError `BAD_OPTION` for an address that is none
 */
export function createKeptStore(options: KeptStoreOptions): KeptStore | null {
  const { dataDir, store } = options;
  if (store !== undefined) return createRemote(store, options);
  return dataDir === null ? null : createEmbedded(dataDir, options);
}

function createEmbedded(dataDir: string, { retention, maxBytes, onError: tell }: KeptStoreOptions): KeptStore {
  const onError = (error: unknown): void => tell(error, { stage: "store" });
  let queue: StoreWriter | null = null;
  let trouble: { readonly reason: string; readonly written: number } | null = null;
  let looking = false;
  const openStore = () =>
    createLibsqlStore({
      dataDir,
      retention,
      ...(maxBytes === undefined ? {} : { maxBytes }),
      onEvent: (event) => {
        if (event.type === "opened") return;
        if (event.type === "unavailable" || event.type === "restarting") {
          trouble = { reason: event.reason, written: queue?.stats().written ?? 0 };
        }
        onError(new Error(`history: ${event.type}: ${event.reason}`));
      },
    });
  const store = createLazyStore(openStore, OPEN_AFTER_MS);
  const writer = createStoreWriter(store, { onError });
  queue = writer;

  function status(): HubRow["store"] {
    const { state, written, dropped, lastError } = writer.stats();
    // What the store reports by itself holds until a write succeeds again.
    const failing = state === "failing" || (trouble !== null && trouble.written === written);
    return { state: failing ? "failing" : "ok", written, dropped, lastError: lastError ?? trouble?.reason ?? null };
  }

  /** Who is not ready may be kept from whatever would be written: then nobody else would notice that the store is well again. */
  function lookAgain(): void {
    if (trouble === null || looking) return;
    looking = true;
    const seen = trouble;
    store
      .stats()
      .then(() => {
        if (trouble === seen) trouble = null;
      })
      .catch(() => undefined)
      .finally(() => {
        looking = false;
      });
  }

  return withWriter(store, writer, status, () => {
    const { state } = status();
    if (state !== "ok") lookAgain();
    return state === "ok";
  });
}

function createRemote(url: string, { dataDir, retention, onError: tell }: KeptStoreOptions): KeptStore {
  const { name: place } = readPlace(url, process.env);
  const onError = (error: unknown): void => tell(error, { stage: "store" });
  let engine: PostgresStore | null = null;
  let spooled: SpooledStore | null = null;
  const openStore = async (): Promise<SpooledStore> => {
    engine = await createPostgresStore({
      url,
      dataDir,
      retention,
      onEvent: (event) => {
        if (event.type !== "opened") onError(new Error(`history: ${event.type}: ${event.reason}`));
      },
    });
    const dir = dataDir === null ? null : join(dataDir, "spool");
    spooled = await openSpooledStore({ store: engine, dir, onError });
    return spooled;
  };
  const store = createLazyStore(openStore, OPEN_AFTER_MS);
  const writer = createStoreWriter(store, { batch: REMOTE_BATCH, onError });

  function status(): HubRow["store"] {
    const queue = writer.stats();
    const far = spooled?.spool();
    return {
      state: far?.state === "failing" || queue.state === "failing" ? "failing" : "ok",
      written: far?.written ?? 0,
      dropped: queue.dropped + (far?.dropped ?? 0),
      lastError: far?.lastError ?? queue.lastError,
      spooled: (far?.spooled ?? 0) + queue.queued,
      engine: engine?.engine ?? `PostgreSQL at ${place}`,
    };
  }
  // While the database is away, the spool keeps what comes: nothing is lost, and nobody should restart this hub for it.
  return withWriter(store, writer, status, () => writer.stats().state === "ok");
}

function withWriter(
  store: LazyStore,
  writer: StoreWriter,
  status: KeptStore["status"],
  keeps: () => boolean,
): KeptStore {
  return {
    get isOpen() {
      return store.isOpen;
    },
    append: (samples) => store.append(samples),
    appendPacked: (samples) => store.appendPacked(samples),
    appendEvents: (events) => store.appendEvents(events),
    read: (query, options) => store.read(query, options),
    ask: (analysis, argument, options) => store.ask(analysis, argument, options),
    prune: (now) => store.prune(now),
    stats: () => store.stats(),
    backup: (path) => store.backup(path),
    writer,
    status,
    ready: () => store.isOpen && keeps(),
    async close() {
      await writer.close();
      await store.close();
    },
  };
}
