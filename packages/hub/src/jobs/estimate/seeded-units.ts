/** Gives numbers between 0 and 1, neither of them included. */
export type UnitSource = () => number;

/** The same numbers for the same seed (mulberry32). */
export function seededUnits(seed: number): UnitSource {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (((mixed ^ (mixed >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
}
