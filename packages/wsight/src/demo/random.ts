/** A source of numbers in [0, 1) that repeats itself for the same seed. */
export type Random = () => number;

/** Makes a source of numbers (mulberry32): good enough to look alive, the same for the same seed. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A waiting time whose mean is `mean`, as between events that know nothing of each other. */
export function exponential(random: Random, mean: number): number {
  return -Math.log(1 - random()) * mean;
}

/** A duration with the long tail that real work has; half of them are below `median`. */
export function logNormal(random: Random, median: number, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return median * Math.exp(spread * normal);
}

/** One of the items, each as often. */
export function pick<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

/** One of the items, the earlier ones more often. */
export function pickSkewed<T>(random: Random, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() ** 2 * items.length)] ?? items[0];
}
