import { expected, type Summary, WsightError } from "@wsight/protocol";
import type { Store } from "../store/store.ts";

/** Hours that are read unless asked otherwise. */
export const DEFAULT_HOURS = 24;
/** Most hours that may be asked for: the contract's 7 days. */
export const MAX_HOURS = 168;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** What is asked of {@link readHistory}. */
export interface HistoryRequest {
  readonly store: Pick<Store, "ask">;
  /** How far to look back; see {@link parseHours}. */
  readonly hours: number;
  /** The present, ms epoch. */
  readonly now: number;
  /** Length of an interval. @default 5 */
  readonly intervalMinutes?: number;
  /** Only this node, as `service/instance`. */
  readonly node?: string;
  /** Gives up early. */
  readonly signal?: AbortSignal;
}

/** The contract's history reply. */
export interface History {
  readonly hours: number;
  readonly interval_minutes: number;
  readonly data_points: number;
  /** Oldest first; intervals without data are absent. */
  readonly data: readonly Summary[];
}

/**
 * Reads `hours` as it stands in a query string: a whole number from 1 to 168.
 * @throws WsightError `BAD_REQUEST`, with `expected` and `got` in its details
 */
export function parseHours(text: string | null): number {
  if (text === null) return DEFAULT_HOURS;
  const hours = /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (hours >= 1 && hours <= MAX_HOURS) return hours;
  const what = `a whole number from 1 to ${MAX_HOURS}`;
  const { message } = expected("BAD_REQUEST", "hours", what, text);
  throw new WsightError("BAD_REQUEST", message, { details: { expected: what, got: text.slice(0, 60) } });
}

/**
 * The past as one summary per interval, over all nodes or one.
 *
 * Of each summary: `timestamp` is the start of its interval, a multiple of its
 * length. `connections.total` adds up the last readings of the nodes that were
 * still there at the interval's end; `created`, `closed` and `errors.total` are
 * the growth within it; latency and duration come from merged histograms.
 * `rate_1m` and `rate_5m` are both the mean rate of the interval, and `rate_15m`
 * is that of the 15 minutes up to its end, as far as they were measured.
 * `errors.rate` is per minute of the interval. `uptime_seconds` is that of the
 * longest running process, 0 when not known. By user, by channel and recent
 * errors are empty: unbounded labels and texts are never stored.
 *
 * An interval without data is absent, not zero.
 */
export async function readHistory(request: HistoryRequest): Promise<History> {
  const { store, hours, now, intervalMinutes = 5, node, signal } = request;
  const data = await store.ask(
    "summaries",
    {
      fromAt: now - hours * HOUR_MS,
      toAt: now + 1,
      intervalMs: intervalMinutes * MINUTE_MS,
      ...(node === undefined ? {} : { node }),
    },
    signal === undefined ? {} : { signal },
  );
  return { hours, interval_minutes: intervalMinutes, data_points: data.length, data };
}
