import type { HubRow } from "@wsight/protocol";
import type { Clock } from "./clock.ts";
import type { CurrentView } from "./current-view.ts";
import type { OnHubError } from "./errors.ts";
import { type History, readHistory } from "./history.ts";
import { createRecorder } from "./recorder.ts";
import type { KeptStore } from "./store/kept-store.ts";

const MINUTE_MS = 60_000;
/** The contract's interval; finer records are put together, coarser ones widen it. */
const HISTORY_MINUTES = 5;
/** A reader gets the interval that is still going on, at most this old, in ms. */
const FRESH_MS = 5000;

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
  readonly store: KeptStore;
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

/** Records what is, and reads what was. The store may be away: `status` says so, and nothing here waits for it but who reads. */
export function createHistoryKeeper(options: HistoryKeeperOptions): HistoryKeeper {
  const { store, current, clock, intervalMs = 5 * MINUTE_MS, retentionMs = 168 * 60 * MINUTE_MS } = options;
  const { succeeds = false } = options;
  const { writer } = store;
  const prune = (beforeAt: number): Promise<number> => store.prune(beforeAt);
  const times = { clock, intervalMs, retentionMs, succeeds };
  const recorder = createRecorder({ current, writer, ...times, prune, onError: options.onError });
  const intervalMinutes = Math.max(HISTORY_MINUTES, Math.ceil(intervalMs / MINUTE_MS));
  let observed = false;
  let recordedAt = Number.NEGATIVE_INFINITY;

  return {
    status: () => store.status(),
    ready: () => store.ready(),
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
      await store.close();
    },
  };
}
