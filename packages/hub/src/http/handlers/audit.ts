import { type Audit, MAX_AUDIT_ENTRIES } from "../../audit.ts";
import { readInteger } from "../query.ts";
import type { Route } from "../route.ts";

const DEFAULT_LIMIT = 100;

/** What administrators did, and who else tried to. */
export function auditRoute(audit: Audit): Route {
  return {
    method: "GET",
    path: "/api/audit",
    access: "admin",
    summary: "What administrators did, newest first",
    query: [
      {
        name: "limit",
        summary: "Most entries",
        schema: { type: "integer", minimum: 1, maximum: MAX_AUDIT_ENTRIES, default: DEFAULT_LIMIT },
      },
    ],
    handle: async ({ query }) => {
      const limit = readInteger("limit", query.get("limit"), 1, MAX_AUDIT_ENTRIES, DEFAULT_LIMIT);
      return { json: { entries: await audit.entries(limit), ...audit.stats() } };
    },
  };
}
