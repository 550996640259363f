import { asFields, asInteger, asList, asNumber, asOneOf, asText, expected, type Fields } from "./parse.ts";

/**
 * `open`: nothing to remark · `idle`: no message either way for 60 s ·
 * `slow`: bytes wait in its send buffer · `closing`: the closing handshake runs.
 */
export const CONNECTION_STATES = ["open", "idle", "slow", "closing"] as const;
export type ConnectionStatus = (typeof CONNECTION_STATES)[number];

/**
 * What a list of connections can be ordered by. Rates are per second, over the
 * last few seconds. Names compare by code unit. What has no figure to go by
 * comes last in either direction; equals go by their number, lowest first.
 */
export const CONNECTION_SORTS = [
  "opened",
  "id",
  "user",
  "in",
  "out",
  "buffered",
  "bufferedHigh",
  "rtt",
  "messages",
  "bytes",
  "lastIn",
  "lastOut",
] as const;
export type ConnectionSort = (typeof CONNECTION_SORTS)[number];

/** Most rows of one answer. */
export const MAX_CONNECTION_ROWS = 200;
/** Most rows a query may skip. */
export const MAX_CONNECTION_OFFSET = 1_000_000;
/** Most namespaces and rooms told of one row. */
export const MAX_ROW_NAMES = 8;

/** Which connections are meant; everything given must hold. Names are compared exactly, `text` without case. */
export interface ConnectionFilter {
  /** Each must be part of the id, the user or the channel; lower case. */
  readonly text: readonly string[];
  readonly id?: string;
  readonly user?: string;
  readonly channel?: string;
  readonly namespace?: string;
  readonly room?: string;
  readonly transport?: string;
  readonly library?: string;
  readonly server?: string;
  readonly state?: ConnectionStatus;
  /** More than this many bytes wait in its send buffer. */
  readonly minBufferedBytes?: number;
  /** Newest heartbeat round trip above this, ms. */
  readonly minRttMs?: number;
  /** Open for longer than this, ms. */
  readonly minAgeMs?: number;
}

/** One page of a list of connections. */
export interface ConnectionQuery {
  readonly filter: ConnectionFilter;
  readonly sort: ConnectionSort;
  readonly descending: boolean;
  readonly offset: number;
  /** 0 only counts. */
  readonly limit: number;
}

/** One open connection. Times are ms epoch by its process's clock. */
export interface ConnectionRow {
  /** Number of the connection in its process, never used twice: what later questions about it name. */
  readonly connection: number;
  /** What the library calls it (of Socket.IO the first socket's id), `#number` when it has no name. */
  readonly id: string;
  readonly library: string;
  /** The `ws.server` label of its series. */
  readonly server: string;
  readonly transport: string;
  readonly user: string | null;
  readonly channel: string | null;
  /** Namespaces joined, at most {@link MAX_ROW_NAMES}; empty where the library has none. */
  readonly namespaces: readonly string[];
  /** Rooms that are not a socket's own, at most {@link MAX_ROW_NAMES} of `roomCount`. */
  readonly rooms: readonly string[];
  readonly roomCount: number;
  readonly openedAt: number;
  readonly messagesIn: number;
  readonly messagesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Messages per second; `null` until two looks were taken. */
  readonly inRate: number | null;
  readonly outRate: number | null;
  /** Bytes waiting in its send buffer now, and the most that ever did. */
  readonly bufferedBytes: number;
  readonly bufferedHighBytes: number;
  /** Newest heartbeat round trip. */
  readonly rttMs: number | null;
  readonly lastInAt: number | null;
  readonly lastOutAt: number | null;
  readonly state: ConnectionStatus;
}

/** One page of one process. */
export interface ConnectionPage {
  /** When it was read, ms epoch of the process's clock. */
  readonly at: number;
  /** Connections open, and those of them that the filter takes. */
  readonly open: number;
  readonly matched: number;
  readonly rows: readonly ConnectionRow[];
}

/** A socket of a connection: a connection of Socket.IO has one for each namespace. */
export interface ConnectionSocket {
  readonly id: string;
  readonly namespace: string;
  /** At most 100. */
  readonly rooms: readonly string[];
  readonly roomCount: number;
}

/** One connection looked at closely. */
export interface ConnectionDetail {
  readonly at: number;
  readonly row: ConnectionRow;
  readonly sockets: readonly ConnectionSocket[];
  /** The handshake, redacted: path without its query, address, and headers that carry no secret. */
  readonly handshake: {
    readonly path: string | null;
    readonly address: string | null;
    readonly headers: readonly (readonly [name: string, value: string])[];
  } | null;
}

/** What each order looks at; `null` comes last. */
const SORT_FIGURES: { readonly [S in ConnectionSort]: (row: ConnectionRow) => number | string | null } = {
  opened: (row) => row.openedAt,
  id: (row) => row.id,
  user: (row) => row.user,
  in: (row) => row.inRate,
  out: (row) => row.outRate,
  buffered: (row) => row.bufferedBytes,
  bufferedHigh: (row) => row.bufferedHighBytes,
  rtt: (row) => row.rttMs,
  messages: (row) => row.messagesIn + row.messagesOut,
  bytes: (row) => row.bytesIn + row.bytesOut,
  lastIn: (row) => row.lastInAt,
  lastOut: (row) => row.lastOutAt,
};

/**
 * Orders rows as {@link CONNECTION_SORTS} says.
 * @param tie orders equals; by number unless given, which no two rows of one process have in common
 */
export function compareConnections<R extends ConnectionRow = ConnectionRow>(
  sort: ConnectionSort,
  descending: boolean,
  tie: (a: R, b: R) => number = (a, b) => a.connection - b.connection,
): (a: R, b: R) => number {
  const figure = SORT_FIGURES[sort];
  const sign = descending ? -1 : 1;
  return (a, b) => {
    const one = figure(a);
    const other = figure(b);
    if (one === other) return tie(a, b);
    if (one === null) return 1;
    if (other === null) return -1;
    return one < other ? -sign : sign;
  };
}

const WORDS: Readonly<Record<string, keyof ConnectionFilter>> = {
  id: "id",
  user: "user",
  channel: "channel",
  ns: "namespace",
  namespace: "namespace",
  room: "room",
  tr: "transport",
  transport: "transport",
  lib: "library",
  library: "library",
  server: "server",
};
/** Words that take `>number` with a unit, and what one unit is. */
const BOUNDS: Readonly<Record<string, { field: keyof ConnectionFilter; units: Readonly<Record<string, number>> }>> = {
  buffered: { field: "minBufferedBytes", units: { "": 1, b: 1, k: 1024, kb: 1024, m: 1_048_576, mb: 1_048_576 } },
  rtt: { field: "minRttMs", units: { "": 1, ms: 1, s: 1000 } },
  age: { field: "minAgeMs", units: { "": 1000, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } },
};

/** Longest search text, in UTF-16 units. */
export const MAX_SEARCH_LENGTH = 256;

/** Every word that a search knows, in the order in which it is told. */
const KNOWN_WORDS = [...Object.keys(WORDS), "state", ...Object.keys(BOUNDS)].join(", ");

/**
 * Reads what a person types into the search box: words that must be part of
 * the id, user or channel, and `user:` `ns:` `room:` `tr:` `lib:` `server:`
 * `channel:` `id:` `state:` with a name, `buffered:>64k` `rtt:>100` `age:>1h`
 * with a bound. Names with spaces stand in double quotes, and so does text
 * that looks like a filter; a filter without a value is not given yet.
 * @throws WsightError `BAD_REQUEST` saying what was expected
 * @example
 * parseConnectionSearch('user:ada ns:/chat age:>1h 8fk')
 */
export function parseConnectionSearch(search: string): ConnectionFilter {
  asText("BAD_REQUEST", "search", search, MAX_SEARCH_LENGTH);
  const text: string[] = [];
  const filter: Record<string, string | number> = {};
  for (const [, word, quoted, plain = ""] of search.matchAll(/(?:(\w+):)?(?:"([^"]*)"|(\S*))/g)) {
    const value = quoted ?? plain;
    if (word !== undefined && !isText(word, value)) Object.assign(filter, readTerm(word.toLowerCase(), value));
    else if (word !== undefined) text.push(`${word}:${value}`.toLowerCase());
    else if (value !== "") text.push(value.toLowerCase());
  }
  return { ...filter, text };
}

/** An id, an address or a URL may hold a colon too: only a word of small letters is taken for a filter. */
function isText(word: string, value: string): boolean {
  if (isKnown(word.toLowerCase())) return false;
  const address = /^[a-f]{1,4}$/.test(word) && /^[\da-f.]*:[\da-f:.]*$/i.test(value);
  return !/^[a-z]+$/.test(word) || address || value.startsWith("//");
}

function isKnown(word: string): boolean {
  return word === "state" || Object.hasOwn(BOUNDS, word) || Object.hasOwn(WORDS, word);
}

function readTerm(word: string, value: string): Record<string, string | number> {
  if (!isKnown(word))
    throw expected("BAD_REQUEST", word, `one of ${KNOWN_WORDS}, or quotes around text`, `${word}:${value}`);
  if (value === "") return {};
  if (word === "state") return { state: asOneOf("BAD_REQUEST", "state", value, CONNECTION_STATES) };
  const bound = Object.hasOwn(BOUNDS, word) ? BOUNDS[word] : undefined;
  if (bound !== undefined) return { [bound.field]: readBound(word, value, bound.units) };
  const field = Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  return field === undefined ? {} : { [field]: value };
}

function readBound(word: string, value: string, units: Readonly<Record<string, number>>): number {
  const [, digits, unit = ""] = /^>(\d{1,12}(?:\.\d{1,3})?)([a-z]*)$/i.exec(value) ?? [];
  const scale = Object.hasOwn(units, unit.toLowerCase()) ? units[unit.toLowerCase()] : undefined;
  if (digits === undefined || scale === undefined) {
    const known = Object.keys(units).filter((name) => name !== "");
    throw expected("BAD_REQUEST", word, `> and a number, with ${known.join(", ")} or nothing after it`, value);
  }
  return Number(digits) * scale;
}

/** Parses a query that came over a link. @throws WsightError `BAD_FRAME` */
export function parseConnectionQuery(value: unknown): ConnectionQuery {
  const fields = asFields("BAD_FRAME", "query", value);
  return {
    filter: parseFilter(asFields("BAD_FRAME", "filter", fields.filter)),
    sort: asOneOf("BAD_FRAME", "sort", fields.sort, CONNECTION_SORTS),
    descending: fields.descending === true,
    offset: asInteger("BAD_FRAME", "offset", fields.offset, 0, MAX_CONNECTION_OFFSET),
    limit: asInteger("BAD_FRAME", "limit", fields.limit, 0, MAX_CONNECTION_ROWS),
  };
}

function parseFilter(fields: Fields): ConnectionFilter {
  const filter: Record<string, string | number> = {};
  for (const field of new Set(Object.values(WORDS))) {
    if (fields[field] !== undefined) filter[field] = asText("BAD_FRAME", field, fields[field]);
  }
  for (const { field } of Object.values(BOUNDS)) {
    if (fields[field] !== undefined) filter[field] = asNumber("BAD_FRAME", field, fields[field], 0);
  }
  if (fields.state !== undefined) filter.state = asOneOf("BAD_FRAME", "state", fields.state, CONNECTION_STATES);
  const text = asList("BAD_FRAME", "text", fields.text, MAX_SEARCH_LENGTH);
  return { ...filter, text: text.map((word) => asText("BAD_FRAME", "text", word)) };
}

/** Parses a page that a probe answered. @throws WsightError `BAD_FRAME` */
export function parseConnectionPage(value: unknown): ConnectionPage {
  const fields = asFields("BAD_FRAME", "page", value);
  return {
    at: asNumber("BAD_FRAME", "at", fields.at, 0),
    open: asInteger("BAD_FRAME", "open", fields.open),
    matched: asInteger("BAD_FRAME", "matched", fields.matched),
    rows: asList("BAD_FRAME", "rows", fields.rows, MAX_CONNECTION_ROWS).map(parseRow),
  };
}

/** Parses a close look that a probe answered. @throws WsightError `BAD_FRAME` */
export function parseConnectionDetail(value: unknown): ConnectionDetail {
  const fields = asFields("BAD_FRAME", "detail", value);
  return {
    at: asNumber("BAD_FRAME", "at", fields.at, 0),
    row: parseRow(fields.row),
    sockets: asList("BAD_FRAME", "sockets", fields.sockets, 1000).map(parseSocket),
    handshake: fields.handshake === null ? null : parseHandshake(fields.handshake),
  };
}

function parseSocket(value: unknown): ConnectionSocket {
  const fields = asFields("BAD_FRAME", "socket", value);
  return {
    id: asText("BAD_FRAME", "socket id", fields.id),
    namespace: asText("BAD_FRAME", "namespace", fields.namespace),
    rooms: asNames("rooms", fields.rooms, 100),
    roomCount: asInteger("BAD_FRAME", "roomCount", fields.roomCount),
  };
}

function parseHandshake(value: unknown): ConnectionDetail["handshake"] {
  const fields = asFields("BAD_FRAME", "handshake", value);
  return {
    path: asNullable(fields.path, (path) => asText("BAD_FRAME", "path", path, 512)),
    address: asNullable(fields.address, (address) => asText("BAD_FRAME", "address", address, 64)),
    headers: asList("BAD_FRAME", "headers", fields.headers, 32).map((header) => {
      const [name, content] = asList("BAD_FRAME", "header", header, 2);
      return [asText("BAD_FRAME", "header name", name, 64), asText("BAD_FRAME", "header value", content, 512)] as const;
    }),
  };
}

function parseRow(value: unknown): ConnectionRow {
  const fields = asFields("BAD_FRAME", "row", value);
  const number = (name: keyof ConnectionRow): number => asNumber("BAD_FRAME", name, fields[name], 0);
  const maybe = (name: keyof ConnectionRow): number | null => asNullable(fields[name], () => number(name));
  const name = (field: keyof ConnectionRow): string => asText("BAD_FRAME", field, fields[field]);
  return {
    connection: asInteger("BAD_FRAME", "connection", fields.connection),
    id: name("id"),
    library: name("library"),
    server: name("server"),
    transport: name("transport"),
    user: asNullable(fields.user, () => name("user")),
    channel: asNullable(fields.channel, () => name("channel")),
    namespaces: asNames("namespaces", fields.namespaces, MAX_ROW_NAMES),
    rooms: asNames("rooms", fields.rooms, MAX_ROW_NAMES),
    roomCount: asInteger("BAD_FRAME", "roomCount", fields.roomCount),
    openedAt: number("openedAt"),
    messagesIn: number("messagesIn"),
    messagesOut: number("messagesOut"),
    bytesIn: number("bytesIn"),
    bytesOut: number("bytesOut"),
    inRate: maybe("inRate"),
    outRate: maybe("outRate"),
    bufferedBytes: number("bufferedBytes"),
    bufferedHighBytes: number("bufferedHighBytes"),
    rttMs: maybe("rttMs"),
    lastInAt: maybe("lastInAt"),
    lastOutAt: maybe("lastOutAt"),
    state: asOneOf("BAD_FRAME", "state", fields.state, CONNECTION_STATES),
  };
}

function asNames(where: string, value: unknown, max: number): readonly string[] {
  return asList("BAD_FRAME", where, value, max).map((name) => asText("BAD_FRAME", where, name));
}

function asNullable<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}
