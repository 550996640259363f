import { MAX_LINK_MESSAGE, MAX_VIEWER_MESSAGE } from "@wsight/protocol";
import type { ConnectionLimit } from "../access/connection-limit.ts";
import type { Sessions } from "../access/session.ts";
import type { Alerts } from "../alerts/alerts.ts";
import type { Asks } from "../asks.ts";
import type { Audit } from "../audit.ts";
import type { ConnectionLists } from "../connections/list.ts";
import type { CurrentView } from "../current-view.ts";
import type { Doctor } from "../doctor.ts";
import { type JobStream, MAX_JOB_CLIENT_MESSAGE } from "../gateways/ws-jobs.ts";
import { MAX_CLIENT_MESSAGE, type MetricsStream } from "../gateways/ws-metrics.ts";
import type { HealthKeeper } from "../health/health-keeper.ts";
import type { HistoryKeeper } from "../history/history-keeper.ts";
import { type JobWriters, MAX_JOB_MESSAGE } from "../job-writers.ts";
import type { JobDashboard } from "../jobs/dashboard/job-dashboard.ts";
import type { JobAsks } from "../jobs/job-asks.ts";
import type { Jobs } from "../jobs/jobs.ts";
import type { Live } from "../live/live.ts";
import type { ProbeLinks } from "../probe-links.ts";
import type { ProcessLooks } from "../processes/process-looks.ts";
import type { Exposition } from "../prometheus/exposition.ts";
import type { Tests } from "../tests/tests.ts";
import { alertRoutes } from "./handlers/alerts.ts";
import { auditRoute } from "./handlers/audit.ts";
import { connectionRoute, disconnectRoute } from "./handlers/connection.ts";
import { connectionsRoute } from "./handlers/connections.ts";
import { dashboardFileRoute, dashboardRoute, rootRoute } from "./handlers/dashboard.ts";
import { doctorRoute } from "./handlers/doctor.ts";
import { grafanaRoute } from "./handlers/grafana.ts";
import { healthRoute, type Readiness, readyRoute } from "./handlers/health.ts";
import { historyRoutes } from "./handlers/history.ts";
import { historyExportRoute } from "./handlers/history-export.ts";
import { historyStorageRoute, type StorageSource } from "./handlers/history-storage.ts";
import { jobDashboardRoutes } from "./handlers/job-dashboard.ts";
import { jobEventsRoute } from "./handlers/job-events.ts";
import { jobRoutes } from "./handlers/jobs.ts";
import { liveRoute, liveSayRoute } from "./handlers/live.ts";
import type { LiveStreams } from "./handlers/live-streams.ts";
import { metricsRoute } from "./handlers/metrics.ts";
import { nodesRoute } from "./handlers/nodes.ts";
import { openApiRoute } from "./handlers/openapi.ts";
import { processesRoute } from "./handlers/processes.ts";
import { prometheusRoutes } from "./handlers/prometheus.ts";
import { serverHealthRoutes } from "./handlers/server-health.ts";
import { showSessionRoute } from "./handlers/show-session.ts";
import { type SignInParts, signInRoute } from "./handlers/sign-in.ts";
import { signOutRoute } from "./handlers/sign-out.ts";
import { testRoutes } from "./handlers/tests.ts";
import { websocketHistoryRoute } from "./handlers/websocket-history.ts";
import { websocketMetricsRoute } from "./handlers/websocket-metrics.ts";
import { describeApi } from "./openapi.ts";
import type { Route, UpgradeRoute } from "./route.ts";

/** What the handlers read and do, passed in by the hub. */
export interface RouteParts {
  readonly version: string;
  /** When the hub began, ms epoch. */
  readonly startedAt: number;
  readonly dashboardDir: string;
  readonly current: CurrentView;
  readonly asks: Asks;
  readonly connections: ConnectionLists;
  readonly processes: ProcessLooks;
  readonly exposition: Exposition;
  readonly audit: Audit;
  readonly doctor: Doctor;
  readonly tests: Tests;
  readonly alerts: Alerts;
  readonly health: HealthKeeper;
  readonly jobs: Jobs;
  readonly jobAsks: JobAsks;
  readonly dashboard: JobDashboard;
  /** ms epoch. */
  readonly now: () => number;
  /** `null` while the hub keeps no history. */
  readonly history: Pick<HistoryKeeper, "read" | "ask" | "openTakeout"> | null;
  /** `null` while the hub keeps no history. */
  readonly storage: StorageSource | null;
  readonly readiness: () => Readiness;
  readonly sessions: Sessions;
  readonly signIn: Omit<SignInParts, "sessions">;
  readonly streams: LiveStreams;
  /** Ends the live connections of a session. */
  readonly closeLive: (sessionId: string) => void;
}

/** Everything the hub answers over HTTP, one line each. */
export function createRoutes(parts: RouteParts, upgrades: readonly UpgradeRoute[]): readonly Route[] {
  const { current, dashboardDir, sessions } = parts;
  const routes: readonly Route[] = [
    healthRoute(parts.startedAt),
    readyRoute(parts.readiness),
    rootRoute(),
    dashboardRoute(dashboardDir),
    dashboardFileRoute(dashboardDir),
    signInRoute({ ...parts.signIn, sessions }),
    showSessionRoute(),
    signOutRoute(sessions, parts.closeLive),
    websocketMetricsRoute(current),
    websocketHistoryRoute(parts.history),
    historyExportRoute(parts.history, parts.now),
    historyStorageRoute(parts.storage),
    ...historyRoutes({ askHistory: parts.history?.ask ?? null, now: parts.now }),
    ...prometheusRoutes({ askHistory: parts.history?.ask ?? null, version: parts.version, now: parts.now }),
    nodesRoute(current),
    connectionsRoute(parts.connections),
    connectionRoute(parts),
    disconnectRoute(parts),
    processesRoute(parts.processes),
    metricsRoute(parts.exposition),
    grafanaRoute(),
    auditRoute(parts.audit),
    doctorRoute(parts.doctor),
    ...testRoutes(parts),
    ...alertRoutes(parts),
    ...serverHealthRoutes({
      health: parts.health.health,
      turns: parts.health.turns,
      askHistory: parts.history?.ask ?? null,
      now: parts.now,
    }),
    jobEventsRoute(parts.jobs, parts.now),
    ...jobRoutes(parts),
    ...jobDashboardRoutes(parts),
    liveRoute(parts.streams),
    liveSayRoute(parts.streams),
    openApiRoute(() => describeApi(routes, upgrades, parts.version, sessions.cookieName)),
  ];
  return routes;
}

/** What takes over the WebSockets, passed in by the hub. */
export interface UpgradeParts {
  readonly live: Pick<Live, "accept">;
  readonly stream: Pick<MetricsStream, "accept">;
  readonly jobStream: Pick<JobStream, "accept">;
  /** Places for viewers, whichever way they come. */
  readonly viewers: ConnectionLimit;
  readonly probeLinks: Pick<ProbeLinks, "accept">;
  readonly probes: ConnectionLimit;
  readonly jobWriters: Pick<JobWriters, "accept">;
}

/** Everything the hub answers with a WebSocket, one line each. */
export function createUpgradeRoutes(parts: UpgradeParts): readonly UpgradeRoute[] {
  const { live, stream, jobStream, viewers, probeLinks, probes, jobWriters } = parts;
  return [
    {
      path: "/ws/live",
      access: "viewer",
      summary: "Live metrics",
      maxPayload: MAX_VIEWER_MESSAGE,
      limit: viewers,
      accept: (socket, { principal }) => live.accept(socket, principal),
    },
    {
      path: "/ws/metrics",
      access: "viewer",
      summary: "Figures and top processes of a host as one JSON message a second; ?node=service/instance chooses whose",
      maxPayload: MAX_CLIENT_MESSAGE,
      limit: viewers,
      accept: (socket, _, query) => stream.accept(socket, query),
    },
    {
      path: "/ws/jobs",
      access: "user",
      summary: "What happens to the jobs of whoever connects, as JSON messages { event, data }",
      maxPayload: MAX_JOB_CLIENT_MESSAGE,
      limit: viewers,
      accept: (socket, credential) => jobStream.accept(socket, credential),
    },
    {
      path: "/ws/probe",
      access: "probe",
      summary: "Figures of a probe, which may write as the service that its token names",
      maxPayload: MAX_LINK_MESSAGE,
      limit: probes,
      accept: (socket, credential) => probeLinks.accept(socket, credential),
    },
    {
      path: "/ws/jobs/events",
      access: "writer",
      summary: "What happens to jobs, told as JSON messages { id, events, beats }, each answered once it is kept",
      maxPayload: MAX_JOB_MESSAGE,
      limit: probes,
      accept: (socket, credential) => jobWriters.accept(socket, credential),
    },
  ];
}
