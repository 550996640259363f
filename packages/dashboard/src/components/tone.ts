/** How good or bad something is. `quiet`: not known, or not a matter of good and bad. */
export const TONES = ["ok", "warn", "crit", "quiet"] as const;
export type Tone = (typeof TONES)[number];
