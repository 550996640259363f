import { WsightError } from "@wsight/protocol";
import type { Store } from "./old-store.ts";

/** The calls that are passed on. */
type StoreCalls = Pick<Store, "append" | "read" | "prune" | "close">;

/** A store that is opened in the background, so that nobody waits for it. */
export interface LazyStore extends StoreCalls {
  /** True once it is open. */
  readonly isOpen: boolean;
}

/**
 * Opens a store after `delayMs`, or as soon as something has to be written. Writes
 * wait for it; a read meanwhile rejects with `STORE_UNAVAILABLE`. One that is
 * closed before it was needed is never opened.
 */
export function createLazyStore(openStore: () => Promise<StoreCalls>, delayMs: number): LazyStore {
  let opening: Promise<StoreCalls> | null = null;
  let open: StoreCalls | null = null;
  let closed = false;
  const timer = setTimeout(() => void begin().catch(() => undefined), delayMs);
  timer.unref();

  function begin(): Promise<StoreCalls> {
    if (closed && opening === null)
      return Promise.reject(new WsightError("STORE_UNAVAILABLE", "history: the store is closed"));
    opening ??= openStore().then((store) => {
      open = store;
      return store;
    });
    return opening;
  }

  return {
    get isOpen() {
      return open !== null;
    },
    append: async (samples) => (await begin()).append(samples),
    read: async (query, options) => {
      if (open === null)
        throw new WsightError("STORE_UNAVAILABLE", "history: it is being opened; try again in a moment");
      return open.read(query, options);
    },
    prune: async (beforeAt) => (await begin()).prune(beforeAt),
    async close() {
      closed = true;
      clearTimeout(timer);
      await (await opening?.catch(() => null))?.close();
    },
  };
}
