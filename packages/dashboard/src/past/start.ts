import { createHistoryApi } from "../pages/history/history-api.ts";
import { PastReader, type PastReaderParts } from "./past-reader.ts";

/** Begins to read the past from the hub beside this page. */
export function startPastReader(parts: Omit<PastReaderParts, "api">): PastReader {
  const api = createHistoryApi(new URL(document.baseURI), (input, init) => fetch(input, init));
  return new PastReader({ ...parts, api });
}
