import type { Retention } from "@wsight/protocol";
import { openProcessStore, type ProcessStore } from "../process/process-store.ts";
import { resolveRetention } from "../retention.ts";
import type { StoreEvent } from "../store-event.ts";
import { readPlace } from "./place.ts";
import { writerNameOf } from "./writer-name.ts";
import { nameForOnce } from "./writers.ts";

/** How a PostgreSQL is used as a store. */
export interface PostgresStoreOptions {
  /** `postgres://user:password@host:5432/database?sslmode=verify-full`; parameters as `pg` takes them. */
  readonly url: string;
  /** Directory that says which writer of the database this is, over restarts; `null` for a new one each time. @default null */
  readonly dataDir?: string | null;
  /** How long each tier is kept. @default see `HISTORY_TIERS` */
  readonly retention?: Retention;
  /** Longest that a connection may take to come about, ms. @default 5_000 */
  readonly connectMs?: number;
  /** Longest that an answer may take to come, ms. @default 25_000 */
  readonly answerMs?: number;
  /** Told of what happens beside the calls: damage, failed opens, restarts. */
  readonly onEvent?: (event: StoreEvent) => void;
}

/** A store behind a network. */
export interface PostgresStore extends ProcessStore {
  /** `PostgreSQL 17.2 at postgres://host:5432/database`; the version once it is known. */
  readonly engine: string;
}

/**
 * Keeps history in PostgreSQL (12 or newer), in a schema of its own, `wsight`,
 * which it makes. Several hubs may share a database: each sees the history of
 * all, and deletes what is older than its own retention.
 *
 * The database is used by a process of its own, over two connections at most:
 * one that writes and one that reads, so that neither waits for the other; both
 * are closed when they were idle for half a minute. It always opens (see
 * {@link openProcessStore}), and does not wait for the database.
 * @throws WsightError `BAD_OPTION` for an address that is none
 */
export async function createPostgresStore(options: PostgresStoreOptions): Promise<PostgresStore> {
  const { url, dataDir = null, retention, connectMs = null, answerMs = null, onEvent } = options;
  let engine = `PostgreSQL at ${readPlace(url, process.env).name}`;
  const writer = (dataDir === null ? null : await writerNameOf(dataDir)) ?? nameForOnce();
  const store = await openProcessStore({
    name: "postgres",
    later: true,
    tables: { engine: "postgres", url, writer, connectMs, answerMs },
    keepMs: Object.values(resolveRetention(retention)),
    maxBytes: null,
    onEvent: (event) => {
      if (event.type === "opened") engine = event.engine;
      else onEvent?.(event);
    },
  });
  return Object.defineProperty(store, "engine", { get: () => engine }) as PostgresStore;
}
