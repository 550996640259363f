import {
  expected,
  type HistorySeriesPage,
  type HistorySeriesQuery,
  MAX_SERIES_PAGE,
  seriesKey,
} from "@wsight/protocol";
import type { HistoryReader, StoredSeries } from "../store/reader.ts";
import { compareText } from "./lines.ts";

const DEFAULT_LIMIT = 100;

/** One page of the series that history knows, in order of metric, node and labels. @throws WsightError `BAD_REQUEST` */
export async function listSeries(
  reader: HistoryReader,
  { metrics, nodes, where, limit = DEFAULT_LIMIT, after }: HistorySeriesQuery,
  signal: AbortSignal,
): Promise<HistorySeriesPage> {
  signal.throwIfAborted();
  const from = after === undefined ? "" : placeOf(after);
  const found = await reader.series({
    ...(metrics === undefined ? {} : { metrics }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(where === undefined ? {} : { where }),
  });
  const rows = found
    .map((stored) => ({ stored, place: sortKey(stored) }))
    .sort((a, b) => compareText(a.place, b.place));
  const rest = rows.filter(({ place }) => place > from);
  const page = rest.slice(0, Math.min(limit, MAX_SERIES_PAGE));
  const last = page.at(-1);
  return {
    series: page.map(({ stored: { node, series } }) => ({ metric: series.metric.name, node, labels: series.labels })),
    matched: found.length,
    next: last === undefined || page.length === rest.length ? null : Buffer.from(last.place).toString("base64url"),
  };
}

/** Names hold no control characters, so the parts can't run into each other. */
function sortKey({ node, series }: StoredSeries): string {
  return [series.metric.name, node, seriesKey(series.metric.name, series.labels)].join("\u0000");
}

function placeOf(after: string): string {
  const place = Buffer.from(after, "base64url").toString("utf8");
  if (place.split("\u0000").length === 3) return place;
  throw expected("BAD_REQUEST", "after", "what `next` of a page before said", after);
}
