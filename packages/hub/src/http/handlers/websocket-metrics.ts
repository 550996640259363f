import { describe, WsightError } from "@wsight/protocol";
import type { CurrentView } from "../../current-view.ts";
import type { Route } from "../route.ts";

/** The current summary, over all nodes or one. */
export function websocketMetricsRoute(current: CurrentView): Route {
  return {
    method: "GET",
    path: "/api/websocket/metrics/",
    access: "viewer",
    summary: "Current WebSocket metrics",
    query: [{ name: "node", summary: "Only this node, as service/instance", schema: { type: "string" } }],
    handle: ({ query }) => {
      const node = query.get("node") ?? undefined;
      const summary = current.summary(node);
      if (summary === null)
        throw new WsightError("NOT_FOUND", `node: expected one of /api/nodes, got ${describe(node)}`);
      return { json: summary };
    },
  };
}
