import { expected } from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";
import { readTimeRange } from "../history-words.ts";
import { readInteger } from "../query.ts";
import type { Route } from "../route.ts";

const DAY_MS = 86_400_000;
const DEFAULT_HISTORY_MS = 7 * DAY_MS;
const DEFAULT_ACTIVE = 1000;
const MAX_ACTIVE = 5000;
const DEFAULT_EPISODES = 100;
const MAX_EPISODES = 500;
const TEXT = { type: "string" } as const;

/** What goes on, and what was, in the order of a table of routes. */
export function alertStateRoutes(alerts: Alerts, now: () => number): readonly Route[] {
  return [activeRoute(alerts), historyRoute(alerts, now), episodeRoute(alerts)];
}

function activeRoute(alerts: Alerts): Route {
  return {
    method: "GET",
    path: "/api/alerts/active",
    access: "viewer",
    summary: "Alerts that are not in range, worst and newest first, how many there are, and how telling people fares",
    query: [
      {
        name: "limit",
        summary: "Most rows",
        schema: { type: "integer", minimum: 1, maximum: MAX_ACTIVE, default: DEFAULT_ACTIVE },
      },
    ],
    handle: ({ query }) => {
      const limit = readInteger("limit", query.get("limit"), 1, MAX_ACTIVE, DEFAULT_ACTIVE);
      return { json: { ...alerts.table(), rows: alerts.active(limit) } };
    },
  };
}

function historyRoute(alerts: Alerts, now: () => number): Route {
  return {
    method: "GET",
    path: "/api/alerts/history",
    access: "viewer",
    summary: "Firings, newest first, page by page",
    query: [
      {
        name: "from",
        summary: "ISO 8601, ms since 1970, or 24h for that long ago; a week before `to` unless given",
        schema: TEXT,
      },
      { name: "to", summary: "The same, exclusive; now unless given", schema: TEXT },
      { name: "rule", summary: "Only of this rule", schema: TEXT },
      { name: "fingerprint", summary: "Only of this label set of one rule", schema: TEXT },
      { name: "before", summary: "`next` of the page before", schema: TEXT },
      {
        name: "limit",
        summary: "Most of a page",
        schema: { type: "integer", minimum: 1, maximum: MAX_EPISODES, default: DEFAULT_EPISODES },
      },
    ],
    handle: async ({ query }) => {
      const { fromAt, toAt } = readTimeRange(query, now(), DEFAULT_HISTORY_MS);
      if (fromAt >= toAt) throw expected("BAD_REQUEST", "to", "a time after from", query.get("to"));
      return {
        json: await alerts.episodes({
          fromAt,
          toAt,
          limit: readInteger("limit", query.get("limit"), 1, MAX_EPISODES, DEFAULT_EPISODES),
          ...named("ruleId", query.get("rule")),
          ...named("fingerprint", query.get("fingerprint")),
          ...named("before", query.get("before")),
        }),
      };
    },
  };
}

function episodeRoute(alerts: Alerts): Route {
  return {
    method: "GET",
    path: "/api/alerts/episodes/:id",
    access: "viewer",
    summary: "One firing: when, how bad, who made it, and what people wrote to it",
    handle: async ({ params: { id = "" } }) => ({ json: await alerts.episode(id) }),
  };
}

/** A field of a question that is there when its word is. */
export function named<N extends string>(name: N, value: string | null): { readonly [K in N]?: string } {
  return value === null || value === "" ? {} : ({ [name]: value } as { readonly [K in N]: string });
}
