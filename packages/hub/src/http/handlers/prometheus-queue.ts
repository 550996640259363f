/** Queries under way at once. */
const AT_ONCE = 4;
/** Queries that may wait: a dashboard asks for all its charts at once. */
const MAX_WAITING = 100;

/** Lets so many through at once; the others wait in order. */
export interface Queue {
  /** Runs the work when it is its turn. `null` when too many wait; rejects with the signal's reason when it is aborted before. */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> | null;
}

/** A queue of queries: a dashboard's many are answered one after the other instead of being refused. */
export function createQueue(): Queue {
  const waiting: (() => void)[] = [];
  let running = 0;

  /** Hands its place on. */
  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) running--;
    else next();
  }

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < AT_ONCE) {
      running++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      const go = (): void => {
        signal.removeEventListener("abort", giveUp);
        resolve();
      };
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.push(go);
    });
  }

  return {
    run(work, signal) {
      if (running >= AT_ONCE && waiting.length >= MAX_WAITING) return null;
      return enter(signal).then(async () => {
        try {
          return await work();
        } finally {
          leave();
        }
      });
    },
  };
}
