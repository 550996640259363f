import type { Histogram } from "./histogram.ts";
import type { CountRow, ErrorRow } from "./tables.ts";

/** The summary of a WebSocket metrics collector: field names are part of the contract. */
export interface Summary {
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  readonly uptime_seconds: number;
  readonly connections: {
    readonly total: number;
    /** Open connections by user, the largest 100. */
    readonly by_user: Readonly<Record<string, number>>;
    readonly by_channel: Readonly<Record<string, number>>;
    readonly created: number;
    readonly closed: number;
  };
  readonly messages: {
    /** Messages per second over the last 1, 5 and 15 minutes. */
    readonly rate_1m: number;
    readonly rate_5m: number;
    readonly rate_15m: number;
    /** Milliseconds; `null` while nothing was timed. */
    readonly latency: Quantiles & {
      readonly avg: number | null;
      readonly min: number | null;
      readonly max: number | null;
      readonly count: number;
    };
  };
  readonly errors: {
    readonly total: number;
    readonly by_type: Readonly<Record<string, number>>;
    /** Errors per minute, over the last minute. */
    readonly rate: number;
    readonly recent: readonly { readonly type: string; readonly message: string; readonly timestamp: string }[];
  };
  /** Seconds, of closed connections; `null` while none was closed. */
  readonly connection_duration: {
    readonly avg: number | null;
    readonly median: number | null;
    readonly min: number | null;
    readonly max: number | null;
  };
}

/** Percentiles in milliseconds. */
export interface Quantiles {
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

/** What a summary is made from, in base units (seconds, counts). */
export interface SummaryInput {
  readonly at: number;
  readonly startedAt: number;
  readonly open: number;
  readonly created: number;
  readonly closed: number;
  readonly users: readonly CountRow[];
  readonly channels: readonly CountRow[];
  /** Messages per second over 1, 5 and 15 minutes. */
  readonly messageRates: readonly [number, number, number];
  readonly latency: Histogram;
  readonly errorsByType: ReadonlyMap<string, number>;
  readonly errorsPerMinute: number;
  /** Oldest first. */
  readonly recentErrors: readonly ErrorRow[];
  readonly duration: Histogram;
}

/** Puts a summary together: the one place that knows its field names and units. */
export function composeSummary(input: SummaryInput): Summary {
  const { latency, duration } = input;
  const [rate1, rate5, rate15] = input.messageRates;
  let errors = 0;
  for (const count of input.errorsByType.values()) errors += count;
  return {
    timestamp: new Date(input.at).toISOString(),
    uptime_seconds: round((input.at - input.startedAt) / 1000, 3),
    connections: {
      total: input.open,
      by_user: asRecord(input.users),
      by_channel: asRecord(input.channels),
      created: input.created,
      closed: input.closed,
    },
    messages: {
      rate_1m: round(rate1, 3),
      rate_5m: round(rate5, 3),
      rate_15m: round(rate15, 3),
      latency: {
        p50: ms(latency.quantile(0.5)),
        p95: ms(latency.quantile(0.95)),
        p99: ms(latency.quantile(0.99)),
        avg: ms(latency.mean()),
        min: ms(latency.count > 0 ? latency.min : null),
        max: ms(latency.count > 0 ? latency.max : null),
        count: latency.count,
      },
    },
    errors: {
      total: errors,
      by_type: Object.fromEntries(input.errorsByType),
      rate: round(input.errorsPerMinute, 3),
      recent: input.recentErrors.map(({ at, type, message }) => ({
        type,
        message,
        timestamp: new Date(at).toISOString(),
      })),
    },
    connection_duration: {
      avg: seconds(duration.mean()),
      median: seconds(duration.quantile(0.5)),
      min: seconds(duration.count > 0 ? duration.min : null),
      max: seconds(duration.count > 0 ? duration.max : null),
    },
  };
}

function asRecord(rows: readonly CountRow[]): Record<string, number> {
  return Object.fromEntries(rows.map(({ key, count }) => [key, count]));
}

function ms(value: number | null): number | null {
  return value === null ? null : round(value * 1000, 4);
}

function seconds(value: number | null): number | null {
  return value === null ? null : round(value, 4);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
