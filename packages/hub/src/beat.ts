import type { Clock } from "./clock.ts";

/** Length of a beat, in ms. */
const SECOND_MS = 1000;

/**
 * Calls back at every full second of the clock, with the start of the second
 * that has just ended. Each wait is computed anew, so lateness does not add
 * up; seconds that passed while the event loop was held up are not made up for.
 */
export function startBeat(clock: Clock, onSecond: (at: number) => void): { close(): void } {
  let timer: NodeJS.Timeout;
  let ended = Math.floor(clock.now() / SECOND_MS) * SECOND_MS;

  function wait(): void {
    const now = clock.now();
    timer = setTimeout(beat, Math.floor(now / SECOND_MS) * SECOND_MS + SECOND_MS - now);
  }

  function beat(): void {
    const second = Math.floor(clock.now() / SECOND_MS) * SECOND_MS;
    // A timer may fire a moment early, and a clock may be set back.
    if (second !== ended) {
      ended = second;
      onSecond(second - SECOND_MS);
    }
    wait();
  }

  wait();
  return { close: () => clearTimeout(timer) };
}
