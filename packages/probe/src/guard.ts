/** Where a background failure happened. */
const STAGES = ["attach", "hook", "gauge", "snapshot", "link", "callback", "ask", "detach"] as const;
export type Stage = (typeof STAGES)[number];

/** Receives background failures; a throw from it is swallowed. */
export type OnError = (error: unknown, context: { readonly stage: Stage; readonly source: string }) => void;

/** Faults after which a hook stops being called. */
export const BREAKER_LIMIT = 10;

/**
 * Keeps faults of the probe away from the application: everything of ours that
 * runs inside somebody else's call goes through here or is written so that it
 * cannot throw. Ten faults of one source open its breaker: it says so once
 * and the integration stops measuring. Callbacks of the application have none:
 * they are given what clients send, so that ten odd messages would silence
 * them for everybody.
 */
export class Guard {
  /** Faults caught, by source. */
  readonly faults: Map<string, number> = new Map();
  readonly #onError: OnError;

  constructor(onError: OnError) {
    this.#onError = onError;
  }

  /** Runs `fn`; a throw is counted and answered with `fallback`. */
  run<T>(stage: Stage, fn: () => T, fallback: T, source: string = stage): T {
    try {
      return fn();
    } catch (error) {
      this.fault(stage, error, source);
      return fallback;
    }
  }

  /** Counts a fault. Returns true when it was the one that opens the breaker of its source. */
  fault(stage: Stage, error: unknown, source: string): boolean {
    const count = (this.faults.get(source) ?? 0) + 1;
    if (this.faults.size < 64 || this.faults.has(source)) this.faults.set(source, count);
    if (count === 1) this.report(error, stage, source);
    if (stage === "callback" || count !== BREAKER_LIMIT) return false;
    this.report(switchedOff(error, source), stage, source);
    return true;
  }

  /** True once the source has failed so often that its hooks should do nothing. */
  isOpen(source: string): boolean {
    return (this.faults.get(source) ?? 0) >= BREAKER_LIMIT;
  }

  /** Tells the host about a failure, without counting it. */
  report(error: unknown, stage: Stage, source: string): void {
    try {
      this.#onError(error, { stage, source });
    } catch {
      // The host's own reporter failed; there is nobody left to tell.
    }
  }
}

function switchedOff(cause: unknown, source: string): Error {
  const last = cause instanceof Error ? cause.message : String(cause);
  return new Error(`${BREAKER_LIMIT} faults of ${source}; it is switched off. The last was: ${last}`, { cause });
}

/** True for a promise or anything that can be waited for like one; false for what can't even be looked at. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return false;
  try {
    return "then" in value && typeof value.then === "function";
  } catch {
    return false;
  }
}
