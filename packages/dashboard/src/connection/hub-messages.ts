import {
  asFields,
  asInteger,
  asList,
  asNumber,
  asOneOf,
  asText,
  ByteReader,
  ERRORS,
  type ErrorCode,
  expected,
  type HubMessage,
  LIVE_HISTORY_MS,
  LIVE_TABLES,
  LIVE_VERSION,
  type LiveTable,
  MAX_SELECTORS,
  MAX_TAIL_ROWS,
  parseJson,
} from "@wsight/protocol";

const CODES = Object.keys(ERRORS) as ErrorCode[];
const BAD = "BAD_FRAME";
const LONGEST_KEY = 4096;

/** A message of one type. */
export type HubMessageOf<T extends HubMessage["type"]> = Extract<HubMessage, { readonly type: T }>;

/** Parses text of a hub. Rows of tables and of the tail are looked at down to their outer shape only. @throws WsightError `BAD_FRAME` */
export function decodeHubMessage(text: string): HubMessage {
  const fields = asFields(BAD, "message", parseJson(BAD, "message", text));
  switch (asOneOf(BAD, "type", fields.type, ["welcome", "dictionary", "pong", "table", "tail", "error"])) {
    case "welcome":
      return readWelcome(fields);
    case "dictionary":
      return {
        type: "dictionary",
        id: asInteger(BAD, "id", fields.id),
        channel: asInteger(BAD, "channel", fields.channel),
        series: asList(BAD, "series", fields.series, MAX_SELECTORS).map(readColumn),
      };
    case "pong":
      return {
        type: "pong",
        sentAt: asNumber(BAD, "sentAt", fields.sentAt),
        at: asNumber(BAD, "at", fields.at, 0),
      };
    case "table":
      return readTable(fields);
    case "tail":
      readRows("tail", fields.rows, MAX_TAIL_ROWS);
      return {
        type: "tail",
        rows: fields.rows as HubMessageOf<"tail">["rows"],
        passed: asInteger(BAD, "passed", fields.passed),
      };
    case "error": {
      const error = asFields(BAD, "error", fields.error);
      const code = asOneOf(BAD, "code", error.code, CODES);
      return { type: "error", error: { code, message: asText(BAD, "message", error.message, LONGEST_KEY) } };
    }
  }
}

function readWelcome(fields: Readonly<Record<string, unknown>>): HubMessageOf<"welcome"> {
  const version = asInteger(BAD, "version", fields.version);
  if (version !== LIVE_VERSION)
    throw expected(BAD, "version", `live version ${LIVE_VERSION}: reload the page`, version);
  const principal = asFields(BAD, "principal", fields.principal);
  return {
    type: "welcome",
    version,
    at: asNumber(BAD, "at", fields.at, 0),
    intervalMs: asNumber(BAD, "intervalMs", fields.intervalMs, 50, 60_000),
    historyMs: asNumber(BAD, "historyMs", fields.historyMs, 0, LIVE_HISTORY_MS),
    principal: { sub: asText(BAD, "sub", principal.sub), role: asText(BAD, "role", principal.role, 16) },
  };
}

function readColumn(value: unknown): { key: string; scale: number } {
  const fields = asFields(BAD, "column", value);
  return { key: asText(BAD, "key", fields.key, LONGEST_KEY), scale: asNumber(BAD, "scale", fields.scale, 1e-9, 1e12) };
}

/** Lists that each table's rows must hold; `null` where the rows are the list themselves. */
const LISTS: Readonly<Record<LiveTable, readonly string[] | null>> = {
  nodes: null,
  events: null,
  closes: null,
  errors: ["byType", "recent"],
  users: ["rows"],
  channels: ["rows"],
  rooms: ["rows"],
  hub: [],
  types: null,
  handlers: null,
  namespaces: null,
  slow: null,
  broadcasts: null,
  components: null,
  collectors: null,
  routes: null,
  operations: null,
  queries: null,
  filesystems: null,
  alerts: ["rows"],
  queues: ["rows"],
  workers: ["rows"],
  health: ["checks"],
};

function readTable(fields: Readonly<Record<string, unknown>>): HubMessageOf<"table"> {
  const table = asOneOf(BAD, "table", fields.table, LIVE_TABLES);
  const lists = LISTS[table];
  if (lists === null) readRows(table, fields.rows);
  else {
    const rows = asFields(BAD, table, fields.rows);
    for (const name of lists) readRows(`${table} ${name}`, rows[name]);
  }
  const id = asInteger(BAD, "id", fields.id);
  const at = asNumber(BAD, "at", fields.at, 0);
  return { type: "table", id, at, table, rows: fields.rows } as HubMessageOf<"table">;
}

function readRows(where: string, value: unknown, most = 10_000): void {
  for (const row of asList(BAD, where, value, most)) asFields(BAD, where, row);
}

/** What stands at the front of a binary message, enough to find the values it builds on. */
export interface FrameHead {
  readonly type: "tick" | "backfill";
  readonly keyframe: boolean;
  readonly channel: number;
  /** Of a tick, else 0. */
  readonly seq: number;
}

const TICK_TAG = 0x54;

/** Reads the front of a binary message. @throws WsightError `BAD_FRAME` */
export function readFrameHead(bytes: Uint8Array): FrameHead {
  const reader = new ByteReader(bytes);
  if (reader.u8() !== TICK_TAG) return { type: "backfill", keyframe: true, channel: reader.varint(), seq: 0 };
  const keyframe = reader.u8() === 1;
  return { type: "tick", keyframe, channel: reader.varint(), seq: reader.varint() };
}
