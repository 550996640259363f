import type { Route } from "../route.ts";
import { splitTarget } from "../router.ts";
import { serveFile, servePage } from "../static-files.ts";

/** Leads people who type only the address to the page. */
export function rootRoute(): Route {
  return {
    method: "GET",
    path: "/",
    access: "open",
    summary: "Leads to the dashboard",
    answers: 302,
    // Relative, so that a proxy may serve all of this under a path of its own.
    handle: () => ({ status: 302, headers: { location: "dashboard" } }),
  };
}

/** The page. It holds no data: what it shows it asks for with a session. */
export function dashboardRoute(directory: string): Route {
  return {
    method: "GET",
    path: "/dashboard",
    access: "open",
    summary: "The dashboard",
    handle: ({ raw }) => servePage(directory, splitTarget(raw.url ?? "").path.endsWith("/") ? "./" : "dashboard/"),
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
