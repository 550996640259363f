/** A second Ctrl-C within this, in ms, is the first one once more: npm passes on what the terminal already sent. */
const ECHO_MS = 300;
/** What has not ended by then, in ms, will not. */
const LIMIT_MS = 1_800;
const FORCED = 130;

/** The user's wish to end, as an `AbortSignal`. */
export interface StopSignal {
  readonly signal: AbortSignal;
  /** Stops listening, so that the process can end. */
  release(): void;
}

/** Listens for Ctrl-C and SIGTERM: the first ends in good order, a second one, or 1.8 s, ends at once. */
export function createStopSignal(): StopSignal {
  const controller = new AbortController();
  let askedAt: number | undefined;
  let limit: NodeJS.Timeout | undefined;

  function stop(): void {
    const now = performance.now();
    if (askedAt === undefined) {
      askedAt = now;
      limit = setTimeout(() => force("it did not end in time"), LIMIT_MS).unref();
      controller.abort();
    } else if (now - askedAt > ECHO_MS) force("stopped at once");
  }

  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    release() {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
      clearTimeout(limit);
    },
  };
}

function force(why: string): void {
  process.stderr.write(`wsight: ${why}\n`);
  process.exit(FORCED);
}
