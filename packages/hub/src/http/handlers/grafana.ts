import { grafanaDashboard } from "../../grafana/dashboard.ts";
import type { Route } from "../route.ts";

/** The dashboard to import into Grafana. */
export function grafanaRoute(): Route {
  return {
    method: "GET",
    path: "/api/grafana/dashboard.json",
    access: "viewer",
    summary: "A dashboard for Grafana 10 and newer, to be imported there",
    handle: () => ({ json: grafanaDashboard() }),
  };
}
