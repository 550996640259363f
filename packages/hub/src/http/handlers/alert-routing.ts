import type { Alerts } from "../../alerts/alerts.ts";
import { parseInhibitions } from "../../alerts/parse/inhibitions.ts";
import { parseRoute } from "../../alerts/parse/route.ts";
import type { Audit } from "../../audit.ts";
import { auditedRoute } from "../audited.ts";
import type { Route } from "../route.ts";

/** Who is told of what, and which alerts keep others quiet. */
export function alertRoutingRoutes(alerts: Alerts, audit: Pick<Audit, "record">): readonly Route[] {
  return [
    {
      method: "GET",
      path: "/api/alerts/routes",
      access: "viewer",
      summary: "Who is told of what: a tree of which the first branch that matches takes a notice",
      handle: () => ({ json: alerts.route() }),
    },
    auditedRoute(audit, {
      method: "PUT",
      path: "/api/alerts/routes",
      action: "route.save",
      summary: "Change who is told of what; audited",
      body: {
        type: "object",
        description: "The root: matchers, channels, groupBy, groupWaitSec, groupIntervalSec, routes",
      },
      handle: async ({ body }) => {
        const route = parseRoute(body, { channels: alerts.channels().map(({ id }) => id) });
        await alerts.saveRoute(route);
        return { reply: { json: route } };
      },
    }),
    {
      method: "GET",
      path: "/api/alerts/inhibitions",
      access: "viewer",
      summary: "Which alerts keep others quiet while they fire",
      handle: () => ({ json: { inhibitions: alerts.inhibitions() } }),
    },
    auditedRoute(audit, {
      method: "PUT",
      path: "/api/alerts/inhibitions",
      action: "inhibitions.save",
      summary: "Change which alerts keep others quiet; audited",
      body: { type: "object", required: ["inhibitions"], properties: { inhibitions: { type: "array" } } },
      handle: async ({ body }) => {
        const inhibitions = parseInhibitions(body);
        await alerts.saveInhibitions(inhibitions);
        return { reply: { json: { inhibitions } }, detail: `${inhibitions.length}` };
      },
    }),
  ];
}
