import {
  CONNECTION_SORTS,
  MAX_CONNECTION_OFFSET,
  MAX_CONNECTION_ROWS,
  MAX_SEARCH_LENGTH,
  parseConnectionSearch,
} from "@wsight/protocol";
import type { ConnectionListQuery, ConnectionLists } from "../../connections/list.ts";
import { readInteger, readOneOf } from "../query.ts";
import type { Route } from "../route.ts";

const DEFAULT_LIMIT = 50;

/** One page of the open connections, pulled from the processes that have them. */
export function connectionsRoute(lists: ConnectionLists): Route {
  return {
    method: "GET",
    path: "/api/connections",
    access: "viewer",
    summary: "Open connections: one page, searched and sorted",
    query: [
      {
        name: "q",
        summary: "Words in id, user or channel; user: ns: room: tr: lib: state: buffered:>64k rtt:>100 age:>1h",
        schema: { type: "string", maxLength: MAX_SEARCH_LENGTH },
      },
      { name: "sort", summary: "Order by", schema: { type: "string", enum: CONNECTION_SORTS, default: "opened" } },
      { name: "order", summary: "Direction", schema: { type: "string", enum: ["asc", "desc"], default: "desc" } },
      {
        name: "offset",
        summary: "Rows to skip; over several nodes at most 100000",
        schema: { type: "integer", minimum: 0, maximum: MAX_CONNECTION_OFFSET, default: 0 },
      },
      {
        name: "limit",
        summary: "Rows to tell; 0 only counts",
        schema: { type: "integer", minimum: 0, maximum: MAX_CONNECTION_ROWS, default: DEFAULT_LIMIT },
      },
      { name: "node", summary: "Only this node, as service/instance", schema: { type: "string" } },
    ],
    handle: async ({ query }) => ({ json: await lists.read(readQuery(query)) }),
  };
}

function readQuery(query: URLSearchParams): ConnectionListQuery {
  return {
    filter: parseConnectionSearch(query.get("q") ?? ""),
    sort: readOneOf("sort", query.get("sort"), CONNECTION_SORTS, "opened"),
    descending: readOneOf("order", query.get("order"), ["asc", "desc"], "desc") === "desc",
    offset: readInteger("offset", query.get("offset"), 0, MAX_CONNECTION_OFFSET, 0),
    limit: readInteger("limit", query.get("limit"), 0, MAX_CONNECTION_ROWS, DEFAULT_LIMIT),
    node: query.get("node"),
  };
}
