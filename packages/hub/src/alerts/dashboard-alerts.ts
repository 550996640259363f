import type {
  AlertRow,
  AlertRule,
  DashboardAlert,
  DashboardAlertEvent,
  DashboardAlertResolved,
  DashboardThresholds,
} from "@wsight/protocol";
import type { AlertHappening } from "./alerts.ts";

/** A threshold, the rule whose warning limit it is, and how much of the rule's unit one of it is. */
interface ThresholdPlace {
  readonly ruleId: string;
  readonly scale: number;
  /** Largest value that makes sense. */
  readonly max: number;
}

/** Where each threshold of the contract stands. */
export const THRESHOLD_PLACES: Readonly<Record<keyof DashboardThresholds, ThresholdPlace>> = {
  queueLength: { ruleId: "queue-length", scale: 1, max: 1e9 },
  processingTimeSec: { ruleId: "job-processing-time", scale: 1, max: 1e9 },
  errorRatePct: { ruleId: "job-errors", scale: 0.01, max: 100 },
  memoryPct: { ruleId: "host-memory", scale: 0.01, max: 100 },
};

/** Names of all thresholds. */
export const THRESHOLD_NAMES: readonly (keyof DashboardThresholds)[] = Object.keys(
  THRESHOLD_PLACES,
) as (keyof DashboardThresholds)[];

/** The thresholds as the rules have them. */
export function thresholdsOf(rules: readonly AlertRule[]): DashboardThresholds {
  const read = (name: keyof DashboardThresholds): number | null => {
    const { ruleId, scale } = THRESHOLD_PLACES[name];
    const warn = rules.find(({ id }) => id === ruleId)?.warn;
    // A share of 0.07 is 7.000000000000001 of 100.
    return typeof warn === "number" ? Number((warn / scale).toPrecision(12)) : null;
  };
  return {
    queueLength: read("queueLength"),
    processingTimeSec: read("processingTimeSec"),
    errorRatePct: read("errorRatePct"),
    memoryPct: read("memoryPct"),
  };
}

/**
 * The rule with another warning limit. The good side begins as far from it as before, in proportion: of a limit six times
 * as high, too. A critical limit that is passed first goes.
 */
export function withThreshold(rule: AlertRule, name: keyof DashboardThresholds, value: number): AlertRule {
  const warn = Number((value * THRESHOLD_PLACES[name].scale).toPrecision(12));
  const crit = typeof rule.crit === "number" && rule.crit <= warn ? null : rule.crit;
  return { ...rule, warn, crit, recovery: movedWith(rule, warn) };
}

function movedWith({ warn: before, recovery }: AlertRule, warn: number): number | null {
  if (recovery === null || typeof before !== "number" || before <= 0 || recovery > before) return null;
  return Number(((recovery / before) * warn).toPrecision(12));
}

/** An alert that fires, as the contract tells it; `null` for one that does not. */
export function toDashboardAlert(alert: AlertRow): DashboardAlert | null {
  const { episodeId, firedAt, ack } = alert;
  if (episodeId === null || firedAt === null) return null;
  return {
    id: episodeId,
    type: alert.ruleId,
    name: alert.name,
    severity: alert.severity,
    message: alert.summary,
    metric: alert.metric,
    value: alert.value,
    unit: alert.unit,
    threshold: alert.limit,
    labels: alert.labels,
    acknowledged: ack !== null,
    acknowledgedBy: ack?.by ?? null,
    timestamp: new Date(alert.evaluatedAt).toISOString(),
    firedAt,
    culprits: alert.culprits,
  };
}

/** What happened as an event of the live monitor; `null` for what does not belong to a firing. */
export function toDashboardEvent(
  happening: AlertHappening,
):
  | { readonly name: "dashboard-alert"; readonly payload: DashboardAlertEvent }
  | { readonly name: "dashboard-alert-resolved"; readonly payload: DashboardAlertResolved }
  | null {
  const alert = toDashboardAlert(happening.alert);
  if (alert === null) return null;
  if (happening.type !== "resolved") return { name: "dashboard-alert", payload: { ...alert, event: happening.type } };
  const { endedAt, reason } = happening;
  return { name: "dashboard-alert-resolved", payload: { ...alert, endedAt, reason } };
}
