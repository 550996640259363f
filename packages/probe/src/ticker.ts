/** A second tick within this share of an interval is the same tick, fired a moment early. */
const SAME_TICK = 0.5;
/** Where within an interval ticks fall at the least and most: clear of its ends, so that each second of the hub has one. */
const EARLIEST = 0.3;
const LATEST = 0.7;

/**
 * Calls `tick` once an interval, always at the same place of the wall clock's
 * intervals: `setInterval` comes a millisecond later each time, and every
 * quarter of an hour a second would have no snapshot. Processes choose their
 * place at random, so that those of one machine do not all work at once. Keeps
 * nobody alive.
 * @param intervalMs ms between two ticks
 * @returns ends it
 */
export function startTicker(intervalMs: number, tick: () => void): () => void {
  const phase = intervalMs * (EARLIEST + Math.random() * (LATEST - EARLIEST));
  let timer: NodeJS.Timeout;

  function wait(): void {
    const now = Date.now();
    let due = Math.floor((now - phase) / intervalMs) * intervalMs + phase + intervalMs;
    if (due - now < intervalMs * SAME_TICK) due += intervalMs;
    timer = setTimeout(run, due - now);
    timer.unref();
  }

  function run(): void {
    wait();
    tick();
  }

  wait();
  return () => clearTimeout(timer);
}
