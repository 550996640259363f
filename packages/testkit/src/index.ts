export {
  ALERT_START_AT,
  EMPTY_COMMIT,
  sampleDraft,
  sampleEpisode,
  sampleNotice,
  sampleRule,
  sampleSilence,
  sampleState,
} from "./alert-samples.ts";
export { type AlertTablesContract, alertTablesContract } from "./alert-tables-contract.ts";
export {
  type CacheClient,
  type CacheCommand,
  type CacheVariant,
  type CacheWatch,
  cacheContract,
  type WatchCache,
} from "./cache-contract.ts";
export { CHROMIUM_ARGS, findChromium } from "./chromium.ts";
export { everything, readAll } from "./contract-rig.ts";
export {
  appendUntilKilled,
  CONTRACT_INTERVAL_MS,
  CONTRACT_METRICS,
  CONTRACT_SERIES,
  CONTRACT_START_AT,
  CRASH_BATCH,
  contractEvents,
  contractSample,
  contractSamples,
  steadySamples,
} from "./contract-samples.ts";
export { putTogether, sorted, TIER_STEPS } from "./contract-tiers.ts";
export {
  CONTRACT_TABLE,
  type DatabaseClient,
  type DatabaseVariant,
  type DatabaseWatch,
  databaseContract,
  type WatchDatabase,
} from "./database-contract.ts";
export { freePort } from "./free-port.ts";
export { createHandClock, type HandClock } from "./hand-clock.ts";
export { createHttpClient, type HttpAnswer, type HttpClient, type HttpQuestion } from "./http-client.ts";
export {
  contractReplies,
  type HttpFigures,
  type HttpRoutes,
  type HttpSubject,
  type HttpVariant,
  httpContract,
  inContext,
} from "./http-contract.ts";
export { isRunning } from "./is-running.ts";
export { type JobLedgerContract, jobLedgerContract } from "./job-ledger-contract.ts";
export { ALL_ENDED, EMPTY_BATCH, endedJob, fullJob, JOBS_START_AT, sampleJob } from "./job-samples.ts";
export { findMailServer, type MailServer, startMailServer } from "./mail-server.ts";
export { findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export {
  checkMetrics,
  findPrometheus,
  type PrometheusSample,
  type PrometheusServer,
  type PrometheusSetup,
  startPrometheus,
} from "./prometheus-server.ts";
export type { ReceivedMail } from "./received-mail.ts";
export { findRedis, type RedisServer, startRedis } from "./redis-server.ts";
export { askRedis, type RedisPlace, type RespReply } from "./resp.ts";
export {
  SMTP_MOODS,
  type SmtpMood,
  type SmtpServerOfTest,
  type SmtpServerOptions,
  startSmtpServer,
} from "./smtp-server.ts";
export { type StoreContract, storeContract } from "./store-contract.ts";
export { type UntilOptions, until } from "./until.ts";
export { startUpstash, type UpstashServer, type UpstashServerOptions } from "./upstash-server.ts";
export {
  type ReceivedPost,
  type ReceiverReply,
  startWebhookReceiver,
  type WebhookReceiver,
} from "./webhook-receiver.ts";
