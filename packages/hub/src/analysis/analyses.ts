import type { HistoryAnswer, HistoryEvent, HistoryQuery } from "@wsight/protocol";
import { answerPrometheus } from "../promql/answer.ts";
import type { PrometheusReply, PrometheusRequest } from "../promql/request.ts";
import type { EventQuery, HistoryReader } from "../store/reader.ts";
import { queryHistory } from "./query.ts";

/** What can be asked of a store: argument and answer of each analysis. Both are plain data that crosses to another process. */
export interface Analyses {
  query: { readonly argument: HistoryQuery; readonly answer: HistoryAnswer };
  events: { readonly argument: EventQuery; readonly answer: readonly HistoryEvent[] };
  prometheus: { readonly argument: PrometheusRequest; readonly answer: PrometheusReply };
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
  events: (reader, query) => reader.events(query),
  prometheus: answerPrometheus,
};
