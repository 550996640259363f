import { composeSummary, expected, Histogram, type Summary, seriesKey, WsightError } from "@wsight/protocol";
import type { Sample, Store } from "./store/old-store.ts";

/** Hours that are read unless asked otherwise. */
export const DEFAULT_HOURS = 24;
/** Most hours that may be asked for: the 7 days that are kept. */
export const MAX_HOURS = 168;

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** Looking back for `rate_15m`. */
const LONGEST_RATE_MS = 15 * MINUTE_MS;
/** What is read and put together in one go; between two the event loop does other things. */
const SLICE_MS = 2 * HOUR_MS;
/** A gauge's last reading counts as current when its series was covered up to this long before the interval's end. */
const CURRENT_MS = 15_000;

const METRIC = {
  open: "websocket.server.active_connections",
  created: "websocket.server.connections",
  closed: "websocket.server.closes",
  messages: "websocket.server.messages",
  latency: "websocket.server.message.latency",
  errors: "websocket.server.errors",
  duration: "websocket.server.connection.duration",
  uptime: "process.uptime",
} as const;

/** What is asked of {@link readHistory}. */
export interface HistoryRequest {
  readonly store: Pick<Store, "read">;
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
 * length. `connections.total` adds up the last readings of the series that were
 * still there at the interval's end; `created`, `closed` and `errors.total` are
 * the growth within it; latency and duration come from merged histograms.
 * `rate_1m` and `rate_5m` are both the mean rate of the interval, as nothing
 * finer is kept, and `rate_15m` is that of the 15 minutes up to its end, as far
 * as they were measured. `errors.rate` is per minute of the interval.
 * `uptime_seconds` is that of the longest running process, 0 when not known.
 * By user, by channel and recent errors are empty: unbounded labels and texts
 * are never stored.
 *
 * An interval without data is absent, not zero.
 */
export async function readHistory(request: HistoryRequest): Promise<History> {
  const { store, hours, now, intervalMinutes = 5, node, signal } = request;
  const intervalMs = intervalMinutes * MINUTE_MS;
  const fromAt = Math.ceil((now - hours * HOUR_MS) / intervalMs) * intervalMs;
  const sliceMs = Math.ceil(SLICE_MS / intervalMs) * intervalMs;
  const before = Math.max(0, Math.ceil(LONGEST_RATE_MS / intervalMs) - 1);
  const recent: Interval[] = [];
  const data: Summary[] = [];
  for (let at = fromAt - before * intervalMs; at <= now; at += sliceMs) {
    const samples = await store.read(
      {
        metrics: Object.values(METRIC),
        fromAt: at,
        toAt: Math.min(at + sliceMs, now + 1),
        ...(node === undefined ? {} : { node }),
      },
      signal === undefined ? {} : { signal },
    );
    for (const interval of intervalsOf(samples, intervalMs)) {
      while (recent[0] !== undefined && recent[0].at <= interval.at - LONGEST_RATE_MS) recent.shift();
      recent.push(interval);
      if (interval.at >= fromAt) data.push(summaryOf(interval, recent));
    }
  }
  return { hours, interval_minutes: intervalMinutes, data_points: data.length, data };
}

/** What is known of one interval over all series. */
interface Interval {
  readonly at: number;
  readonly created: number;
  readonly closed: number;
  readonly messages: number;
  readonly open: number;
  readonly uptimeSeconds: number;
  readonly errorsByType: ReadonlyMap<string, number>;
  readonly latency: Histogram;
  readonly duration: Histogram;
  /** Time that any sample covers. */
  readonly coveredMs: number;
}

/** Groups samples, which come in order of time, by interval. */
function* intervalsOf(samples: readonly Sample[], intervalMs: number): Generator<Interval> {
  let first = 0;
  while (first < samples.length) {
    const at = Math.floor((samples[first] as Sample).at / intervalMs) * intervalMs;
    let end = first + 1;
    while (end < samples.length && (samples[end] as Sample).at < at + intervalMs) end++;
    yield intervalOf(at, samples.slice(first, end));
    first = end;
  }
}

function intervalOf(at: number, samples: readonly Sample[]): Interval {
  const of = (name: string): readonly Sample[] => samples.filter(({ series }) => series.metric.name === name);
  const growth = (name: string): number => of(name).reduce((sum, sample) => sum + sample.sum, 0);
  const errorsByType = new Map<string, number>();
  for (const { series, sum } of of(METRIC.errors)) {
    const type = series.labels["error.type"] ?? "";
    if (sum > 0) errorsByType.set(type, (errorsByType.get(type) ?? 0) + sum);
  }
  return {
    at,
    created: growth(METRIC.created),
    closed: growth(METRIC.closed),
    messages: growth(METRIC.messages),
    open: openAtEnd(of(METRIC.open)),
    uptimeSeconds: of(METRIC.uptime).reduce((longest, { last }) => Math.max(longest, last), 0),
    errorsByType,
    latency: headline(of(METRIC.latency)),
    duration: merged(of(METRIC.duration)),
    coveredMs: coverage(samples),
  };
}

/** Sum of the last readings of the series that were still measured when the interval, or what there is of it, ended. */
function openAtEnd(samples: readonly Sample[]): number {
  const end = samples.reduce((latest, { at, intervalMs }) => Math.max(latest, at + intervalMs), 0);
  // Two hubs, one after the other, may both have written of one series within the interval.
  const newest = new Map<string, Sample>();
  for (const sample of samples) {
    const { metric, labels } = sample.series;
    newest.set(`${sample.node} ${seriesKey(metric.name, labels)}`, sample);
  }
  return [...newest.values()]
    .filter(({ at, intervalMs }) => at + intervalMs >= end - CURRENT_MS)
    .reduce((sum, { last }) => sum + last, 0);
}

/** What the application reported itself, if it did; else everything that was measured. As in the current summary. */
function headline(samples: readonly Sample[]): Histogram {
  const reported = merged(samples.filter(({ series }) => series.labels.source === "app"));
  return reported.count > 0 ? reported : merged(samples);
}

function merged(samples: readonly Sample[]): Histogram {
  const whole = new Histogram();
  for (const { histogram } of samples) {
    if (histogram === undefined) continue;
    try {
      whole.merge(Histogram.decode(histogram));
    } catch {
      // A damaged distribution is left out; the rest of the interval is still true.
    }
  }
  return whole;
}

/** Length of the union of the samples' times. */
function coverage(samples: readonly Sample[]): number {
  let coveredMs = 0;
  let coveredTo = 0;
  for (const { at, intervalMs } of samples) {
    const end = at + intervalMs;
    if (end <= coveredTo) continue;
    coveredMs += end - Math.max(at, coveredTo);
    coveredTo = end;
  }
  return coveredMs;
}

function summaryOf(interval: Interval, recent: readonly Interval[]): Summary {
  const { at, messages, errorsByType, coveredMs } = interval;
  const errors = [...errorsByType.values()].reduce((sum, count) => sum + count, 0);
  const rate = messages / (coveredMs / 1000);
  const trailing = recent.reduce((sum, { messages }) => sum + messages, 0);
  const trailingMs = recent.reduce((sum, { coveredMs }) => sum + coveredMs, 0);
  return composeSummary({
    at,
    startedAt: at - interval.uptimeSeconds * 1000,
    open: interval.open,
    created: interval.created,
    closed: interval.closed,
    users: [],
    channels: [],
    messageRates: [rate, rate, trailing / (trailingMs / 1000)],
    latency: interval.latency,
    errorsByType,
    errorsPerMinute: errors / (coveredMs / MINUTE_MS),
    recentErrors: [],
    duration: interval.duration,
  });
}
