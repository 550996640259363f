import type { OnHubError } from "../errors.ts";

const HOUR_MS = 3_600_000;
/** The first deletion waits until the start of the hub is over. */
const FIRST_MS = 60_000;

/** What a cleaner works with. */
interface CleanerOptions {
  /** Deletes what is older than it is kept, seen from `now`: `store.prune`. */
  readonly prune: (now: number) => Promise<unknown>;
  /** Told when a deletion fails; the next one comes an hour later. */
  readonly onError: OnHubError;
}

/** Has old history deleted once an hour. */
interface Cleaner {
  /** Call it each second with the present, ms epoch. */
  observe(at: number): void;
}

/** Makes a cleaner. A clock that jumps may be wrong, and deleting can't be undone: it then waits for an hour to see. */
export function createCleaner({ prune, onError }: CleanerOptions): Cleaner {
  let seenAt: number | null = null;
  let dueAt = 0;

  async function clean(now: number): Promise<void> {
    try {
      await prune(now);
    } catch (error) {
      onError(error, { stage: "store" });
    }
  }

  return {
    observe(at) {
      if (seenAt === null) dueAt = at + FIRST_MS;
      else if (Math.abs(at - seenAt) > HOUR_MS) dueAt = at + HOUR_MS;
      seenAt = at;
      if (at < dueAt) return;
      dueAt = at + HOUR_MS;
      void clean(at);
    },
  };
}
