import {
  asFields,
  asList,
  asNumber,
  type HistoryAnswer,
  type HistoryCompareAnswer,
  type HistoryCompareQuery,
  type HistoryEvent,
  type HistoryEventKind,
  type HistoryHeatmap,
  type HistoryHeatmapQuery,
  type HistoryQuery,
  type HistorySeriesPage,
  type HistoryStorage,
  type HistoryTrendAnswer,
  type HistoryTrendQuery,
  MAX_SERIES_PAGE,
  WsightError,
} from "@wsight/protocol";
import type { FetchLike } from "../../connection/environment.ts";
import { readReply } from "../../connection/session-api.ts";

/** Which events, newest first. */
interface EventsQuery {
  readonly fromAt: number;
  readonly toAt: number;
  /** Empty for all. */
  readonly kinds: readonly HistoryEventKind[];
  /** `service/instance`, `null` for all. */
  readonly node: string | null;
  readonly limit: number;
}

/** Which samples, as which file. */
export interface ExportQuery {
  readonly format: "csv" | "json" | "ndjson";
  readonly metrics: readonly string[];
  readonly fromAt: number;
  readonly toAt: number;
  /** `service/instance`, `null` for all. */
  readonly node: string | null;
}

/** Questions about the past. All but `exportHref` throw `WsightError`; `INTERNAL` when nobody answered. */
export interface HistoryApi {
  query(query: HistoryQuery, signal: AbortSignal): Promise<HistoryAnswer>;
  compare(query: HistoryCompareQuery, signal: AbortSignal): Promise<HistoryCompareAnswer>;
  heatmap(query: HistoryHeatmapQuery, signal: AbortSignal): Promise<HistoryHeatmap>;
  trend(query: HistoryTrendQuery, signal: AbortSignal): Promise<HistoryTrendAnswer>;
  /** One page of what is kept. */
  series(after: string | null, signal: AbortSignal): Promise<HistorySeriesPage>;
  events(query: EventsQuery, signal: AbortSignal): Promise<readonly HistoryEvent[]>;
  /** How much there is. */
  storage(signal: AbortSignal): Promise<HistoryStorage>;
  /** Where a file of everything that is kept of some metrics is. */
  exportHref(query: ExportQuery): string;
}

const BAD = "BAD_FRAME";
const MOST = 100_000;

/** Speaks to the hub whose dashboard is at `base`. */
export function createHistoryApi(base: URL, fetchLike: FetchLike): HistoryApi {
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;

  const urlOf = (path: string): string => new URL(`../api/history/${path}`, folder).href;

  async function ask(path: string, signal: AbortSignal, body?: object): Promise<Readonly<Record<string, unknown>>> {
    let response: Response;
    try {
      response = await fetchLike(urlOf(path), {
        cache: "no-store",
        credentials: "same-origin",
        signal,
        ...(body === undefined
          ? {}
          : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
      });
    } catch (cause) {
      throw new WsightError("INTERNAL", "The hub did not answer", { cause });
    }
    return asFields(BAD, path, await readReply(response));
  }

  // Looked at down to the outer shape only: the hub made them.
  return {
    async query(query, signal) {
      const fields = await ask("queries", signal, query);
      asNumber(BAD, "stepMs", fields.stepMs, 1);
      asList(BAD, "results", fields.results, MOST);
      return fields as unknown as HistoryAnswer;
    },
    async compare(query, signal) {
      const fields = await ask("compare", signal, query);
      asList(BAD, "results", fields.results, MOST);
      return fields as unknown as HistoryCompareAnswer;
    },
    async heatmap(query, signal) {
      const fields = await ask("heatmap", signal, query);
      asList(BAD, "bounds", fields.bounds, MOST);
      asList(BAD, "columns", fields.columns, MOST);
      return fields as unknown as HistoryHeatmap;
    },
    async trend(query, signal) {
      const fields = await ask("trend", signal, query);
      asList(BAD, "lines", fields.lines, MOST);
      return fields as unknown as HistoryTrendAnswer;
    },
    async series(after, signal) {
      const query = new URLSearchParams({
        limit: String(MAX_SERIES_PAGE),
        ...(after === null ? {} : { after }),
      });
      const fields = await ask(`series?${query}`, signal);
      asList(BAD, "series", fields.series, MOST);
      return fields as unknown as HistorySeriesPage;
    },
    async events({ fromAt, toAt, kinds, node, limit }, signal) {
      const query = new URLSearchParams({ from: String(fromAt), to: String(toAt), limit: String(limit) });
      if (kinds.length > 0) query.set("kinds", kinds.join(","));
      if (node !== null) query.set("node", node);
      const fields = await ask(`events?${query}`, signal);
      return asList(BAD, "events", fields.events, MOST) as readonly HistoryEvent[];
    },
    async storage(signal) {
      const fields = await ask("storage", signal);
      asList(BAD, "tiers", fields.tiers, MOST);
      asList(BAD, "setAside", fields.setAside, MOST);
      return fields as unknown as HistoryStorage;
    },
    exportHref({ format, metrics, fromAt, toAt, node }) {
      const query = new URLSearchParams({ format, from: String(fromAt), to: String(toAt) });
      for (const metric of metrics) query.append("metric", metric);
      if (node !== null) query.set("node", node);
      return urlOf(`export?${query}`);
    },
  };
}
