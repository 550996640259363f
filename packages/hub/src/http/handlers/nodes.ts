import type { CurrentView } from "../../current-view.ts";
import { poolOf, utilisationOf } from "../../pool.ts";
import type { Route } from "../route.ts";

/** The processes that report, or used to, and how full they are. */
export function nodesRoute(current: CurrentView): Route {
  return {
    method: "GET",
    path: "/api/nodes",
    access: "viewer",
    summary: "Processes that report, and how full they are",
    handle: () => {
      const rows = current.table("nodes");
      return { json: { nodes: rows.map((row) => ({ ...row, utilisation: utilisationOf(row) })), pool: poolOf(rows) } };
    },
  };
}
