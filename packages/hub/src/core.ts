import { hostname } from "node:os";
import { resolve } from "node:path";
import type { HistoryEvent, HubRow } from "@wsight/protocol";
import type { Alerts } from "./alerts/alerts.ts";
import { createAlerts } from "./alerts/create-alerts.ts";
import { createAlertDesk } from "./alerts/desk/create-desk.ts";
import { toHistoryEvent } from "./alerts/history-events.ts";
import { createLiveObserver } from "./alerts/observe/live-observer.ts";
import { type Asks, createAsks } from "./asks.ts";
import { type Audit, createAudit } from "./audit.ts";
import type { Clock } from "./clock.ts";
import { type ConnectionLists, createConnectionLists } from "./connections/list.ts";
import { createCurrent } from "./current.ts";
import type { CurrentView } from "./current-view.ts";
import type { OnHubError } from "./errors.ts";
import { createMetricsStream, type MetricsStream } from "./gateways/ws-metrics.ts";
import { createHealthKeeper, type HealthKeeper } from "./health/health-keeper.ts";
import { createRatioCounts } from "./health/ratio-counts.ts";
import { createHeirs } from "./heir.ts";
import { createHistoryKeeper, type HistoryKeeper } from "./history/history-keeper.ts";
import type { Readiness } from "./http/handlers/health.ts";
import type { HubOptions } from "./hub-options.ts";
import { createIngest, type Ingest } from "./ingest.ts";
import { createJobs } from "./jobs/create-jobs.ts";
import { createJobFigures } from "./jobs/figures/create-figures.ts";
import { OWN_SERVICE } from "./jobs/figures/own-node.ts";
import { createJobAsks } from "./jobs/job-asks.ts";
import type { Jobs } from "./jobs/jobs.ts";
import { createJobLedger } from "./jobs/ledger/create-ledger.ts";
import { createMachines } from "./jobs/machines.ts";
import { Strays } from "./jobs/strays.ts";
import { createLive, type Live } from "./live/live.ts";
import { createTail } from "./live/tail.ts";
import { createOtlpExporter } from "./otlp/exporter.ts";
import { parseOtlp } from "./otlp/otlp-options.ts";
import { createOwnCost } from "./own-cost.ts";
import { createNodeChoice } from "./processes/node-choice.ts";
import { createProcessLooks, type ProcessLooks } from "./processes/process-looks.ts";
import { createKeptStore } from "./store/kept-store.ts";
import { resolveRetention } from "./store/retention.ts";
import { readHosts } from "./tests/admission.ts";
import { ownTargets } from "./tests/own-targets.ts";
import { createTests, type Tests } from "./tests/tests.ts";
import { VERSION } from "./version.ts";

/** Seconds that have not been closed for this long mean that something is wrong, in ms. */
const LATE_MS = 10_000;

/** Where hubs listen unless told otherwise. */
const DEFAULT_PORT = 4700;

/** What a hub holds and does, without the doors to it. */
export interface Core {
  /** ms epoch. */
  readonly startedAt: number;
  readonly current: CurrentView;
  readonly ingest: Ingest;
  /** Asks probes while somebody looks closer. */
  readonly asks: Asks;
  readonly connections: ConnectionLists;
  readonly audit: Audit;
  readonly tests: Tests;
  readonly alerts: Alerts;
  readonly health: HealthKeeper;
  readonly jobs: Jobs;
  readonly live: Live;
  /** Say how many are told by other ways than live sessions, and what slow ones did not get. The door puts them in. */
  readonly audiences: Set<() => { readonly viewers: number; readonly skippedTicks: number }>;
  readonly processes: ProcessLooks;
  readonly stream: MetricsStream;
  /** `null` while nothing is kept on disk. */
  readonly history: HistoryKeeper | null;
  readiness(): Readiness;
  /** Says where the hub is reached, once it listens: for links in what people are told. */
  setUrl(url: string): void;
  /** Ends the second that began at `at`: state first, then viewers, then the record. */
  onSecond(at: number): void;
  /** Says goodbye to viewers and writes what is left. */
  close(): Promise<void>;
}

/** What a core is made from. */
export interface CoreParts {
  readonly options: Pick<
    HubOptions,
    | "intervalMs"
    | "store"
    | "storeIntervalMs"
    | "retention"
    | "storeMaxBytes"
    | "retentionMs"
    | "restarts"
    | "succeeds"
    | "standalone"
    | "testEntry"
    | "testTargets"
    | "otlpUrl"
    | "otlpHeaders"
    | "otlpIntervalMs"
    | "port"
    | "publicUrl"
    | "notifyHosts"
  >;
  readonly dataDir: string | null;
  /** The hub's secret: what secrets of channels are encrypted with is made from it. */
  readonly secret: string;
  /** `NODE_ENV` of the hub's process; empty for none. */
  readonly nodeEnv: string;
  readonly clock: Clock;
  readonly onError: OnHubError;
}

/** Builds the parts and passes them to each other. */
export function createCore({ options, dataDir, secret, nodeEnv, clock, onError }: CoreParts): Core {
  const target = parseOtlp(options);
  const startedAt = clock.now();
  const readCost = createOwnCost();
  let cost = readCost();
  let beatAt = startedAt;
  const current = createCurrent({
    clock,
    hubRow,
    alertsTable: () => alerts.table(),
    health: () => health.health(),
    queuesTable: () => jobs.queues(),
    workersTable: () => jobs.workers(),
  });
  const asks = createAsks();
  const audit = createAudit({ dataDir, clock, onError });
  const told = dataDir === null ? null : resolve(dataDir);
  const { standalone = false } = options;
  const welcome = { startedAt, dataDir: told, standalone, heirs: createHeirs() };
  const note = (events: readonly HistoryEvent[]): void => history?.note(events);
  const instance = instanceName(options.port);
  const ingest = createIngest({
    current,
    clock,
    asks,
    welcome,
    ownNode: `${OWN_SERVICE}/${instance}`,
    onEvents: note,
    onJobs({ node, events, beats, readings, lost }) {
      const source = { source: "app", node } as const;
      jobs.lost(lost);
      jobs.beat(beats, source);
      jobs.read(readings, source);
      return jobs.take(events, source).kept;
    },
  });
  const figures = createJobFigures({ ingest, clock, instance, host: hostname() });
  const jobs = createJobs({
    clock,
    ledger: createJobLedger({ dataDir, store: options.store, onError }),
    meter: figures,
    note,
    ...createMachines(current, asks),
    onError: (error) => onError(error, { stage: "jobs" }),
  });
  const strays = new Strays({
    jobs,
    asks: createJobAsks({ asks, nodesOf: () => [] }),
    now: () => clock.now(),
    aheadOf: (node) => current.table("nodes").find((row) => row.node === node)?.clockAheadMs ?? null,
  });
  const tests = createTests({
    entry: options.testEntry ?? null,
    rules: { hosts: readHosts(options.testTargets ?? []), production: nodeEnv === "production" },
    targets: () => ownTargets({ current, isLocal: ingest.isLocal }),
    current,
    dataDir,
    clock,
    onEvents: note,
    onError,
  });
  const audiences: Core["audiences"] = new Set();
  const live = createLive({ current, clock, tail: createTail({ asks, current, clock }) });
  const { storeIntervalMs: intervalMs, restarts } = options;
  const succeeds = options.succeeds ?? (restarts?.count ?? 0) > 0;
  const kept = { current, clock, intervalMs, succeeds, onError };
  const store = createKeptStore({
    dataDir,
    store: options.store,
    retention: resolveRetention(options.retention, options.retentionMs),
    maxBytes: options.storeMaxBytes,
    onError,
  });
  const history = store === null ? null : createHistoryKeeper({ ...kept, store });

  let url = options.publicUrl ?? null;
  const alertError = (error: unknown): void => onError(error, { stage: "alerts" });
  const observer = createLiveObserver({ current, history, onError: alertError });
  const alerts = createAlerts({
    current,
    clock,
    observer,
    desk: createAlertDesk({
      dataDir,
      store: options.store,
      secret,
      instance,
      notifyHosts: options.notifyHosts,
      onError,
    }),
    backTest: history === null ? null : (query, signal) => history.ask("backTest", query, { signal }),
    publicUrl: () => url,
    onError: alertError,
  });
  alerts.listen((happening) => {
    const event = toHistoryEvent(happening);
    if (event !== null) note([event]);
  });

  const choice = createNodeChoice(current, ingest.isLocal);
  const processes = createProcessLooks({ asks, choice, clock });
  const storeRow = (): HubRow["store"] =>
    history?.status() ?? { state: "off", written: 0, dropped: 0, lastError: null };
  const storage = (): Omit<HubRow["store"], "lastError" | "engine"> & { readonly spooled: number } => {
    const { state, written, dropped, spooled = 0 } = storeRow();
    return { state, written, dropped, spooled };
  };
  const stream = createMetricsStream({
    current,
    clock,
    choice,
    looks: processes,
    storage,
    intervalMs: options.intervalMs,
  });

  const health = createHealthKeeper({
    observer,
    rule: (id) => alerts.rules().find((rule) => rule.id === id),
    ratioAt: createRatioCounts(current),
    tables: () => ({
      nodes: current.table("nodes"),
      components: current.table("components"),
      collectors: current.table("collectors"),
      store: storeRow(),
      alerts: alerts.table(),
    }),
    note,
  });

  const otlp = target === null ? null : createOtlpExporter({ target, current, onError });

  function hubRow(): HubRow {
    const { badFrames, lastBadFrame } = ingest.stats();
    const { bytesPerSecond, ...watched } = live.stats();
    const told = [watched, ...[...audiences].map((stats) => stats())];
    return {
      version: VERSION,
      startedAt,
      ...cost,
      viewers: told.reduce((sum, { viewers }) => sum + viewers, stream.stats().clients),
      bytesPerSecond,
      skippedTicks: told.reduce((sum, { skippedTicks }) => sum + skippedTicks, 0),
      badFrames,
      lastBadFrame,
      restarts: restarts?.count ?? 0,
      lastRestart: restarts?.last ?? null,
      store: storeRow(),
    };
  }

  /** One part that fails must not keep the others from their second. */
  function attempt(stage: "tick" | "jobs" | "alerts" | "store" | "otlp", work: () => void): void {
    try {
      work();
    } catch (error) {
      onError(error, { stage });
    }
  }

  return {
    startedAt,
    current,
    ingest,
    asks,
    connections: createConnectionLists({ asks, current, clock }),
    audit,
    tests,
    alerts,
    health,
    jobs,
    live,
    audiences,
    processes,
    stream,
    history,
    readiness: () => ({
      store: history?.ready() ?? true,
      ingest: Math.abs(clock.now() - beatAt) < LATE_MS,
    }),
    setUrl(own) {
      url ??= own;
    },
    onSecond(at) {
      cost = readCost();
      attempt("jobs", () => {
        jobs.observe(clock.now());
        strays.observe(clock.now());
        figures.tell(jobs);
      });
      attempt("tick", () => {
        current.closeSecond(at);
        beatAt = clock.now();
      });
      stream.tick().catch((error: unknown) => onError(error, { stage: "live" }));
      live.tick(at).catch((error: unknown) => onError(error, { stage: "live" }));
      attempt("alerts", () => alerts.observe());
      attempt("alerts", () => {
        if (current.at !== null) health.observe(current.at, clock.now());
      });
      attempt("store", () => history?.observe(clock.now()));
      attempt("otlp", () => otlp?.observe(at));
    },
    async close() {
      live.close();
      stream.close();
      figures.close();
      await otlp?.close();
      await tests.close();
      await jobs.close();
      await alerts.close();
      await audit.close();
      await history?.close();
    },
  };
}

/** Name of this hub in what people are told: that of its machine, and its port where there may be others. */
function instanceName(port = DEFAULT_PORT): string {
  return port === DEFAULT_PORT || port === 0 ? hostname() : `${hostname()}-${port}`;
}
