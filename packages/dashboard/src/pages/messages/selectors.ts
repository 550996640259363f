import type { Selector } from "@wsight/protocol";
import type { OnScreen } from "../../state/index.ts";

const MESSAGES = "websocket.server.messages";
const ERRORS = "websocket.server.errors";
const SIZE = "websocket.server.message.size";
const IN = { direction: "in" };
const OUT = { direction: "out" };

/** Windows of the table of rates, seconds. */
export const RATE_WINDOWS = [60, 300, 900] as const;

/** Names of the page's own series. */
type SeriesName =
  | "in"
  | "out"
  | "all"
  | "inNow"
  | "outNow"
  | "errors"
  | "inMinute"
  | "outMinute"
  | "errorsMinute"
  | "size"
  | "sizeIn"
  | "sizeOut";

/** Every series of the page but those of single types, by what it is called here. */
export const SERIES: Readonly<Record<SeriesName, Selector>> = {
  in: { metric: MESSAGES, agg: "rate", where: IN },
  out: { metric: MESSAGES, agg: "rate", where: OUT },
  all: { metric: MESSAGES, agg: "rate" },
  inNow: { metric: MESSAGES, agg: "rate", where: IN, window: 10 },
  outNow: { metric: MESSAGES, agg: "rate", where: OUT, window: 10 },
  errors: { metric: ERRORS, agg: "rate" },
  inMinute: { metric: MESSAGES, agg: "rate", where: IN, window: 60 },
  outMinute: { metric: MESSAGES, agg: "rate", where: OUT, window: 60 },
  errorsMinute: { metric: ERRORS, agg: "rate", window: 60 },
  size: { metric: SIZE, agg: "mean", window: 60 },
  sizeIn: { metric: SIZE, agg: "mean", where: IN, window: 60 },
  sizeOut: { metric: SIZE, agg: "mean", where: OUT, window: 60 },
};

/** One row of the table of rates. */
interface RateRow {
  readonly label: string;
  readonly unit: "messages" | "bytes" | "errors";
  /** One for each of {@link RATE_WINDOWS}. */
  readonly selectors: readonly Selector[];
}

function rateRow(label: string, unit: RateRow["unit"], metric: string, where?: Selector["where"]): RateRow {
  const base = { metric, agg: "rate", ...(where === undefined ? {} : { where }) } as const;
  return { label, unit, selectors: RATE_WINDOWS.map((window) => ({ ...base, window })) };
}

/** Rows of the table of rates. */
export const RATE_ROWS: readonly RateRow[] = [
  rateRow("In", "messages", MESSAGES, IN),
  rateRow("Out", "messages", MESSAGES, OUT),
  rateRow("In and out", "messages", MESSAGES),
  rateRow("Bytes in", "bytes", "websocket.server.io", IN),
  rateRow("Bytes out", "bytes", "websocket.server.io", OUT),
  rateRow("Errors", "errors", ERRORS),
];

/** What is shown whatever the types are. */
export const ON_SCREEN: OnScreen = {
  series: [...Object.values(SERIES), ...RATE_ROWS.flatMap(({ selectors }) => selectors)],
  tables: ["types", "errors"],
  past: ["types", "errors"],
};

/** Kinds of messages, which stand in the list of types where messages have no event name. */
const KINDS: ReadonlySet<string> = new Set([
  "message",
  "text",
  "binary",
  "connect",
  "disconnect",
  "connect_error",
  "ack",
  "invalid",
]);

/** Messages of one type a second, in both directions. */
export function typeSelector({ event, library }: { readonly event: string; readonly library: string }): Selector {
  const where = KINDS.has(event) ? { "ws.library": library, kind: event } : { "ws.library": library, event };
  return { metric: MESSAGES, agg: "rate", where };
}
