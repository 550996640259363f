/** How long a connection may take to close in good order before it is cut, ms. */
const PATIENCE_MS = 5000;
/** Connections that are waited for at once; further ones are closed and left to their library's own patience. */
const MAX_WAITING = 1000;

/** Sees to it that connections which are asked to close do. */
export interface Endings {
  /** Calls `cut` in a while unless `isGone` by then. Never keeps a process alive. */
  readonly follow: (isGone: () => boolean, cut: () => void) => void;
  /** Follows nothing any more. */
  readonly end: () => void;
}

/** Makes an empty list of endings. `run` stands between our code and the process. */
export function createEndings(run: (fn: () => void) => void): Endings {
  const timers = new Set<NodeJS.Timeout>();
  return {
    follow(isGone, cut) {
      if (timers.size >= MAX_WAITING) return;
      const timer = setTimeout(() => {
        timers.delete(timer);
        if (!isGone()) run(cut);
      }, PATIENCE_MS);
      timer.unref();
      timers.add(timer);
    },
    end() {
      for (const timer of timers) clearTimeout(timer);
      timers.clear();
    },
  };
}
