import { HISTORY_EVENT_KINDS, type HistoryEvent } from "./history.ts";
import { asFields, asInteger, asList, asNumber, asOneOf, asText, expected, type Fields } from "./parse.ts";
import { MAX_TIME } from "./tables.ts";

/** Most events of one frame. */
export const MAX_FRAME_EVENTS = 128;
/** Longest text of an event. */
export const MAX_EVENT_TEXT = 256;
const MAX_ATTRIBUTES = 16;
const MAX_WORD = 128;

/** What happened in a process since it last told, the bounded part of it. */
export interface EventsFrame {
  readonly type: "events";
  readonly epoch: number;
  /** Times are of the probe's clock. */
  readonly rows: readonly Omit<HistoryEvent, "node">[];
  /** How many more of each kind happened than were told. */
  readonly leftOut: Readonly<Record<string, number>>;
}

/** Reads what a probe told of events. @throws WsightError `BAD_FRAME` */
export function decodeEvents(fields: Fields, epoch: number): EventsFrame {
  return {
    type: "events",
    epoch,
    rows: asList("BAD_FRAME", "events", fields.rows, MAX_FRAME_EVENTS).map(decodeEvent),
    leftOut: Object.fromEntries(
      entriesOf("leftOut", fields.leftOut).map(([kind, count]) => [
        asOneOf("BAD_FRAME", "leftOut", kind, HISTORY_EVENT_KINDS),
        asInteger("BAD_FRAME", `leftOut ${kind}`, count),
      ]),
    ),
  };
}

function decodeEvent(value: unknown): Omit<HistoryEvent, "node"> {
  const fields = asFields("BAD_FRAME", "event", value);
  return {
    at: Math.floor(asNumber("BAD_FRAME", "event at", fields.at, 0, MAX_TIME)),
    kind: asOneOf("BAD_FRAME", "event kind", fields.kind, HISTORY_EVENT_KINDS),
    subject: asText("BAD_FRAME", "event subject", fields.subject, MAX_WORD),
    text: asText("BAD_FRAME", "event text", fields.text, MAX_EVENT_TEXT),
    attributes: Object.fromEntries(
      entriesOf("event attributes", fields.attributes).map(([name, fact]) => [
        asText("BAD_FRAME", "event attribute", name, 64),
        typeof fact === "number" && Number.isFinite(fact) ? fact : asText("BAD_FRAME", `event ${name}`, fact, MAX_WORD),
      ]),
    ),
  };
}

function entriesOf(what: string, value: unknown): [string, unknown][] {
  const entries = Object.entries(asFields("BAD_FRAME", what, value));
  if (entries.length <= MAX_ATTRIBUTES) return entries;
  throw expected("BAD_FRAME", what, `at most ${MAX_ATTRIBUTES} entries`, entries.length);
}
