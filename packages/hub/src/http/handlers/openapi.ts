import type { Route } from "../route.ts";

/** The description of this very table. @param read made when asked, since it includes this route */
export function openApiRoute(read: () => unknown): Route {
  return {
    method: "GET",
    path: "/api/openapi.json",
    access: "viewer",
    summary: "This API, as OpenAPI",
    handle: () => ({ json: read() }),
  };
}
