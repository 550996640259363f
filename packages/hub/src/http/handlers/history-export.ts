import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { HISTORY_AGGREGATES, HISTORY_TIERS, type HistoryQuery, parseHistoryQuery, WsightError } from "@wsight/protocol";
import { createConnectionLimit } from "../../access/connection-limit.ts";
import { takesGzip } from "../../prometheus/negotiate.ts";
import { ANSWER_TEXTS } from "../../takeout/answer-text.ts";
import type { TakeoutStore } from "../../takeout/takeout.ts";
import { parseTakeout, TAKEOUT_FORMATS, type TakeoutFormat, type TakeoutQuery } from "../../takeout/takeout-query.ts";
import { TAKEOUT_TYPES } from "../../takeout/takeout-text.ts";
import { writeTakeout } from "../../takeout/write-takeout.ts";
import { readRangeWords, readSelectorWords } from "../history-words.ts";
import type { Route, RouteReply, RouteRequest } from "../route.ts";

/** Exports at once, in all and of one principal: each keeps the store busy. */
const LIMITS = { total: 4, perKey: 1 };
const RETRY_AFTER_SECONDS = 5;
/** Who takes nothing for so long makes room for others, ms. */
const STALLED_MS = 60_000;

/** Where history is taken out of. */
export interface TakeoutSource {
  /** The store, once everything that was recorded is in it. Rejects with `STORE_UNAVAILABLE`. */
  openTakeout(): Promise<TakeoutStore>;
}

/** @param source `null` while the hub keeps no history */
export function historyExportRoute(source: TakeoutSource | null, now: () => number): Route {
  const limit = createConnectionLimit(LIMITS);
  return {
    method: "GET",
    path: "/api/history/export",
    access: "viewer",
    summary: "History as a file: samples of one tier or all, and events; with agg the answer to a query",
    query: [
      {
        name: "format",
        summary: "NDJSON of everything is what wsight import reads",
        schema: { type: "string", enum: TAKEOUT_FORMATS, default: "ndjson" },
      },
      { name: "metric", summary: "Only this metric; may be given several times", schema: { type: "string" } },
      { name: "node", summary: "Only this node, as service/instance", schema: { type: "string" } },
      { name: "from", summary: "ISO 8601, ms since 1970, or 24h for that long ago", schema: { type: "string" } },
      { name: "to", summary: "The same, exclusive", schema: { type: "string" } },
      {
        name: "step",
        summary: "Which tier; else all for NDJSON, and the finest one that reaches back to `from` for CSV and JSON",
        schema: { type: "string", enum: [...HISTORY_TIERS.map(({ name }) => name), "all"] },
      },
      { name: "events", summary: "Events instead of samples", schema: { type: "boolean", default: false } },
      {
        name: "agg",
        summary: "The figures that /api/history/query answers with the same parameters, as a table",
        schema: { type: "string", enum: [...new Set(Object.values(HISTORY_AGGREGATES).flat())] },
      },
    ],
    async handle({ query, principal, raw, signal }) {
      const wanted = query.has("agg") ? readQuestion(query, now()) : readWords(query, now());
      if (source === null) throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history (dataDir is null)");
      const compressed = takesGzip(String(raw.headers["accept-encoding"] ?? ""));
      const headers = headersOf(wanted, compressed, now());
      if (raw.method === "HEAD") return { status: 200, headers, stream: (response) => void response.end() };
      const leave = limit.enter([principal?.sub ?? ""]);
      if (leave === null) throw busy();
      try {
        return await begin(source, wanted, { signal, compressed, leave, headers });
      } catch (error) {
        leave();
        throw error;
      }
    },
  };
}

interface Begin {
  readonly signal: RouteRequest["signal"];
  readonly compressed: boolean;
  readonly leave: () => void;
  readonly headers: Readonly<Record<string, string>>;
}

/** What can't be read is refused before anything is sent: the first piece is waited for. */
async function begin(
  source: TakeoutSource,
  wanted: TakeoutQuery | Question,
  { signal, compressed, leave, headers }: Begin,
): Promise<RouteReply> {
  const store = await source.openTakeout();
  const pieces = "question" in wanted ? answer(store, wanted, signal) : writeTakeout(store, wanted, signal);
  const first = await pieces.next();
  async function* all(): AsyncGenerator<string> {
    if (first.done !== true) yield first.value;
    yield* pieces;
  }
  return {
    status: 200,
    headers,
    stream: (response: ServerResponse) => {
      response.setTimeout(STALLED_MS, () => response.destroy());
      const text = Readable.from(all(), { objectMode: false });
      const sent = compressed ? pipeline(text, createGzip({ level: 3 }), response) : pipeline(text, response);
      // Whoever reads sees its answer break off; there is nobody else to tell.
      sent.catch(() => undefined).finally(leave);
    },
  };
}

/** A query whose answer is wanted as a file. */
interface Question {
  readonly format: TakeoutFormat;
  readonly question: HistoryQuery;
}

function readQuestion(query: URLSearchParams, now: number): Question {
  const { format } = readWords(new URLSearchParams({ format: query.get("format") ?? "csv" }), now);
  const question = { ...readRangeWords(query, now), selectors: [readSelectorWords(query)] };
  return { format, question: parseHistoryQuery(question) };
}

async function* answer(
  store: TakeoutStore,
  { format, question }: Question,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield ANSWER_TEXTS[format](await store.ask("query", question, { signal }));
}

function readWords(query: URLSearchParams, now: number): TakeoutQuery {
  const events = query.get("events") ?? "false";
  if (!["true", "false", "1", "0"].includes(events))
    throw new WsightError("BAD_REQUEST", `events: expected true or false, got ${events.slice(0, 64)}`);
  const words = {
    format: query.get("format"),
    metrics: query.getAll("metric"),
    node: query.get("node"),
    from: query.get("from"),
    to: query.get("to"),
    step: query.get("step"),
    events: events === "true" || events === "1",
  };
  return parseTakeout(words, now, (word) => word);
}

function headersOf({ format }: Pick<TakeoutQuery, "format">, compressed: boolean, now: number): Record<string, string> {
  const time = new Date(now).toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return {
    "content-type": TAKEOUT_TYPES[format],
    "content-disposition": `attachment; filename="wsight-history-${time}.${format}"`,
    // Its end tells a whole file from one that broke off, so it must not be the end of the connection.
    "transfer-encoding": "chunked",
    vary: "accept-encoding",
    ...(compressed ? { "content-encoding": "gzip" } : {}),
  };
}

function busy(): WsightError {
  return new WsightError("RATE_LIMITED", "An export is under way already; try again when it is done", {
    details: { retryAfterSeconds: RETRY_AFTER_SECONDS },
  });
}
