/** Event-loop lag (99th percentile, seconds) from which a node counts as slow, and as stalled: as the built-in rule has it. */
export const LAG_WARN_S = 0.1;
export const LAG_CRIT_S = 1;
