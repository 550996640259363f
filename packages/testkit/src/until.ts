import { setTimeout as wait } from "node:timers/promises";

const FIRST_STEP_MS = 5;
const LONGEST_STEP_MS = 20;

/** How long to look and what for. */
export interface UntilOptions {
  /** @default 5_000 */
  readonly timeoutMs?: number;
  /** What is awaited, for the message when it does not come. */
  readonly what: string;
}

/**
 * Waits until `check` answers with something true, and returns it. For what
 * has no event to await; an error of the last check is the cause of the failure.
 */
export async function until<T>(
  check: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 5_000, what } = options;
  const startedAt = performance.now();
  let cause: unknown;
  for (let step = FIRST_STEP_MS; ; step = Math.min(LONGEST_STEP_MS, step + FIRST_STEP_MS)) {
    try {
      const result = await check();
      if (result) return result as Exclude<T, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - startedAt > timeoutMs) throw new Error(`waited ${timeoutMs} ms for ${what}`, { cause });
    await wait(step);
  }
}
