import type { Route } from "../route.ts";

/** Says who is signed in. */
export function showSessionRoute(): Route {
  return {
    method: "GET",
    path: "/api/session",
    access: "user",
    summary: "Who is signed in",
    handle: ({ principal }) => ({ json: { principal } }),
  };
}
