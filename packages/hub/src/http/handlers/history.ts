import {
  expected,
  HISTORY_AGGREGATES,
  HISTORY_EVENT_KINDS,
  MAX_HEATMAP_COLUMNS,
  MAX_HISTORY_LINES,
  MAX_HISTORY_POINTS,
  MAX_SERIES_PAGE,
  MAX_TREND_POINTS,
  parseHistoryCompareQuery,
  parseHistoryHeatmapQuery,
  parseHistoryQuery,
  parseHistorySeriesQuery,
  parseHistoryTrendQuery,
  WsightError,
} from "@wsight/protocol";
import type { Analyses, Analysis } from "../../analysis/analyses.ts";
import type { EventQuery } from "../../store/reader.ts";
import type { Store } from "../../store/store.ts";
import {
  AGAINST,
  given,
  listOf,
  numberOf,
  readAgainstWord,
  readPlaceWords,
  readRangeWords,
  readSelectorWords,
} from "../history-words.ts";
import { readInteger } from "../query.ts";
import type { Route, RouteRequest } from "../route.ts";
import { createTurns } from "../turns.ts";

/** Questions of history that are answered at once, and that wait. */
const LIMITS = { total: 16, perKey: 4, waitingPerKey: 32, waiting: 256 };
/** Longest that a question waits and is answered, ms. */
const MAX_MS = 30_000;
const DEFAULT_EVENTS = 100;
const MAX_EVENTS = 1_000;

/** What questions of history work with. */
export interface HistoryRouteParts {
  /** Has a question answered where the data is; `null` while the hub keeps no history. */
  readonly askHistory: Store["ask"] | null;
  /** ms epoch. */
  readonly now: () => number;
}

type Parameter = NonNullable<Route["query"]>[number];
/** Reads what is asked, from an address or a body. */
type Read<A extends Analysis> = (request: RouteRequest) => Analyses[A]["argument"];

const TEXT = { type: "string" } as const;
const RANGE: readonly Parameter[] = [
  {
    name: "from",
    summary: "ISO 8601, ms since 1970, or 24h for that long ago; an hour before `to` unless given",
    schema: TEXT,
  },
  { name: "to", summary: "The same, exclusive; now unless given", schema: TEXT },
  { name: "step", summary: "Length of an interval: 10s, 5m, 1h, or ms", schema: TEXT },
];
const PLACE: readonly Parameter[] = [
  { name: "metric", summary: "Which metric, docs/metrics.md", schema: TEXT },
  { name: "where", summary: "attribute=value; may be given several times", schema: TEXT },
  { name: "node", summary: "Only this node, as service/instance; may be given several times", schema: TEXT },
];
const AGGREGATES = [...new Set(Object.values(HISTORY_AGGREGATES).flat())];
const SELECTOR: readonly Parameter[] = [
  ...PLACE,
  {
    name: "agg",
    summary: "Which figure; what a metric has follows from its kind",
    schema: { ...TEXT, enum: AGGREGATES },
  },
  { name: "by", summary: "One line for each value: attributes, node, service; with commas", schema: TEXT },
  {
    name: "top",
    summary: "Only the largest lines",
    schema: { type: "integer", minimum: 1, maximum: MAX_HISTORY_LINES, default: 20 },
  },
  { name: "octave", summary: "Which, for agg=octave", schema: { type: "integer", minimum: -20, maximum: 32 } },
];

/** Everything that can be asked of history, in the order of a table of routes. */
export function historyRoutes(parts: HistoryRouteParts): readonly Route[] {
  const { now } = parts;
  const ask = createAsk(parts);
  const selectors = ({ query }: RouteRequest): Record<string, unknown> => ({ selectors: [readSelectorWords(query)] });
  return [
    ask(
      "GET",
      "query",
      "query",
      "Figures of the past: one selector",
      [...SELECTOR, ...RANGE, points(MAX_HISTORY_POINTS, 600)],
      (request) => parseHistoryQuery({ ...readRangeWords(request.query, now()), ...selectors(request) }),
    ),
    ask("POST", "queries", "query", "Figures of the past: up to 64 selectors on the same intervals", [], ({ body }) =>
      parseHistoryQuery(body),
    ),
    ask("GET", "series", "series", "Which series history knows, page by page", [...PLACE, ...PAGE], ({ query }) =>
      parseHistorySeriesQuery({
        ...listOf("metrics", query, "metric"),
        ...readPlaceWords(query),
        ...given("limit", numberOf(query, "limit")),
        ...given("after", query.get("after")),
      }),
    ),
    ask(
      "GET",
      "compare",
      "compare",
      "A time beside an earlier one, and whether it is as usual",
      [...SELECTOR, ...RANGE.slice(0, 2), ...COMPARE],
      (request) => {
        const { fromAt, toAt } = readRangeWords(request.query, now());
        const againstAt = readAgainstWord(request.query, fromAt, now());
        return parseHistoryCompareQuery({ fromAt, toAt, againstAt, ...selectors(request) });
      },
    ),
    ask("POST", "compare", "compare", "The same of up to 64 selectors", [], ({ body }) =>
      parseHistoryCompareQuery(body),
    ),
    ask(
      "GET",
      "heatmap",
      "heatmap",
      "A distribution over time, as counts",
      [...PLACE, ...RANGE, ...HEATMAP],
      ({ query }) =>
        parseHistoryHeatmapQuery({
          ...readRangeWords(query, now()),
          ...given("metric", query.get("metric")),
          ...readPlaceWords(query),
          ...given("perOctave", numberOf(query, "perOctave")),
        }),
    ),
    ask("POST", "heatmap", "heatmap", "The same, asked by a body", [], ({ body }) => parseHistoryHeatmapQuery(body)),
    ask(
      "GET",
      "trend",
      "trend",
      "Whether a figure goes up or down, how sure that is, and when it reaches a limit",
      [...SELECTOR, ...RANGE, ...TREND],
      ({ query }) =>
        parseHistoryTrendQuery({
          ...readRangeWords(query, now()),
          selector: readSelectorWords(query),
          ...given("limit", numberOf(query, "limit")),
        }),
    ),
    ask("POST", "trend", "trend", "The same, asked by a body", [], ({ body }) => parseHistoryTrendQuery(body)),
    ask(
      "GET",
      "events",
      "events",
      "What happened, newest first",
      [...RANGE.slice(0, 2), ...EVENTS],
      ({ query }) => readEvents(query, now()),
      (events) => ({ events }),
    ),
  ];
}

const PAGE: readonly Parameter[] = [
  {
    name: "limit",
    summary: "Series to tell",
    schema: { type: "integer", minimum: 1, maximum: MAX_SERIES_PAGE, default: 100 },
  },
  { name: "after", summary: "`next` of the page before", schema: TEXT },
];
const COMPARE: readonly Parameter[] = [
  {
    name: "against",
    summary: `What it is compared with: ${AGAINST.join(", ")} before, or the time it began`,
    schema: { ...TEXT, default: "day" },
  },
];
const HEATMAP: readonly Parameter[] = [
  points(MAX_HEATMAP_COLUMNS, 120),
  {
    name: "perOctave",
    summary: "Rows of an octave",
    schema: { type: "integer", enum: [1, 2, 4, 8, 16, 32], default: 1 },
  },
];
const TREND: readonly Parameter[] = [
  points(MAX_TREND_POINTS, 600),
  { name: "limit", summary: "A value in base units that the trend may reach", schema: { type: "number" } },
];
const EVENTS: readonly Parameter[] = [
  { name: "kinds", summary: `Only these, with commas: ${HISTORY_EVENT_KINDS.join(", ")}`, schema: TEXT },
  { name: "node", summary: "Only of this node, as service/instance", schema: TEXT },
  { name: "subject", summary: "Only about this connection, job, test or alert", schema: TEXT },
  {
    name: "limit",
    summary: "Events to tell",
    schema: { type: "integer", minimum: 1, maximum: MAX_EVENTS, default: DEFAULT_EVENTS },
  },
];

function points(maximum: number, otherwise: number): Parameter {
  const schema = { type: "integer", minimum: 1, maximum, default: otherwise };
  return { name: "points", summary: "Most intervals, where no step is given", schema };
}

type AskRoute = <A extends Analysis>(
  method: "GET" | "POST",
  path: string,
  analysis: A,
  summary: string,
  query: readonly Parameter[],
  read: Read<A>,
  shape?: (answer: Analyses[A]["answer"]) => unknown,
) => Route;

/** Answers wait their turn and end when their client leaves. */
function createAsk({ askHistory }: HistoryRouteParts): AskRoute {
  const turns = createTurns(LIMITS);
  return (method, path, analysis, summary, query, read, shape = (answer) => answer) => ({
    method,
    path: `/api/history/${path}`,
    access: "viewer",
    summary,
    query,
    ...(method === "POST" ? { body: { type: "object" } } : {}),
    handle: async (request) => {
      const argument = read(request);
      if (askHistory === null)
        throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history (dataDir is null)");
      const late = AbortSignal.timeout(MAX_MS);
      const signal = AbortSignal.any([request.signal, late]);
      try {
        const answer = await turns.run(request.principal?.sub ?? "", signal, () =>
          askHistory(analysis, argument, { signal }),
        );
        return { json: shape(answer) };
      } catch (error) {
        if (late.aborted && !request.signal.aborted) throw tooLong();
        throw error;
      }
    },
  });
}

function readEvents(query: URLSearchParams, now: number): EventQuery {
  const { fromAt, toAt } = readRangeWords(query, now) as { fromAt: number; toAt: number };
  if (toAt <= fromAt) throw expected("BAD_REQUEST", "to", "a time after from", query.get("to"));
  const words = query
    .getAll("kinds")
    .flatMap((text) => text.split(","))
    .filter((word) => word !== "");
  const kinds = words.map((word) => {
    const kind = HISTORY_EVENT_KINDS.find((one) => one === word);
    if (kind === undefined) throw expected("BAD_REQUEST", "kinds", `some of ${HISTORY_EVENT_KINDS.join(", ")}`, word);
    return kind;
  });
  const node = query.get("node");
  const subject = query.get("subject");
  return {
    fromAt,
    toAt,
    newestFirst: true,
    limit: readInteger("limit", query.get("limit"), 1, MAX_EVENTS, DEFAULT_EVENTS),
    ...(kinds.length === 0 ? {} : { kinds }),
    ...(node === null ? {} : { node }),
    ...(subject === null ? {} : { subject }),
  };
}

function tooLong(): WsightError {
  return new WsightError(
    "STORE_UNAVAILABLE",
    `History did not answer within ${MAX_MS / 1000} s; ask for a shorter time, a larger step, or fewer series`,
    { details: { retryAfterSeconds: 5 } },
  );
}
