import { WsightError } from "@wsight/protocol";
import type { Store } from "./store.ts";

/** How long a question waits for a store that is being opened, ms. */
const PATIENCE_MS = 5_000;

/** A store that is opened in the background, so that nobody waits for it. */
export interface LazyStore extends Omit<Store, "name"> {
  /** True once it is open. */
  readonly isOpen: boolean;
}

/**
 * Opens a store after `delayMs`, or as soon as something has to be written or is
 * asked. Writes wait for it; a question waits for a few seconds, then rejects with
 * `STORE_UNAVAILABLE`. One that is closed before it was needed is never opened.
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

  async function opened(): Promise<Omit<Store, "name">> {
    if (open !== null) return open;
    const late = new WsightError("STORE_UNAVAILABLE", "history: it is being opened; try again in a moment");
    let patience: NodeJS.Timeout | undefined;
    const expired = new Promise<never>((_, reject) => {
      patience = setTimeout(() => reject(late), PATIENCE_MS).unref();
    });
    return Promise.race([begin(), expired]).finally(() => clearTimeout(patience));
  }

  return {
    get isOpen() {
      return open !== null;
    },
    append: async (samples) => (await begin()).append(samples),
    appendPacked: async (samples) => (await begin()).appendPacked(samples),
    appendEvents: async (events) => (await begin()).appendEvents(events),
    async *read(query, options) {
      yield* (await opened()).read(query, options);
    },
    ask: async (analysis, argument, options) => (await opened()).ask(analysis, argument, options),
    prune: async (now) => (await begin()).prune(now),
    stats: async () => (await opened()).stats(),
    backup: async (path) => (await opened()).backup(path),
    async close() {
      closed = true;
      clearTimeout(timer);
      await (await opening?.catch(() => null))?.close();
    },
  };
}
