import { asFields, asInteger, asNumber, asOneOf, asText, type Fields } from "./parse.ts";

/** What a component is to the application; the four of them have a tile each on the dashboard. */
export const COMPONENT_KINDS = ["database", "cache", "network", "system"] as const;
export type ComponentKind = (typeof COMPONENT_KINDS)[number];

/** `up`: its last ping was answered, or it listens · `down`: it was not, or not in time · `unknown`: nobody asked yet. */
export const COMPONENT_STATES = ["up", "down", "unknown"] as const;
export type ComponentState = (typeof COMPONENT_STATES)[number];

/** When something is collected: each 1 s, 5 s, 30 s unless set otherwise. */
export const TIERS = ["fast", "medium", "slow"] as const;
export type Tier = (typeof TIERS)[number];

/** Milliseconds of each tier unless set otherwise. */
export const TIER_MS: Readonly<Record<Tier, number>> = { fast: 1000, medium: 5000, slow: 30_000 };

/** Longest text of an SQL statement's shape that is kept. */
export const MAX_SHAPE_LENGTH = 512;

/** A row of `components`: something the application depends on, and how it answers. */
export interface ComponentRow {
  readonly kind: ComponentKind;
  /** Name as its series carry it (`db.client`, `http.server`); `host` for the host. */
  readonly name: string;
  /** As in {@link Finding}: `pg`, `ioredis`, `http`. */
  readonly library: string;
  readonly state: ComponentState;
  /** Since when it has been in that state, ms epoch. */
  readonly since: number;
  /** When that was last looked at, ms epoch; `null` for never. */
  readonly checkedAt: number | null;
  /** Round trip of the last answered ping, seconds; `null` for none, or where there is nothing to ping. */
  readonly latencySeconds: number | null;
  /** Why it is down, redacted and cut. */
  readonly error: string | null;
}

/** A row of `collectors`: something that is read at intervals, and what that costs. */
export interface CollectorRow {
  readonly name: string;
  /** The tier it belongs to, and the one it is in. */
  readonly tier: Tier;
  readonly at: Tier;
  /** Milliseconds of `at`. */
  readonly intervalMs: number;
  /** Time of the application's thread that it may take, and what the last reads took on average, seconds. */
  readonly budgetSeconds: number;
  readonly seconds: number;
  readonly reads: number;
  readonly failures: number;
  /** When it last got through, ms epoch; `null` for never. */
  readonly readAt: number | null;
  /** Why it reads less than it should, or nothing: `over its budget of 5 ms`, `no /proc on this system`; `null` when all is well. */
  readonly note: string | null;
}

/** A row of `queries`: statements of one shape, literals taken out. */
export interface QueryRow {
  readonly client: string;
  readonly system: string;
  readonly shape: string;
  readonly calls: number;
  readonly errors: number;
  /** Seconds in all calls together, and of the calls that were timed. */
  readonly totalSeconds: number;
  readonly p95Seconds: number | null;
  readonly maxSeconds: number | null;
  /** When it was last called, ms epoch. */
  readonly lastAt: number;
}

/** Parses a row of `components`. @throws WsightError `BAD_FRAME` */
export function decodeComponentRow(value: unknown): ComponentRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return {
    kind: asOneOf("BAD_FRAME", "row kind", fields.kind, COMPONENT_KINDS),
    name: asText("BAD_FRAME", "row name", fields.name, 64),
    library: asText("BAD_FRAME", "row library", fields.library, 64),
    state: asOneOf("BAD_FRAME", "row state", fields.state, COMPONENT_STATES),
    since: asNumber("BAD_FRAME", "row since", fields.since, 0),
    checkedAt: numberOrNull(fields, "checkedAt"),
    latencySeconds: numberOrNull(fields, "latencySeconds"),
    error: fields.error === null ? null : asText("BAD_FRAME", "row error", fields.error),
  };
}

/** Parses a row of `collectors`. @throws WsightError `BAD_FRAME` */
export function decodeCollectorRow(value: unknown): CollectorRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return {
    name: asText("BAD_FRAME", "row name", fields.name, 64),
    tier: asOneOf("BAD_FRAME", "row tier", fields.tier, TIERS),
    at: asOneOf("BAD_FRAME", "row at", fields.at, TIERS),
    intervalMs: asNumber("BAD_FRAME", "row intervalMs", fields.intervalMs, 1),
    budgetSeconds: asNumber("BAD_FRAME", "row budget", fields.budgetSeconds, 0),
    seconds: asNumber("BAD_FRAME", "row seconds", fields.seconds, 0),
    reads: asInteger("BAD_FRAME", "row reads", fields.reads),
    failures: asInteger("BAD_FRAME", "row failures", fields.failures),
    readAt: numberOrNull(fields, "readAt"),
    note: fields.note === null ? null : asText("BAD_FRAME", "row note", fields.note),
  };
}

/** Parses a row of `queries`. @throws WsightError `BAD_FRAME` */
export function decodeQueryRow(value: unknown): QueryRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return {
    client: asText("BAD_FRAME", "row client", fields.client, 64),
    system: asText("BAD_FRAME", "row system", fields.system, 64),
    shape: asText("BAD_FRAME", "row shape", fields.shape, MAX_SHAPE_LENGTH),
    calls: asInteger("BAD_FRAME", "row calls", fields.calls),
    errors: asInteger("BAD_FRAME", "row errors", fields.errors),
    totalSeconds: asNumber("BAD_FRAME", "row totalSeconds", fields.totalSeconds, 0),
    p95Seconds: numberOrNull(fields, "p95Seconds"),
    maxSeconds: numberOrNull(fields, "maxSeconds"),
    lastAt: asNumber("BAD_FRAME", "row lastAt", fields.lastAt, 0),
  };
}

function numberOrNull(fields: Fields, name: string): number | null {
  const value = fields[name];
  return value === null ? null : asNumber("BAD_FRAME", `row ${name}`, value, 0);
}
