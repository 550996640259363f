import type {
  BackTestAnswer,
  BackTestQuery,
  HistoryAnswer,
  HistoryCompareAnswer,
  HistoryCompareQuery,
  HistoryEvent,
  HistoryHeatmap,
  HistoryHeatmapQuery,
  HistoryQuery,
  HistorySeriesPage,
  HistorySeriesQuery,
  HistoryTrendAnswer,
  HistoryTrendQuery,
  Summary,
} from "@wsight/protocol";
import { answerPrometheus } from "../promql/answer.ts";
import type { PrometheusReply, PrometheusRequest } from "../promql/request.ts";
import type { EventQuery, HistoryReader } from "../store/reader.ts";
import { backTest } from "./back-test.ts";
import { compareHistory } from "./compare.ts";
import { readHeatmap } from "./heatmap.ts";
import { queryHistory } from "./query.ts";
import { listSeries } from "./series.ts";
import { readSummaries, type SummariesQuery } from "./summaries.ts";
import { readTrend } from "./trend.ts";

/** What can be asked of a store: argument and answer of each analysis. Both are plain data that crosses to another process. */
export interface Analyses {
  query: { readonly argument: HistoryQuery; readonly answer: HistoryAnswer };
  series: { readonly argument: HistorySeriesQuery; readonly answer: HistorySeriesPage };
  compare: { readonly argument: HistoryCompareQuery; readonly answer: HistoryCompareAnswer };
  heatmap: { readonly argument: HistoryHeatmapQuery; readonly answer: HistoryHeatmap };
  trend: { readonly argument: HistoryTrendQuery; readonly answer: HistoryTrendAnswer };
  summaries: { readonly argument: SummariesQuery; readonly answer: readonly Summary[] };
  events: { readonly argument: EventQuery; readonly answer: readonly HistoryEvent[] };
  prometheus: { readonly argument: PrometheusRequest; readonly answer: PrometheusReply };
  backTest: { readonly argument: BackTestQuery; readonly answer: BackTestAnswer };
}

export type Analysis = keyof Analyses;

/** How each analysis is done; it runs where the store is. May throw `WsightError` `BAD_REQUEST`. */
export const ANALYSES: {
  readonly [A in Analysis]: (
    reader: HistoryReader,
    argument: Analyses[A]["argument"],
    signal: AbortSignal,
  ) => Promise<Analyses[A]["answer"]>;
} = {
  query: queryHistory,
  series: listSeries,
  compare: compareHistory,
  heatmap: readHeatmap,
  trend: readTrend,
  summaries: readSummaries,
  events: (reader, query) => reader.events(query),
  prometheus: answerPrometheus,
  backTest,
};
