import { WsightError } from "@wsight/protocol";
import type { HistoryKeeper } from "../../history/history-keeper.ts";
import { DEFAULT_HOURS, MAX_HOURS, parseHours } from "../../history/summaries-of-hours.ts";
import type { Route } from "../route.ts";

/** @param history `null` while the hub keeps no history */
export function websocketHistoryRoute(history: Pick<HistoryKeeper, "read"> | null): Route {
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
      { name: "node", summary: "Only this node, as service/instance", schema: { type: "string" } },
    ],
    handle: async ({ query, signal }) => {
      const hours = parseHours(query.get("hours"));
      const node = query.get("node");
      if (history === null) throw new WsightError("STORE_UNAVAILABLE", "This hub keeps no history (dataDir is null)");
      return { json: await history.read({ hours, signal, ...(node === null ? {} : { node }) }) };
    },
  };
}
