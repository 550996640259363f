import { expected, WsightError } from "@wsight/protocol";
import type { Route } from "../route.ts";

/** Hours of history when nothing is asked for, and at most. */
const DEFAULT_HOURS = 24;
const MAX_HOURS = 168;

/** Reads the history of the last hours, ready to be answered; gives up with the signal. */
export type HistoryReader = (request: { readonly hours: number; readonly signal: AbortSignal }) => Promise<unknown>;

/** @param read `null` while the hub keeps no history */
export function websocketHistoryRoute(read: HistoryReader | null): Route {
  return {
    method: "GET",
    path: "/api/websocket/metrics/history/",
    access: "viewer",
    summary: "WebSocket metrics of the last hours",
    query: [
      {
        name: "hours",
        summary: "How far back",
        schema: { type: "integer", minimum: 1, maximum: MAX_HOURS, default: DEFAULT_HOURS },
      },
    ],
    handle: async ({ query, signal }) => {
      const hours = parseHours(query.get("hours"));
      if (read === null) throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history (dataDir is null)");
      return { json: await read({ hours, signal }) };
    },
  };
}

function parseHours(text: string | null): number {
  if (text === null) return DEFAULT_HOURS;
  const hours = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (hours < 1 || hours > MAX_HOURS)
    throw expected("BAD_REQUEST", "hours", `a whole number from 1 to ${MAX_HOURS}`, text);
  return hours;
}
