/** Where `performance.now()` of this process stands on the machine's clock, ms. */
const OFFSET_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/**
 * Milliseconds of a clock that all processes of this machine share and nobody
 * sets: `performance.now()` counts from the start of its process.
 */
export function machineNow(): number {
  return performance.now() + OFFSET_MS;
}
