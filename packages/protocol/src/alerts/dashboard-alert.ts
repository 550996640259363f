import type { Labels } from "../series.ts";
import type { AlertCulprit, EpisodeEnd } from "./instance.ts";
import type { AlertLimit, AlertSeverity } from "./rule.ts";

/** An alert that fires, as `GET /api/dashboard/alerts` and the event `dashboard-alert` tell it to administrators. */
export interface DashboardAlert {
  /** Of this firing: the same in all events about it, and what `/api/alerts/episodes/ID` takes. */
  readonly id: string;
  /** Id of the rule, e.g. `queue-length`. */
  readonly type: string;
  readonly name: string;
  readonly severity: AlertSeverity;
  /** One sentence: what, where, how much, the limit. */
  readonly message: string;
  readonly metric: string;
  /** Base unit; `null` when not known. */
  readonly value: number | null;
  readonly unit: string;
  readonly threshold: AlertLimit | null;
  readonly labels: Labels;
  readonly acknowledged: boolean;
  readonly acknowledgedBy: string | null;
  /** Of the newest sample, UTC, ISO 8601. */
  readonly timestamp: string;
  /** ms epoch. */
  readonly firedAt: number;
  readonly culprits: readonly AlertCulprit[];
}

/** Payload of `dashboard-alert`, over Socket.IO, to administrators alone. */
export interface DashboardAlertEvent extends DashboardAlert {
  /** What came to it. */
  readonly event: "fired" | "escalated" | "deescalated" | "acknowledged";
}

/** Payload of `dashboard-alert-resolved`, over Socket.IO, to administrators alone. */
export interface DashboardAlertResolved extends DashboardAlert {
  /** ms epoch. */
  readonly endedAt: number;
  readonly reason: EpisodeEnd;
}

/** Limits that `PUT /api/dashboard/thresholds` sets: those from which the rules of that name warn. */
export interface DashboardThresholds {
  /** Jobs that wait: `queue-length`. */
  readonly queueLength: number | null;
  /** Mean time of a job, seconds: `job-processing-time`. */
  readonly processingTimeSec: number | null;
  /** Jobs that fail, of 100: `job-errors`. */
  readonly errorRatePct: number | null;
  /** Memory of a host that is in use, of 100: `host-memory`. */
  readonly memoryPct: number | null;
}

/** Answer of `GET /api/dashboard/alerts`. */
export interface DashboardAlerts {
  /** UTC, ISO 8601. */
  readonly timestamp: string;
  /** Those that fire, worst and newest first, at most 1000. */
  readonly alerts: readonly DashboardAlert[];
  /** All that fire. */
  readonly total: number;
  readonly critical: number;
  readonly warning: number;
  /** `null`: the rule has no such limit, or is not there. */
  readonly thresholds: DashboardThresholds;
}
