import type { Route } from "../route.ts";
import { alertBackTestRoutes } from "./alert-back-tests.ts";
import { alertChannelRoutes } from "./alert-channels.ts";
import { alertEpisodeRoutes } from "./alert-episodes.ts";
import { alertOutboxRoutes } from "./alert-outbox.ts";
import { alertRoutingRoutes } from "./alert-routing.ts";
import { type AlertRuleParts, alertRuleRoutes } from "./alert-rules.ts";
import { alertSilenceRoutes } from "./alert-silences.ts";
import { alertStateRoutes } from "./alert-states.ts";
import { dashboardAlertRoutes } from "./dashboard-alerts.ts";

/** Everything about alerts, in the order of a table of routes. */
export function alertRoutes(parts: AlertRuleParts): readonly Route[] {
  const { alerts, audit, now } = parts;
  return [
    ...dashboardAlertRoutes(parts),
    ...alertBackTestRoutes(parts),
    ...alertRuleRoutes(parts),
    ...alertStateRoutes(alerts, now),
    ...alertEpisodeRoutes(parts),
    ...alertSilenceRoutes(parts),
    ...alertChannelRoutes(parts),
    ...alertRoutingRoutes(alerts, audit),
    ...alertOutboxRoutes(alerts, audit),
  ];
}
