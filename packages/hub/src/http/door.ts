import { asInteger } from "@wsight/protocol";
import type { AccessControl } from "../access/access.ts";
import { type ConnectionLimit, createConnectionLimit } from "../access/connection-limit.ts";
import { createHostCheck, createOriginCheck } from "../access/guards.ts";
import { createRateLimit } from "../access/rate-limit.ts";
import { toDashboardEvent } from "../alerts/dashboard-alerts.ts";
import type { Clock } from "../clock.ts";
import type { Core } from "../core.ts";
import type { DoctorSetup } from "../doctor/facts.ts";
import { createDoctor } from "../doctor.ts";
import type { OnHubError } from "../errors.ts";
import type { Intervals } from "../gateways/payloads/parts.ts";
import { createPayloads } from "../gateways/payloads/payloads.ts";
import { createSocketIoGateway, type SocketIoGateway } from "../gateways/socket-io.ts";
import { createJobStream } from "../gateways/ws-jobs.ts";
import type { HubOptions } from "../hub-options.ts";
import { createJobWriters } from "../job-writers.ts";
import { createJobDashboard, type JobDashboard } from "../jobs/dashboard/job-dashboard.ts";
import { createJobAsks, type JobAsks } from "../jobs/job-asks.ts";
import { createProbeLinks } from "../probe-links.ts";
import { createExposition } from "../prometheus/exposition.ts";
import { resolveRetention } from "../store/retention.ts";
import { VERSION } from "../version.ts";
import { createClientReader } from "./client.ts";
import { createGate, type Gate } from "./gate.ts";
import type { StorageSource } from "./handlers/history-storage.ts";
import { createLiveStreams } from "./handlers/live-streams.ts";
import { createRequestListener } from "./requests.ts";
import { createRoutes, createUpgradeRoutes } from "./routes.ts";
import { type HttpServer, openHttpServer } from "./server.ts";
import { createUpgrades } from "./upgrades.ts";

/** Links of probes there may be at once: in all, and from one address or of one service. */
const PROBE_LIMITS = { total: 1024, perKey: 256 };

/** Connections there may be beside the live ones and the links: in all, and from one address. */
const SPARE_CONNECTIONS = { total: 512, perKey: 128 };

/** Clients of the live monitor that have not said who they are, beside those that have: in all, and from one address. */
const UNKNOWN_CLIENTS = { total: 64, perKey: 16 };

/** Longest interval between two tellings. */
const MAX_INTERVAL_MS = 3_600_000;

/** The way in over the network. */
export interface Door extends HttpServer {
  /** Once a second: closes live connections whose credential has ended, and links whose probe has. */
  sweep(): void;
}

/** What a door leads to, and who may pass it. */
export interface DoorParts {
  readonly options: HubOptions;
  readonly host: string;
  readonly port: number;
  readonly core: Core;
  readonly access: AccessControl;
  readonly onCodeUsed: () => void;
  readonly clock: Clock;
  readonly onError: OnHubError;
}

/**
 * Opens the server with its tables of routes and upgrades.
 * @throws WsightError `BAD_OPTION` or `LISTEN_FAILED`
 */
export async function openDoor(parts: DoorParts): Promise<Door> {
  const { options, host, port, core, access, clock, onError } = parts;
  const { total, perKey } = viewerLimits(options);
  const gate = createDoorGate(parts);
  const now = (): number => clock.now();
  const viewers = createConnectionLimit({ total, perKey });
  const probes = createConnectionLimit(PROBE_LIMITS);
  const probeLinks = createProbeLinks(core.ingest);
  const { live, stream, jobs } = core;
  const jobWriters = createJobWriters(jobs, now);
  const jobStream = createJobStream({ jobs, now, onError: (error) => onError(error, { stage: "live" }) });
  const upgradeRoutes = createUpgradeRoutes({ live, stream, jobStream, viewers, probeLinks, probes, jobWriters });
  const upgrades = createUpgrades(upgradeRoutes, gate, onError);
  const dashboard: JobDashboard = createDashboard(parts, () => [liveMonitor.stats(), jobStream.stats()]);
  const liveMonitor = createLiveMonitor(parts, { gate, viewers, dashboard });
  core.audiences.add(liveMonitor.stats);
  core.audiences.add(() => {
    const { clients, skipped } = jobStream.stats();
    return { viewers: clients, skippedTicks: skipped };
  });
  const stopHearing = core.alerts.listen((happening) => {
    const event = toDashboardEvent(happening);
    if (event !== null) liveMonitor.tellAdmins(event.name, event.payload);
  });
  const streams = createLiveStreams({ live: core.live, limit: viewers, origins: gate.origins });
  const routes = createRoutes(
    {
      version: VERSION,
      startedAt: core.startedAt,
      dashboardDir: options.dashboardDir,
      current: core.current,
      asks: core.asks,
      connections: core.connections,
      processes: core.processes,
      exposition: createExposition({ current: core.current }),
      audit: core.audit,
      tests: core.tests,
      alerts: core.alerts,
      health: core.health,
      jobs,
      jobAsks: createAsksOfJobs(core),
      dashboard,
      now,
      doctor: createDoctor({ current: core.current, clock, setup: describeSetup(parts) }),
      history: core.history,
      storage: core.history === null ? null : { ...storageLimits(options), stats: core.history.stats },
      readiness: core.readiness,
      sessions: access.sessions,
      signIn: { keys: access.keys, code: access.code, onCodeUsed: parts.onCodeUsed, now },
      streams,
      closeLive: (sessionId) => {
        upgrades.closeSession(sessionId);
        streams.closeSession(sessionId);
        liveMonitor.closeSession(sessionId);
      },
    },
    upgradeRoutes,
  );
  const answer = createRequestListener(routes, gate, onError);
  const server = await openHttpServer({
    host,
    port,
    patienceMs: options.portPatienceMs,
    onRequest: (request, response) => {
      if (liveMonitor.takes(request)) liveMonitor.request(request, response);
      else answer(request, response);
    },
    upgrades: {
      ...upgrades,
      handle: (request, socket, head) => {
        if (liveMonitor.takes(request)) liveMonitor.upgrade(request, socket, head);
        else upgrades.handle(request, socket, head);
      },
    },
    limit: createConnectionLimit({
      total: total + PROBE_LIMITS.total + SPARE_CONNECTIONS.total,
      perKey: perKey + PROBE_LIMITS.perKey + SPARE_CONNECTIONS.perKey,
    }),
    onError,
  });
  const sweep = (): void => {
    probeLinks.onSecond();
    jobWriters.onSecond();
    upgrades.sweep(now());
    streams.sweep(now());
    liveMonitor.sweep(now());
    jobStream.onSecond();
    dashboard.onSecond();
  };
  const close = async (): Promise<void> => {
    probeLinks.close();
    jobWriters.close();
    stopHearing();
    jobStream.close();
    // Polls that wait are answered before their connections are cut.
    await liveMonitor.close();
    await server.close();
  };
  return { ...server, sweep, close };
}

function describeSetup({ options, host, access }: DoorParts): DoctorSetup {
  return {
    host,
    configured: access.configured,
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? [],
    trustProxy: options.trustProxy ?? 0,
    maxViewers: viewerLimits(options).total,
    nodeEnv: process.env.NODE_ENV ?? "",
  };
}

function createDoorGate({ options, host, access, clock }: DoorParts): Gate {
  const perMinute = asInteger("BAD_OPTION", "requestsPerMinute", options.requestsPerMinute ?? 600, 1);
  const trustProxy = asInteger("BAD_OPTION", "trustProxy", options.trustProxy ?? 0, 0, 16);
  return createGate({
    clientOf: createClientReader({ machine: access.machine, trustProxy, now: () => clock.now() }),
    configured: access.configured,
    checkHost: createHostCheck(host, options.allowedHosts),
    origins: createOriginCheck(options.allowedOrigins),
    identify: access.identify,
    addressRate: createRateLimit(perMinute, () => clock.now()),
    principalRate: createRateLimit(perMinute, () => clock.now()),
  });
}

/** Who hears of jobs is counted over both ways of hearing; a user on both counts twice. */
function createDashboard(
  { options, core, clock }: DoorParts,
  audiences: () => readonly { readonly clients: number; readonly users: number; readonly administrators?: number }[],
): JobDashboard {
  const { jobs, current, alerts, history, startedAt } = core;
  return createJobDashboard({
    jobs,
    current,
    alerts: () => alerts.table(),
    askHistory: history?.ask ?? null,
    listeners: () => {
      const all = audiences();
      const sum = (of: (one: (typeof all)[number]) => number): number => all.reduce((total, one) => total + of(one), 0);
      return {
        clients: sum(({ clients }) => clients),
        users: sum(({ users }) => users),
        administrators: sum(({ administrators = 0 }) => administrators),
      };
    },
    startedAt,
    now: () => clock.now(),
    intervalMs: asInteger("BAD_OPTION", "jobsIntervalMs", options.jobsIntervalMs ?? 30_000, 1000, MAX_INTERVAL_MS),
  });
}

/** Processes with workers of a queue watch it for certain. */
function createAsksOfJobs({ asks, jobs }: Core): JobAsks {
  const nodesOf = (queue: string): readonly string[] =>
    jobs.workers().rows.flatMap((row) => (row.queue === queue && row.node !== null ? [row.node] : []));
  return createJobAsks({ asks, nodesOf });
}

function createLiveMonitor(
  { options, core, clock, onError }: DoorParts,
  {
    gate,
    viewers,
    dashboard,
  }: { readonly gate: Gate; readonly viewers: ConnectionLimit; readonly dashboard: JobDashboard },
): SocketIoGateway {
  const { total, perKey } = viewerLimits(options);
  const intervals = readIntervals(options);
  const now = (): number => clock.now();
  return createSocketIoGateway({
    gate,
    viewers,
    limits: { total: total + UNKNOWN_CLIENTS.total, perKey: perKey + UNKNOWN_CLIENTS.perKey },
    jobs: core.jobs,
    dashboard,
    payloads: () => createPayloads({ current: core.current, startedAt: core.startedAt, now, intervals }),
    intervals,
    now,
    onError,
  });
}

function readIntervals({ intervalMs = 1000, mediumIntervalMs = 5000, slowIntervalMs = 30_000 }: HubOptions): Intervals {
  const read = (name: string, value: number): number => asInteger("BAD_OPTION", name, value, 10, MAX_INTERVAL_MS);
  return {
    fast: read("intervalMs", intervalMs),
    medium: read("mediumIntervalMs", mediumIntervalMs),
    slow: read("slowIntervalMs", slowIntervalMs),
  };
}

/** The cap is of the embedded store alone. */
function storageLimits({ retention, retentionMs, store, storeMaxBytes }: HubOptions): Omit<StorageSource, "stats"> {
  const maxBytes = store === undefined ? (storeMaxBytes ?? null) : null;
  return { retention: resolveRetention(retention, retentionMs), maxBytes };
}

function viewerLimits(options: HubOptions): { readonly total: number; readonly perKey: number } {
  return {
    total: asInteger("BAD_OPTION", "maxViewers", options.maxViewers ?? 1000, 1),
    perKey: asInteger("BAD_OPTION", "viewersPerAddress", options.viewersPerAddress ?? 50, 1),
  };
}
