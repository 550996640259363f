import type { Route } from "../state/index.ts";

/** Address of one connection on the page of connections. */
export function connectionHref(route: Route, node: string, connection: number): string {
  return route.hrefTo({ page: "connections", params: { open: `${node}/${connection}` } });
}
