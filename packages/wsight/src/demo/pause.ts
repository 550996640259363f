import { setTimeout as wait } from "node:timers/promises";

/** Waits; answers false as soon as `signal` is aborted, so that loops can read `while (await pause(…))`. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await wait(ms, undefined, { signal });
    return true;
  } catch {
    // The only way a timer fails is its signal.
    return false;
  }
}
