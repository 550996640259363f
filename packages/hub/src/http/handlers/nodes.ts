import type { CurrentView } from "../../current-view.ts";
import type { Route } from "../route.ts";

/** The processes that report, or used to. */
export function nodesRoute(current: CurrentView): Route {
  return {
    method: "GET",
    path: "/api/nodes",
    access: "viewer",
    summary: "Processes that report",
    handle: () => ({ json: { nodes: current.table("nodes") } }),
  };
}
