import { asFields, asInteger, asList, asNumber, asOneOf, asText, expected, type Fields } from "./parse.ts";

/** Messages a second that a live tail may show. */
export const MAX_TAIL_PER_SECOND = 50;
/** Different filters that a probe follows at once. */
export const MAX_TAIL_FILTERS = 8;
/** Most rows of one tail frame. */
export const MAX_TAIL_ROWS = 200;

/** Which messages a live tail shows; everything given must hold. */
export interface TailFilter {
  /** Each must be part of the event's name; lower case. */
  readonly text: readonly string[];
  readonly event?: string;
  readonly direction?: "in" | "out";
  readonly user?: string;
  readonly namespace?: string;
  /** Number of the connection in its process. */
  readonly connection?: number;
}

/** One message as a tail shows it. */
export interface TailRow {
  /** ms epoch of the process's clock. */
  readonly at: number;
  /** Place of the filter that took it, in the list the probe was given. */
  readonly filter: number;
  readonly connection: number | null;
  readonly user: string | null;
  readonly direction: "in" | "out";
  readonly event: string;
  readonly library: string;
  readonly namespace: string | null;
  readonly bytes: number;
  /** Fields of the payload that the application allowed by name, redacted and cut; others read `•••`. `null`: none allowed. */
  readonly fields: readonly (readonly [name: string, value: string])[] | null;
}

/**
 * Reads what a person types above the tail: words that must be part of the
 * event's name, and `event:` `dir:in` `dir:out` `user:` `ns:` `connection:`.
 * @throws WsightError `BAD_REQUEST` saying what was expected
 */
export function parseTailSearch(search: string): TailFilter {
  asText("BAD_REQUEST", "search", search, 256);
  const text: string[] = [];
  const filter: Record<string, string | number> = {};
  for (const [, word, quoted, plain = ""] of search.matchAll(/(?:(\w+):)?(?:"([^"]*)"|(\S+))/g)) {
    const value = quoted ?? plain;
    if (word === "event" || word === "user") filter[word] = value;
    else if (word === "ns" || word === "namespace") filter.namespace = value;
    else if (word === "dir") filter.direction = asOneOf("BAD_REQUEST", "dir", value, ["in", "out"]);
    else if (word === "connection") {
      if (!/^\d{1,10}$/.test(value)) throw expected("BAD_REQUEST", "connection", "a number", value);
      filter.connection = Number(value);
    } else text.push((word === undefined ? value : `${word}:${value}`).toLowerCase());
  }
  return { ...filter, text };
}

/** Parses a filter that came over a link. @throws WsightError `BAD_FRAME` */
export function parseTailFilter(value: unknown): TailFilter {
  const fields = asFields("BAD_FRAME", "filter", value);
  const words = asList("BAD_FRAME", "text", fields.text, 256).map((word) => asText("BAD_FRAME", "text", word));
  const name = (field: "event" | "user" | "namespace"): Partial<TailFilter> =>
    fields[field] === undefined ? {} : { [field]: asText("BAD_FRAME", field, fields[field]) };
  return {
    text: words,
    ...name("event"),
    ...name("user"),
    ...name("namespace"),
    ...(fields.direction === undefined ? {} : { direction: parseDirection(fields) }),
    ...(fields.connection === undefined ? {} : { connection: asInteger("BAD_FRAME", "connection", fields.connection) }),
  };
}

/** Parses a row that came over a link. @throws WsightError `BAD_FRAME` */
export function parseTailRow(value: unknown): TailRow {
  const fields = asFields("BAD_FRAME", "row", value);
  const name = (field: "user" | "namespace"): string | null =>
    fields[field] === null ? null : asText("BAD_FRAME", field, fields[field]);
  return {
    at: asNumber("BAD_FRAME", "at", fields.at, 0),
    filter: asInteger("BAD_FRAME", "filter", fields.filter, 0, MAX_TAIL_FILTERS - 1),
    connection: fields.connection === null ? null : asInteger("BAD_FRAME", "connection", fields.connection),
    user: name("user"),
    direction: parseDirection(fields),
    event: asText("BAD_FRAME", "event", fields.event),
    library: asText("BAD_FRAME", "library", fields.library),
    namespace: name("namespace"),
    bytes: asNumber("BAD_FRAME", "bytes", fields.bytes, 0),
    fields: fields.fields === null ? null : asList("BAD_FRAME", "fields", fields.fields, 32).map(parsePayloadField),
  };
}

function parseDirection(fields: Fields): "in" | "out" {
  return asOneOf("BAD_FRAME", "direction", fields.direction, ["in", "out"]);
}

function parsePayloadField(value: unknown): readonly [string, string] {
  const [name, content] = asList("BAD_FRAME", "field", value, 2);
  return [asText("BAD_FRAME", "field name", name, 64), asText("BAD_FRAME", "field value", content, 256)];
}
