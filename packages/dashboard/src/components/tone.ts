/** How good or bad something is. `quiet`: not known, or not a matter of good and bad. */
export type Tone = "ok" | "warn" | "crit" | "quiet";
