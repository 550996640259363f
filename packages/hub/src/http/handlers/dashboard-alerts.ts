import { asFields, type DashboardAlerts, type DashboardThresholds, describe, WsightError } from "@wsight/protocol";
import type { Alerts } from "../../alerts/alerts.ts";
import {
  THRESHOLD_NAMES,
  THRESHOLD_PLACES,
  thresholdsOf,
  toDashboardAlert,
  withThreshold,
} from "../../alerts/dashboard-alerts.ts";
import type { Audit } from "../../audit.ts";
import { auditedRoute } from "../audited.ts";
import type { Route } from "../route.ts";

/** Alerts that are listed; those beyond are counted. */
const MAX_ALERTS = 1000;

/** What these two work with. */
export interface DashboardAlertParts {
  readonly alerts: Alerts;
  readonly audit: Pick<Audit, "record">;
  /** ms epoch. */
  readonly now: () => number;
}

/** Alerts in short, and the four limits that most people change. */
export function dashboardAlertRoutes(parts: DashboardAlertParts): readonly Route[] {
  return [listRoute(parts), thresholdsRoute(parts)];
}

function listRoute({ alerts, now }: DashboardAlertParts): Route {
  return {
    method: "GET",
    path: "/api/dashboard/alerts",
    access: "admin",
    summary: "Alerts that fire, worst and newest first, and the limits of PUT /api/dashboard/thresholds",
    handle: () => {
      const { critical, warning } = alerts.table();
      const answer: DashboardAlerts = {
        timestamp: new Date(now()).toISOString(),
        alerts: alerts.active(MAX_ALERTS).flatMap((row) => toDashboardAlert(row) ?? []),
        total: critical + warning,
        critical,
        warning,
        thresholds: thresholdsOf(alerts.rules()),
      };
      return { json: answer };
    },
  };
}

function thresholdsRoute({ alerts, audit }: DashboardAlertParts): Route {
  const limit = (name: keyof DashboardThresholds): object => ({
    type: "number",
    exclusiveMinimum: 0,
    maximum: THRESHOLD_PLACES[name].max,
    description: `Warning limit of the rule ${THRESHOLD_PLACES[name].ruleId}`,
  });
  return auditedRoute(audit, {
    method: "PUT",
    path: "/api/dashboard/thresholds",
    action: "thresholds.save",
    summary: "Change the limits from which the rules for queues, jobs and memory warn; audited",
    refuses: [503],
    body: {
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(THRESHOLD_NAMES.map((name) => [name, limit(name)])),
    },
    handle: async ({ body }, by) => {
      const wanted = parseThresholds(body);
      for (const name of THRESHOLD_NAMES) {
        const value = wanted[name];
        if (value === undefined) continue;
        const { ruleId } = THRESHOLD_PLACES[name];
        const rule = alerts.rules().find(({ id }) => id === ruleId);
        if (rule === undefined) throw new WsightError("NOT_FOUND", `There is no rule ${ruleId}`);
        const changed = withThreshold(rule, name, value);
        if (changed.warn !== rule.warn) await alerts.saveRule(changed, rule.version, by);
      }
      const detail = THRESHOLD_NAMES.flatMap((name) => (wanted[name] === undefined ? [] : `${name}=${wanted[name]}`));
      return { reply: { json: { thresholds: thresholdsOf(alerts.rules()) } }, detail: detail.join(" ") };
    },
  });
}

/** @throws WsightError `BAD_REQUEST` that names every field that can't be right */
function parseThresholds(body: unknown): Readonly<Partial<Record<keyof DashboardThresholds, number>>> {
  const given = asFields("BAD_REQUEST", "body", body);
  const wanted: Partial<Record<keyof DashboardThresholds, number>> = {};
  const fields: Record<string, string> = {};
  for (const [field, value] of Object.entries(given)) {
    const name = THRESHOLD_NAMES.find((one) => one === field);
    if (name === undefined) {
      fields[field] = `expected one of ${THRESHOLD_NAMES.join(", ")}`;
      continue;
    }
    const { max } = THRESHOLD_PLACES[name];
    if (typeof value === "number" && value > 0 && value <= max) wanted[name] = value;
    else fields[name] = `expected a number above 0 and at most ${max}, got ${describe(value)}`;
  }
  const mistakes = Object.entries(fields);
  if (mistakes.length === 0 && Object.keys(given).length === 0)
    fields.body = `expected at least one of ${THRESHOLD_NAMES.join(", ")}`;
  if (Object.keys(fields).length === 0) return wanted;
  const first = Object.entries(fields).map(([field, message]) => `${field}: ${message}`);
  throw new WsightError("BAD_REQUEST", first.join("; "), { details: { fields } });
}
