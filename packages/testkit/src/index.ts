export { CHROMIUM_ARGS, findChromium } from "./chromium.ts";
export {
  appendUntilKilled,
  CONTRACT_INTERVAL_MS,
  CONTRACT_METRICS,
  CONTRACT_START_AT,
  CRASH_BATCH,
  contractSample,
  contractSamples,
} from "./contract-samples.ts";
export { createHandClock, type HandClock } from "./hand-clock.ts";
export { findPostgres, type PostgresServer, startPostgres } from "./postgres-server.ts";
export { findRedis, type RedisServer, startRedis } from "./redis-server.ts";
export { type StoreContract, storeContract } from "./store-contract.ts";
export { type UntilOptions, until } from "./until.ts";
