import { WsightError } from "@wsight/protocol";
import type { Store } from "./store.ts";

/** A store that is opened in the background, so that nobody waits for it. */
export interface LazyStore extends Omit<Store, "name"> {
  /** True once it is open. */
  readonly isOpen: boolean;
}

/**
 * Opens a store after `delayMs`, or as soon as something has to be written. Writes
 * wait for it; a read meanwhile rejects with `STORE_UNAVAILABLE`. One that is
 * closed before it was needed is never opened.
 */
export function createLazyStore(openStore: () => Promise<Omit<Store, "name">>, delayMs: number): LazyStore {
  let opening: Promise<Omit<Store, "name">> | null = null;
  let open: Omit<Store, "name"> | null = null;
  let closed = false;
  const timer = setTimeout(() => void begin().catch(() => undefined), delayMs);
  timer.unref();

  function begin(): Promise<Omit<Store, "name">> {
    if (closed && opening === null)
      return Promise.reject(new WsightError("STORE_UNAVAILABLE", "history: the store is closed"));
    opening ??= openStore().then((store) => {
      open = store;
      return store;
    });
    return opening;
  }

  function opened(): Omit<Store, "name"> {
    if (open !== null) return open;
    throw new WsightError("STORE_UNAVAILABLE", "history: it is being opened; try again in a moment");
  }

  return {
    get isOpen() {
      return open !== null;
    },
    append: async (samples) => (await begin()).append(samples),
    appendPacked: async (samples) => (await begin()).appendPacked(samples),
    appendEvents: async (events) => (await begin()).appendEvents(events),
    async *read(query, options) {
      yield* opened().read(query, options);
    },
    ask: async (analysis, argument, options) => opened().ask(analysis, argument, options),
    prune: async (now) => (await begin()).prune(now),
    stats: async () => opened().stats(),
    backup: async (path) => opened().backup(path),
    async close() {
      closed = true;
      clearTimeout(timer);
      await (await opening?.catch(() => null))?.close();
    },
  };
}
