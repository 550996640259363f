export type { Authenticate, AuthenticateRequest } from "./access/authenticate.ts";
export { type MachineKey, readMachineKey, signMachineToken } from "./access/machine-key.ts";
export { type Principal, ROLES, type Role } from "./access/principal.ts";
export { MIN_SECRET_LENGTH, resolveSecret, type Secret, type SecretSources } from "./access/secret.ts";
export { type JwtOptions, signToken, type TokenClaims } from "./access/token.ts";
export type { AlertCommit, NoticeDraft } from "./alerts/commit.ts";
export { DEFAULT_RULES } from "./alerts/default-rules.ts";
export type {
  AlertTables,
  LeasedGroup,
  LeasedNotice,
  OpenChannel,
  Outcome,
} from "./alerts/desk/alert-tables.ts";
export { CommitQueue } from "./alerts/desk/commit-queue.ts";
export { type AlertDeskOptions, createAlertDesk, type ProcessDesk } from "./alerts/desk/create-desk.ts";
export type { AlertBook, AlertDesk, ChannelDraft, DeskStatus, EpisodeQuery, OutboxQuery } from "./alerts/desk/desk.ts";
export type { Dispatcher, DispatcherParts } from "./alerts/desk/dispatcher.ts";
export { Sealer, sealingKey } from "./alerts/desk/sealing.ts";
export { type AlertTablesOptions, openAlertTables } from "./alerts/desk/tables/open-tables.ts";
export { orderOutbox, type WaitingNotice } from "./alerts/desk/tables/outbox-order.ts";
export type {
  AlertEngine,
  AlertEngineOptions,
  EngineChanges,
  EngineCounts,
  NoticeWords,
} from "./alerts/engine/alert-engine.ts";
export { createAlertEngine } from "./alerts/engine.ts";
export {
  type ImportAnswer,
  type ImportContext,
  type ImportRemark,
  importPrometheusRules,
} from "./alerts/import/prometheus-rules.ts";
export type { InstanceState } from "./alerts/machine/instance-state.ts";
export {
  type AddressGuard,
  createAddressGuard,
  GuardError,
  type GuardedUse,
} from "./alerts/notify/address/address-guard.ts";
export { CHANNEL_KINDS, type ChannelKind } from "./alerts/notify/channel-kinds.ts";
export { createDispatcher, type DispatcherTuning } from "./alerts/notify/dispatcher.ts";
export type { Delivery, Message, Notifier } from "./alerts/notify/notifier.ts";
export type { NotifierTools } from "./alerts/notify/notifier-tools.ts";
export { createNotifiers } from "./alerts/notify/notifiers.ts";
export type { FiringView, Observation, RuleObserver } from "./alerts/observation.ts";
export { createLiveObserver, type LiveObserver, type LiveObserverParts } from "./alerts/observe/live-observer.ts";
export { compileRatio, type RatioCounts, type RatioReader } from "./alerts/observe/ratio.ts";
export {
  createStoredObserver,
  type StoredObserver,
  type StoredObserverParts,
} from "./alerts/observe/stored-observer.ts";
export { wilsonLowerBound } from "./alerts/observe/wilson.ts";
export { parseBackTest, parseBackTestOf } from "./alerts/parse/back-test.ts";
export { type ChannelContext, parseChannelDraft } from "./alerts/parse/channel.ts";
export { parseNote, parseNoteText, parseSnooze } from "./alerts/parse/commands.ts";
export { parseInhibitions } from "./alerts/parse/inhibitions.ts";
export { parseRoute, type RouteContext } from "./alerts/parse/route.ts";
export { parseRule, parseRulePatch, type RuleContext } from "./alerts/parse/rule.ts";
export { parseSilence, type SilenceContext } from "./alerts/parse/silence.ts";
export type { Inhibitors } from "./alerts/plan/inhibitors.ts";
export { createPlan, type Plan, type PlanSetup } from "./alerts/plan/plan.ts";
export { type AlertSubject, matchedLabels } from "./alerts/plan/subject.ts";
export { createWindows, type TimeWindow, type WindowPlan, type Windows } from "./alerts/plan/windows.ts";
export { composeNotice, composeSummary, type WordsOptions } from "./alerts/words/compose-notice.ts";
export { formatDuration, formatLimit, formatValue } from "./alerts/words/quantity.ts";
export type { NoticeFacts } from "./alerts/words/vocabulary.ts";
export { ANALYSES, type Analyses, type Analysis } from "./analysis/analyses.ts";
export { type AskLink, type AskListener, type AskOptions, type AskStats, type Asks, createAsks } from "./asks.ts";
export { type Audit, type AuditEntry, type AuditOptions, type AuditStats, createAudit } from "./audit.ts";
export { type Clock, systemClock } from "./clock.ts";
export {
  type ConnectionList,
  type ConnectionListParts,
  type ConnectionListQuery,
  type ConnectionLists,
  createConnectionLists,
} from "./connections/list.ts";
export { type Current, type CurrentOptions, type CurrentStats, createCurrent } from "./current.ts";
export type { CompiledSelectors, CurrentView, SeriesState } from "./current-view.ts";
export type { HubStage, OnHubError } from "./errors.ts";
export {
  createMetricsStream,
  type MetricsStream,
  type MetricsStreamParts,
  type MetricsStreamStats,
} from "./gateways/ws-metrics.ts";
export type { MetricsMessage } from "./gateways/ws-metrics-message.ts";
export { grafanaDashboard } from "./grafana/dashboard.ts";
export { AdaptiveRatio, type RatioFinding } from "./health/adaptive-ratio.ts";
export { createHealthKeeper, type HealthKeeper, type HealthParts } from "./health/health-keeper.ts";
export { createRatioCounts, type RatioAt } from "./health/ratio-counts.ts";
export { type HealthTurn, stripOf } from "./health/strip.ts";
export { createRecorder, type Recorder, type RecorderOptions } from "./history/recorder.ts";
export { type History, type HistoryRequest, parseHours, readHistory } from "./history/summaries-of-hours.ts";
export { type HistoryRouteParts, historyRoutes } from "./http/handlers/history.ts";
export type { Access, Route, RouteReply, RouteRequest } from "./http/route.ts";
export { createTurns, type TurnLimits, type Turns } from "./http/turns.ts";
export { createHub, type Hub, type HubLink, type HubSetup } from "./hub.ts";
export type { FromHubWorker, HubChanges, HubOptions, ToHubWorker } from "./hub-options.ts";
export { createIngest, type Ingest, type IngestLink, type IngestOptions, type IngestStats } from "./ingest.ts";
export { createJobs, type JobsParts } from "./jobs/create-jobs.ts";
export { createEstimator, type EstimatorOptions } from "./jobs/estimate/create-estimator.ts";
export type {
  Estimator,
  JobFeatures,
  KeptNode,
  QueueOutlook,
  RunEstimate,
  RunOutcome,
  RunProgress,
} from "./jobs/estimate/estimator.ts";
export { simulateWait } from "./jobs/estimate/simulate-wait.ts";
export { createJobFigures, type JobFigures, type JobFiguresParts } from "./jobs/figures/create-figures.ts";
export { createJobLedger, type JobLedgerOptions, type ProcessLedger } from "./jobs/ledger/create-ledger.ts";
export type { JobTables, KeptBatch } from "./jobs/ledger/job-tables.ts";
export type {
  JobLedger,
  JobRecord,
  LedgerBatch,
  LedgerBook,
  LedgerQuery,
  LedgerStatus,
} from "./jobs/ledger/ledger.ts";
export { openJobTables } from "./jobs/ledger/tables/open-tables.ts";
export { createLive, type Live } from "./live/live.ts";
export type { LiveOptions, LiveStats } from "./live/live-options.ts";
export { createTail, type Tail, type TailOptions, type TailViewer, type TailWish } from "./live/tail.ts";
export { createOtlpExporter, type OtlpExporter, type OtlpExporterParts, type OtlpStats } from "./otlp/exporter.ts";
export { type OtlpTarget, parseOtlp } from "./otlp/otlp-options.ts";
export { type Pool, poolOf } from "./pool.ts";
export { createExposition, type Exposition, type ExpositionParts } from "./prometheus/exposition.ts";
export { bucketBounds, exposedNames, findExposed, formatBound } from "./prometheus/names.ts";
export { chooseFormat, type ExpositionFormat, takesGzip } from "./prometheus/negotiate.ts";
export type { SqlPlace } from "./sql/place.ts";
export { createLibsqlStore, type LibsqlStore, type LibsqlStoreOptions } from "./store/libsql/libsql-store.ts";
export { createPostgresStore, type PostgresStore, type PostgresStoreOptions } from "./store/postgres/postgres-store.ts";
export type {
  ColumnName,
  ColumnQuery,
  EventQuery,
  HistoryReader,
  SeriesColumns,
  SeriesFilter,
  StoredSeries,
  TierExtent,
} from "./store/reader.ts";
export type { Sample } from "./store/sample.ts";
export {
  openSpooledStore,
  type RemoteStore,
  type SpooledStats,
  type SpooledStore,
  type SpooledStoreOptions,
} from "./store/spool/spooled-store.ts";
export type {
  Store,
  StoreQuery,
  StoreStats,
  TierStats,
} from "./store/store.ts";
export type { StoreEvent } from "./store/store-event.ts";
export { createStoreWriter, type StoreWriter, type StoreWriterOptions, type StoreWriterStats } from "./store/writer.ts";
export {
  type Backup,
  backUp,
  borrowHistory,
  copyHistory,
  type HistoryCopy,
  refuseUsedHistory,
} from "./takeout/history-file.ts";
export { type TakeInOptions, type TakenIn, takeIn } from "./takeout/take-in.ts";
export type { TakeoutStore } from "./takeout/takeout.ts";
export {
  parseTakeout,
  TAKEOUT_FORMATS,
  type TakeoutFormat,
  type TakeoutQuery,
  type TakeoutWords,
} from "./takeout/takeout-query.ts";
export { writeTakeout } from "./takeout/write-takeout.ts";
