import type { HubRow } from "@wsight/protocol";
import type { Clock } from "./clock.ts";
import type { CurrentView } from "./current-view.ts";
import type { OnHubError } from "./errors.ts";
import { type History, readHistory } from "./history.ts";
import { createRecorder } from "./recorder.ts";
import { createLazyStore } from "./store/lazy-store.ts";
import { createLibsqlStore } from "./store/libsql/libsql-store.ts";
import type { Store } from "./store/store.ts";
import { createStoreWriter, type StoreWriter } from "./store/writer.ts";

const MINUTE_MS = 60_000;
/** The contract's interval; finer records are put together, coarser ones widen it. */
const HISTORY_MINUTES = 5;
/** A reader gets the interval that is still going on, at most this old, in ms. */
const FRESH_MS = 5000;
/** The store is opened this long after the start, in ms: who takes over from another hub has probes and viewers to let in first. */
const OPEN_AFTER_MS = 250;

/** What was, kept on disk. */
export interface HistoryKeeper {
  /** Looks at `current` once a second; never waits. */
  observe(at: number): void;
  /** The last hours, what is going on right now included. */
  read(request: { readonly hours: number; readonly node?: string; readonly signal: AbortSignal }): Promise<History>;
  status(): HubRow["store"];
  /** False while the store is still being opened, or fails. */
  ready(): boolean;
  /** Writes what is left and closes. */
  close(): Promise<void>;
}

/** What history is kept of, and how. */
export interface HistoryKeeperOptions {
  readonly dataDir: string;
  readonly current: CurrentView;
  readonly clock: Clock;
  /** @default 300_000 */
  readonly intervalMs?: number | undefined;
  /** @default 604_800_000 */
  readonly retentionMs?: number | undefined;
  /** Another hub kept this history just before. @default false */
  readonly succeeds?: boolean | undefined;
  readonly onError: OnHubError;
}

/**
 * Keeps history in a store that is opened in the background; one that can't be
 * opened now is tried again with every write, and `status` says so.
 */
export function createHistoryKeeper(options: HistoryKeeperOptions): HistoryKeeper {
  const { dataDir, current, clock, intervalMs = 5 * MINUTE_MS, retentionMs = 168 * 60 * MINUTE_MS } = options;
  const { succeeds = false } = options;
  let queue: StoreWriter | null = null;
  let trouble: { readonly reason: string; readonly written: number } | null = null;
  const openStore = (): Promise<Store> =>
    createLibsqlStore({
      dataDir,
      onEvent: (event) => {
        if (event.type !== "set-aside") trouble = { reason: event.reason, written: queue?.stats().written ?? 0 };
        options.onError(new Error(`history: ${event.type}: ${event.reason}`), { stage: "store" });
      },
    });
  const store = createLazyStore(openStore, OPEN_AFTER_MS);
  const onError = (error: unknown): void => options.onError(error, { stage: "store" });
  const writer = createStoreWriter(store, { onError });
  queue = writer;
  const prune = (beforeAt: number): Promise<number> => store.prune(beforeAt);
  const times = { clock, intervalMs, retentionMs, succeeds };
  const recorder = createRecorder({ current, writer, ...times, prune, onError: options.onError });
  const intervalMinutes = Math.max(HISTORY_MINUTES, Math.ceil(intervalMs / MINUTE_MS));
  let observed = false;
  let recordedAt = Number.NEGATIVE_INFINITY;

  function status(): HubRow["store"] {
    const { state, written, dropped, lastError } = writer.stats();
    // What the store reports by itself holds until a write succeeds again.
    const failing = state === "failing" || (trouble !== null && trouble.written === written);
    return { state: failing ? "failing" : "ok", written, dropped, lastError: lastError ?? trouble?.reason ?? null };
  }

  return {
    status,
    ready: () => store.isOpen && status().state === "ok",
    observe(at) {
      observed = true;
      recorder.observe(at);
    },
    async read({ hours, node, signal }) {
      const now = clock.now();
      if (store.isOpen && observed && Math.abs(now - recordedAt) >= FRESH_MS) {
        recordedAt = now;
        recorder.record(now);
        await writer.flush();
      }
      return readHistory({ store, hours, now, intervalMinutes, signal, ...(node === undefined ? {} : { node }) });
    },
    async close() {
      recorder.close();
      await writer.close();
      await store.close();
    },
  };
}
