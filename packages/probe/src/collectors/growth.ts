import type { Counter } from "../instruments/instruments.ts";

/** What a device has counted so far, in the order of the counters. */
export interface Counted {
  readonly name: string;
  readonly values: readonly number[];
}

/**
 * Adds what devices counted since the reading before to counters, so that
 * these begin at zero with the first reading. A device that is new, or whose
 * count went back (it was reset, or its counter is full), begins anew and adds nothing that time.
 */
export class Growth {
  readonly #counters: readonly Counter[];
  #before: ReadonlyMap<string, readonly number[]> = new Map();

  constructor(counters: readonly Counter[]) {
    this.#counters = counters;
  }

  /** Takes a reading of all devices there are. */
  take(devices: readonly Counted[]): void {
    const now = new Map<string, readonly number[]>();
    for (const { name, values } of devices) {
      const before = this.#before.get(name);
      for (const [i, counter] of this.#counters.entries()) {
        const grown = (values[i] ?? Number.NaN) - (before?.[i] ?? Number.NaN);
        if (grown > 0) counter.value += grown;
      }
      now.set(name, values);
    }
    this.#before = now;
  }
}
