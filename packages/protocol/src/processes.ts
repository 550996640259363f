import { asFields, asInteger, asList, asNumber, asOneOf, asText } from "./parse.ts";

/** What the process table can be sorted by, largest first; `name` and `pid` from the smallest. */
export const PROCESS_SORTS = ["cpu", "memory", "threads", "name", "pid"] as const;
export type ProcessSort = (typeof PROCESS_SORTS)[number];

/** Most rows of one page. */
export const MAX_PROCESS_ROWS = 200;

/** Which part of the process table. */
export interface ProcessQuery {
  readonly sort: ProcessSort;
  readonly offset: number;
  /** At most {@link MAX_PROCESS_ROWS}. */
  readonly limit: number;
  /** Only names that hold this text, and the process of this id; empty for all. */
  readonly search: string;
}

/** One process of a host. Its arguments are never looked at: they hold secrets. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** `running`, `sleeping`, …, as the system says. */
  readonly state: string;
  /** CPU time by wall time since the look before; 1 is one core; `null` at the first look. */
  readonly cpu: number | null;
  readonly memoryBytes: number;
  readonly threads: number;
  /** ms epoch. */
  readonly startedAt: number;
  /** It is the monitored process itself. */
  readonly self: boolean;
}

/** A part of the process table of a host, as one of its processes saw it. */
export interface ProcessPage {
  /** ms epoch. */
  readonly at: number;
  /** Processes there are, and those that fit the search. */
  readonly total: number;
  readonly matching: number;
  readonly rows: readonly ProcessRow[];
}

/** Parses a query. @throws WsightError `BAD_FRAME` */
export function parseProcessQuery(value: unknown): ProcessQuery {
  const fields = asFields("BAD_FRAME", "query", value);
  return {
    sort: asOneOf("BAD_FRAME", "sort", fields.sort, PROCESS_SORTS),
    offset: asInteger("BAD_FRAME", "offset", fields.offset, 0, 1_000_000),
    limit: asInteger("BAD_FRAME", "limit", fields.limit, 1, MAX_PROCESS_ROWS),
    search: asText("BAD_FRAME", "search", fields.search, 128),
  };
}

/** Parses a page. @throws WsightError `BAD_FRAME` */
export function parseProcessPage(value: unknown): ProcessPage {
  const fields = asFields("BAD_FRAME", "processes", value);
  return {
    at: asNumber("BAD_FRAME", "at", fields.at, 0),
    total: asInteger("BAD_FRAME", "total", fields.total),
    matching: asInteger("BAD_FRAME", "matching", fields.matching),
    rows: asList("BAD_FRAME", "rows", fields.rows, MAX_PROCESS_ROWS).map(parseProcessRow),
  };
}

function parseProcessRow(value: unknown): ProcessRow {
  const fields = asFields("BAD_FRAME", "process", value);
  return {
    pid: asInteger("BAD_FRAME", "pid", fields.pid),
    parent: asInteger("BAD_FRAME", "parent", fields.parent),
    name: asText("BAD_FRAME", "name", fields.name, 64),
    state: asText("BAD_FRAME", "state", fields.state, 32),
    cpu: fields.cpu === null ? null : asNumber("BAD_FRAME", "cpu", fields.cpu, 0),
    memoryBytes: asNumber("BAD_FRAME", "memoryBytes", fields.memoryBytes, 0),
    threads: asInteger("BAD_FRAME", "threads", fields.threads),
    startedAt: asNumber("BAD_FRAME", "startedAt", fields.startedAt, 0),
    self: fields.self === true,
  };
}
