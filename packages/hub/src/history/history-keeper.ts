import type { HistoryEvent, HubRow } from "@wsight/protocol";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import type { OnHubError } from "../errors.ts";
import type { KeptStore } from "../store/kept-store.ts";
import type { Store } from "../store/store.ts";
import type { TakeoutStore } from "../takeout/takeout.ts";
import { createCleaner } from "./cleaner.ts";
import { createNodeEvents } from "./node-events.ts";
import { createRecorder } from "./recorder.ts";
import { type History, readHistory } from "./summaries-of-hours.ts";

/** A hub that follows no other is the first that processes told of, if they began up to this long before it. */
const ALONE_MS = 10_000;

/** What was, kept on disk. */
export interface HistoryKeeper {
  /** Looks at `current` once a second; never waits. */
  observe(at: number): void;
  /** Takes what happened; never waits. */
  note(events: readonly HistoryEvent[]): void;
  /** The last hours, what is going on right now included. */
  read(request: { readonly hours: number; readonly node?: string; readonly signal: AbortSignal }): Promise<History>;
  /** Has a question answered by the store, what is going on right now included; see {@link Store}. */
  readonly ask: Store["ask"];
  /** What the store holds. Rejects with `STORE_UNAVAILABLE` while it is not open. */
  readonly stats: Store["stats"];
  /** The store, to take history out of it, once all that was recorded is there. Rejects with `STORE_UNAVAILABLE` while it is being opened. */
  openTakeout(): Promise<TakeoutStore>;
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
  /** How often what was recorded is written, ms. @default 1000 */
  readonly intervalMs?: number | undefined;
  /** Another hub kept this history just before. @default false */
  readonly succeeds?: boolean | undefined;
  readonly onError: OnHubError;
}

/** Records what is, and reads what was. The store may be away: `status` says so, and nothing here waits for it but who reads. */
export function createHistoryKeeper(options: HistoryKeeperOptions): HistoryKeeper {
  const { store, current, clock, intervalMs, succeeds = false, onError } = options;
  const { writer } = store;
  const recorder = createRecorder({
    current,
    write: (packed) => writer.writePacked(packed),
    ...(intervalMs === undefined ? {} : { intervalMs }),
    aloneSince: clock.now() - (succeeds ? 0 : ALONE_MS),
    onSeriesLeftOut: (from) =>
      onError(
        new Error(
          `history: too many new series this hour; those that begin after ${new Date(from).toISOString()} are kept from the next hour on`,
        ),
        { stage: "store" },
      ),
    onClockBack: (at, byMs) =>
      onError(
        new Error(
          `history: the clock was put back by ${Math.round(byMs / 1000)} s: what is kept from ${new Date(at).toISOString()} on is written over`,
        ),
        { stage: "store" },
      ),
  });
  const nodes = createNodeEvents(current);
  const note = (events: readonly HistoryEvent[]): void => {
    if (events.length > 0) writer.writeEvents(events);
  };
  const cleaner = createCleaner({ prune: (now) => store.prune(now), onError });

  return {
    status: () => store.status(),
    ready: () => store.ready(),
    note,
    stats: () => store.stats(),
    observe(at) {
      recorder.observe();
      note(nodes.observe(at));
      cleaner.observe(at);
    },
    ask(analysis, argument, options) {
      // Appends are done before questions that came after them.
      recorder.flush();
      return store.ask(analysis, argument, options);
    },
    async read({ hours, node, signal }) {
      recorder.flush();
      if (store.isOpen) await writer.flush();
      return readHistory({ store, hours, now: clock.now(), signal, ...(node === undefined ? {} : { node }) });
    },
    async openTakeout() {
      recorder.flush();
      if (store.isOpen) await writer.flush();
      return store;
    },
    async close() {
      recorder.flush();
      // Who said goodbye just before: the next hub must not miss it.
      note(nodes.observe(clock.now()));
      await store.close();
    },
  };
}
