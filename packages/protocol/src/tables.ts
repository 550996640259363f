import { asFields, asInteger, asList, asNumber, asOneOf, asText, type Fields } from "./parse.ts";
import {
  type CollectorRow,
  type ComponentRow,
  decodeCollectorRow,
  decodeComponentRow,
  decodeQueryRow,
  type QueryRow,
} from "./sources.ts";

/** Most rows one table may carry. */
export const MAX_TABLE_ROWS = 1024;
/** Latest time that can be written as a date, ms epoch. */
export const MAX_TIME = 8.64e15;

/** Tables: bounded lists that are not metrics. */
export const TABLES = [
  "users",
  "channels",
  "rooms",
  "errors",
  "slow",
  "broadcasts",
  "components",
  "collectors",
  "queries",
] as const;
export type TableName = (typeof TABLES)[number];

/** A row of `users`, `channels` or `rooms`: open connections by key, largest first. */
export interface CountRow {
  readonly key: string;
  readonly count: number;
}

/** A row of `errors`: the ring of recent errors, newest last, text already redacted and cut. */
export interface ErrorRow {
  readonly at: number;
  readonly type: string;
  readonly message: string;
}

/** What was slow. `handler`: the synchronous part of a handler · `ack`: dispatch to acknowledgement · `broadcast`: one broadcast. */
export const SLOW_KINDS = ["handler", "ack", "broadcast"] as const;

/** A row of `slow`: a timed event above the probe's limit, newest last. Only messages that are timed are seen. */
export interface SlowRow {
  readonly at: number;
  readonly kind: (typeof SLOW_KINDS)[number];
  readonly event: string;
  readonly library: string;
  /** Number of the connection in its process; `null` for broadcasts and where it is not known. */
  readonly connection: number | null;
  /** How long it took, seconds. */
  readonly seconds: number;
  /** Event-loop lag around that time, seconds: what it waited in the queue at most; `null` when not known. */
  readonly queueSeconds: number | null;
  /** Bytes that waited in the connection's send buffer then; `null` when not known. */
  readonly bufferedBytes: number | null;
}

/** A row of `broadcasts`: one sampled broadcast, newest last. */
export interface BroadcastRow {
  readonly at: number;
  readonly namespace: string;
  readonly recipients: number;
  /** Event-loop time it took, seconds. */
  readonly seconds: number;
}

interface TableHead {
  readonly type: "table";
  readonly epoch: number;
  readonly at: number;
  /** Counts what the rows were picked from. */
  readonly total: number;
}

/** A bounded list, whole, replacing the one sent before. */
export type TableFrame =
  | (TableHead & {
      readonly table: "users" | "channels" | "rooms";
      readonly rows: readonly CountRow[];
      /** How many keys have 1, 2, 3–4, 5–8, … connections: octaves of the count, at most 24. */
      readonly spread: readonly number[];
    })
  | (TableHead & { readonly table: "errors"; readonly rows: readonly ErrorRow[] })
  | (TableHead & { readonly table: "slow"; readonly rows: readonly SlowRow[] })
  | (TableHead & { readonly table: "broadcasts"; readonly rows: readonly BroadcastRow[] })
  | (TableHead & { readonly table: "components"; readonly rows: readonly ComponentRow[] })
  | (TableHead & { readonly table: "collectors"; readonly rows: readonly CollectorRow[] })
  | (TableHead & { readonly table: "queries"; readonly rows: readonly QueryRow[] });

/** Octaves of {@link TableFrame} `spread`. */
export const MAX_SPREAD = 24;

/** Parses a table. @throws WsightError `BAD_FRAME` */
export function decodeTable(fields: Fields, epoch: number): TableFrame {
  const at = asNumber("BAD_FRAME", "at", fields.at, 0, MAX_TIME);
  const total = asInteger("BAD_FRAME", "total", fields.total);
  const rows = asList("BAD_FRAME", "rows", fields.rows, MAX_TABLE_ROWS);
  const head = { type: "table", epoch, at, total } as const;
  const table = asOneOf("BAD_FRAME", "table", fields.table, TABLES);
  switch (table) {
    case "errors":
      return { ...head, table, rows: rows.map(decodeErrorRow) };
    case "slow":
      return { ...head, table, rows: rows.map(decodeSlowRow) };
    case "broadcasts":
      return { ...head, table, rows: rows.map(decodeBroadcastRow) };
    case "components":
      return { ...head, table, rows: rows.map(decodeComponentRow) };
    case "collectors":
      return { ...head, table, rows: rows.map(decodeCollectorRow) };
    case "queries":
      return { ...head, table, rows: rows.map(decodeQueryRow) };
    default:
      return { ...head, table, rows: rows.map(decodeCountRow), spread: decodeSpread(fields.spread) };
  }
}

function decodeSpread(value: unknown): readonly number[] {
  if (value === undefined) return [];
  return asList("BAD_FRAME", "spread", value, MAX_SPREAD).map((count) => asInteger("BAD_FRAME", "spread", count));
}

function decodeCountRow(value: unknown): CountRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return { key: asText("BAD_FRAME", "row key", fields.key), count: asInteger("BAD_FRAME", "row count", fields.count) };
}

function decodeErrorRow(value: unknown): ErrorRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return {
    at: asNumber("BAD_FRAME", "row at", fields.at, 0, MAX_TIME),
    type: asText("BAD_FRAME", "row type", fields.type),
    message: asText("BAD_FRAME", "row message", fields.message, 512),
  };
}

function decodeSlowRow(value: unknown): SlowRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return {
    at: asNumber("BAD_FRAME", "row at", fields.at, 0, MAX_TIME),
    kind: asOneOf("BAD_FRAME", "row kind", fields.kind, SLOW_KINDS),
    event: asText("BAD_FRAME", "row event", fields.event),
    library: asText("BAD_FRAME", "row library", fields.library, 64),
    connection: fields.connection === null ? null : asInteger("BAD_FRAME", "row connection", fields.connection),
    seconds: asNumber("BAD_FRAME", "row seconds", fields.seconds, 0),
    queueSeconds: fields.queueSeconds === null ? null : asNumber("BAD_FRAME", "row queue", fields.queueSeconds, 0),
    bufferedBytes: fields.bufferedBytes === null ? null : asNumber("BAD_FRAME", "row buffer", fields.bufferedBytes, 0),
  };
}

function decodeBroadcastRow(value: unknown): BroadcastRow {
  const fields = asFields("BAD_FRAME", "row", value);
  return {
    at: asNumber("BAD_FRAME", "row at", fields.at, 0, MAX_TIME),
    namespace: asText("BAD_FRAME", "row namespace", fields.namespace),
    recipients: asInteger("BAD_FRAME", "row recipients", fields.recipients),
    seconds: asNumber("BAD_FRAME", "row seconds", fields.seconds, 0),
  };
}
