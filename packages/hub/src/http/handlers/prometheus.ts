import { WsightError } from "@wsight/protocol";
import { retryAfterSeconds } from "../../errors.ts";
import { errorReply, successReply } from "../../promql/format.ts";
import { PromqlError } from "../../promql/promql-error.ts";
import type { PrometheusReply, PrometheusRequest } from "../../promql/request.ts";
import type { Store } from "../../store/store.ts";
import type { Route, RouteReply, RouteRequest } from "../route.ts";
import { createTurns } from "../turns.ts";
import { describeMetrics } from "./prometheus-metadata.ts";
import { readInstant, readLabel, readLimit, readMatch, readNameTime, readRange } from "./prometheus-parameters.ts";

const BASE = "/prometheus/api/v1";
/** Queries that are answered at once, and that wait: a dashboard asks for all its charts together. */
const LIMITS = { total: 8, perKey: 4, waitingPerKey: 100, waiting: 400 };
/** Longest that a query waits and runs, ms; what it may run is less. */
const MAX_MS = 30_000;
/** Whose rules the answers follow; Grafana goes by it. */
const LIKE_VERSION = "2.42.0";

/** What the Prometheus API reads. */
export interface PrometheusRouteParts {
  /** Has a question answered where the data is; `null` while the hub keeps no history. */
  readonly askHistory: Store["ask"] | null;
  readonly version: string;
  /** ms epoch. */
  readonly now: () => number;
}

type Answer = (request: RouteRequest) => PrometheusReply | Promise<PrometheusReply>;

/** The read API of Prometheus over history, for Grafana's Prometheus data source and other readers. */
export function prometheusRoutes(parts: PrometheusRouteParts): readonly Route[] {
  const { version, now } = parts;
  const ask = createAsk(parts);
  const names = (request: RouteRequest, type: "labels" | "series"): Promise<PrometheusReply> => {
    const match = readMatch(request.query, type === "labels");
    return ask({ type, match, time: readNameTime(request.query) }, request);
  };
  return [
    ...both("query", "PromQL at one moment", (request) => ask(readInstant(request.query, now()), request)),
    ...both("query_range", "PromQL over a time", (request) => ask(readRange(request.query), request)),
    ...both("series", "Label sets of series", (request) => names(request, "series")),
    ...both("labels", "Names of labels", (request) => names(request, "labels")),
    route("GET", "label/:name/values", "Values of a label", (request) => {
      const label = readLabel(request.params.name ?? "");
      const match = readMatch(request.query, true);
      return ask({ type: "label-values", label, match, time: readNameTime(request.query) }, request);
    }),
    route("GET", "metadata", "Type, help and unit of metrics", ({ query }) =>
      successReply(JSON.stringify(describeMetrics(query.get("metric"), readLimit(query.get("limit"))))),
    ),
    route("GET", "status/buildinfo", "Which Prometheus this behaves like", () =>
      successReply(
        JSON.stringify({
          version: LIKE_VERSION,
          revision: `wsight ${version}`,
          branch: "",
          buildUser: "",
          buildDate: "",
          goVersion: "",
        }),
      ),
    ),
  ];
}

function both(path: string, summary: string, answer: Answer): readonly Route[] {
  return [route("GET", path, summary, answer), { ...route("POST", path, summary, answer), takesForm: true }];
}

function route(method: "GET" | "POST", path: string, summary: string, answer: Answer): Route {
  return {
    method,
    path: `${BASE}/${path}`,
    access: "viewer",
    summary: `${summary}, as in the Prometheus API`,
    handle: async (request) => {
      try {
        return toReply(await answer(request));
      } catch (error) {
        if (request.signal.aborted) throw error;
        return refuse(error);
      }
    },
  };
}

type Ask = (question: PrometheusRequest, request: RouteRequest) => Promise<PrometheusReply>;

/** Answers wait their turn, and give up when their client leaves. */
function createAsk({ askHistory }: PrometheusRouteParts): Ask {
  const turns = createTurns(LIMITS);
  return async (question, { principal, signal: left }) => {
    if (askHistory === null) throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history (dataDir is null)");
    const late = AbortSignal.timeout(MAX_MS);
    const signal = AbortSignal.any([left, late]);
    try {
      return await turns.run(principal?.sub ?? "", signal, () => askHistory("prometheus", question, { signal }));
    } catch (error) {
      if (late.aborted && !left.aborted)
        throw new PromqlError("timeout", `query timed out in query execution after ${MAX_MS} ms`);
      throw error;
    }
  };
}

function toReply({ status, body }: PrometheusReply): RouteReply {
  return { status, bytes: { type: "application/json; charset=utf-8", body } };
}

function refuse(error: unknown): RouteReply {
  if (error instanceof PromqlError) return toReply(errorReply(error));
  if (!(error instanceof WsightError)) throw error;
  const errorType = error.status === 400 ? "bad_data" : error.status < 500 ? "execution" : "unavailable";
  const seconds = retryAfterSeconds(error);
  return {
    ...toReply({ status: error.status, body: JSON.stringify({ status: "error", errorType, error: error.message }) }),
    ...(seconds === undefined ? {} : { headers: { "retry-after": String(seconds) } }),
  };
}
