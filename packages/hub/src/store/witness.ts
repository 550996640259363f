/**
 * What tells that a node was there: every probe reads the first each second, and the hub's own figures of queues come
 * with the second.
 */
export const WITNESSES: readonly string[] = ["process.uptime", "wsight.jobs.uptime"];
