import type { Phase } from "../connection/connection.ts";
import type { ConnectionState } from "./live.ts";

/** Intervals a sample may be late and still count as live. */
const LIVE_INTERVALS = 2.5;
/** Later than this is offline, ms. */
const OFFLINE_MS = 10_000;

/** What the state of a connection is told from. */
export interface Freshness {
  readonly phase: Phase;
  readonly attempt: number;
  /** How late the newest sample is, ms; `null` before the first. */
  readonly lagMs: number | null;
  /** Interval of samples that was asked for, ms. */
  readonly everyMs: number;
  /** Since the hub said welcome, ms. */
  readonly openMs: number;
}

/** Tells the state of a connection by the age of what it brought. */
export function connectionStateOf({ phase, attempt, lagMs, everyMs, openMs }: Freshness): ConnectionState {
  if (phase === "signed-out") return "signed-out";
  if (phase !== "open") return attempt === 0 && phase !== "closed" ? "connecting" : "offline";
  // A hidden tab asked for samples further apart, and is not late because it gets them so.
  const offlineMs = Math.max(OFFLINE_MS, 4 * everyMs);
  if (lagMs === null) return openMs <= offlineMs ? "connecting" : "offline";
  if (lagMs <= LIVE_INTERVALS * everyMs) return "live";
  return lagMs <= offlineMs ? "lagging" : "offline";
}

/**
 * The right edge of live charts, ms epoch of the hub: the newest sample while
 * it is fresh, so that charts step evenly; else the time itself, so that the
 * missing stretch is seen to grow.
 */
export function rightEdge(serverNow: number, lastAt: number | null, stepMs: number, everyMs: number): number {
  const closed = Math.floor((serverNow - stepMs) / stepMs) * stepMs;
  if (lastAt === null) return closed;
  return serverNow - (lastAt + stepMs) <= LIVE_INTERVALS * everyMs ? lastAt : Math.max(lastAt, closed);
}
