import { basename, resolve } from "node:path";
import { expected, type Retention } from "@wsight/protocol";
import { openProcessStore, type ProcessStore } from "../process/process-store.ts";
import { resolveRetention } from "../retention.ts";
import type { StoreEvent } from "../store-event.ts";

/** How the embedded store is opened. */
export interface LibsqlStoreOptions {
  /** Directory of the database; made when missing, readable by its owner only. */
  readonly dataDir: string;
  /** Name of the database within the directory. @default "history.db" */
  readonly file?: string;
  /** How long each tier is kept. @default see `HISTORY_TIERS` */
  readonly retention?: Retention;
  /** The database is kept within about this many bytes: the oldest of the finest tier goes first, and `stats` says so. @default no limit */
  readonly maxBytes?: number;
  /** Told of what happens beside the calls: damage, failed opens, restarts. */
  readonly onEvent?: (event: StoreEvent) => void;
}

/** The embedded store. */
export type LibsqlStore = ProcessStore;

/**
 * Opens the embedded store: compressed blocks in SQLite, in a process of its
 * own, so that the caller's event loop never waits for a disk, and nothing that
 * befalls the database befalls the caller.
 *
 * It always opens. A damaged file is moved aside to `FILE.corrupt-TIME` and an
 * empty one begun (see `StoreStats.setAside`); a damaged part of a sound file
 * is left out and told to `onEvent`. Where the database can't be opened (no
 * such directory can be made, not writable, of a newer version), `onEvent`
 * hears of it, every call rejects with `STORE_UNAVAILABLE`, and each call tries
 * again.
 * @throws WsightError `BAD_OPTION`
 */
export async function createLibsqlStore(options: LibsqlStoreOptions): Promise<LibsqlStore> {
  const { dataDir, file = "history.db", retention, maxBytes, onEvent } = options;
  if (typeof dataDir !== "string" || dataDir === "") throw expected("BAD_OPTION", "dataDir", "a directory", dataDir);
  if (file === "" || file !== basename(file)) throw expected("BAD_OPTION", "file", "a file name without a path", file);
  if (maxBytes !== undefined && !(maxBytes > 0))
    throw expected("BAD_OPTION", "maxBytes", "a positive number", maxBytes);
  return openProcessStore({
    name: "libsql",
    tables: { engine: "libsql", dataDir: resolve(dataDir), file },
    keepMs: Object.values(resolveRetention(retention)),
    maxBytes: maxBytes ?? null,
    onEvent,
  });
}
