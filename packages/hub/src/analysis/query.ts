import { type HistoryAnswer, type HistoryQuery, WsightError } from "@wsight/protocol";
import type { HistoryReader } from "../store/reader.ts";

/** Answers figures of the past from the tier that suits range and width. @throws WsightError `BAD_REQUEST` */
export async function queryHistory(
  _reader: HistoryReader,
  query: HistoryQuery,
  signal: AbortSignal,
): Promise<HistoryAnswer> {
  signal.throwIfAborted();
  throw new WsightError("BAD_REQUEST", `history: ${query.selectors.length} selectors can't be answered yet`);
}
