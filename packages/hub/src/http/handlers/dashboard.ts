import type { Route } from "../route.ts";
import { serveFile, servePage } from "../static-files.ts";

/** Leads people who type only the address to the page. */
export function rootRoute(): Route {
  return {
    method: "GET",
    path: "/",
    access: "open",
    summary: "Leads to the dashboard",
    handle: () => ({ status: 302, headers: { location: "/dashboard" } }),
  };
}

/** The page. It holds no data: what it shows it asks for with a session. */
export function dashboardRoute(directory: string): Route {
  return {
    method: "GET",
    path: "/dashboard",
    access: "open",
    summary: "The dashboard",
    handle: () => servePage(directory, "/dashboard/"),
  };
}

/** Scripts, styles and fonts of the page. */
export function dashboardFileRoute(directory: string): Route {
  return {
    method: "GET",
    path: "/dashboard/*",
    access: "open",
    summary: "Files of the dashboard",
    handle: ({ params, raw }) => serveFile(directory, params["*"] ?? "", String(raw.headers["accept-encoding"] ?? "")),
  };
}
