import { expected, MAX_PROCESS_ROWS, PROCESS_SORTS } from "@wsight/protocol";
import type { ProcessLooks } from "../../processes/process-looks.ts";
import { readInteger, readOneOf } from "../query.ts";
import type { Route } from "../route.ts";

const DEFAULT_LIMIT = 50;
const MAX_OFFSET = 1_000_000;
const MAX_SEARCH = 128;

/** A part of the process table of a host, pulled from a process that runs there. */
export function processesRoute(looks: ProcessLooks): Route {
  return {
    method: "GET",
    path: "/api/processes",
    access: "viewer",
    summary: "Processes of a host: one page, searched and sorted",
    query: [
      {
        name: "node",
        summary: "Whose host, as service/instance; else one on the hub's machine",
        schema: { type: "string" },
      },
      {
        name: "sort",
        summary: "Order by, largest first; name and pid from the smallest",
        schema: { type: "string", enum: PROCESS_SORTS, default: "cpu" },
      },
      {
        name: "limit",
        summary: "Rows to tell",
        schema: { type: "integer", minimum: 1, maximum: MAX_PROCESS_ROWS, default: DEFAULT_LIMIT },
      },
      {
        name: "offset",
        summary: "Rows to skip",
        schema: { type: "integer", minimum: 0, maximum: MAX_OFFSET, default: 0 },
      },
      {
        name: "search",
        summary: "Only names that hold this text, and the process of this id",
        schema: { type: "string", maxLength: MAX_SEARCH },
      },
    ],
    handle: async ({ query }) => ({
      json: await looks.look(query.get("node"), {
        sort: readOneOf("sort", query.get("sort"), PROCESS_SORTS, "cpu"),
        limit: readInteger("limit", query.get("limit"), 1, MAX_PROCESS_ROWS, DEFAULT_LIMIT),
        offset: readInteger("offset", query.get("offset"), 0, MAX_OFFSET, 0),
        search: readSearch(query.get("search") ?? ""),
      }),
    }),
  };
}

function readSearch(text: string): string {
  if (text.length <= MAX_SEARCH) return text;
  throw expected("BAD_REQUEST", "search", `at most ${MAX_SEARCH} characters`, text);
}
