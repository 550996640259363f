import type { Selector } from "@wsight/protocol";
import type { ColorToken } from "../../charts/palette.ts";

/** Looked back over for what is too seldom to be seen in a second, s. */
const SMOOTH = 10;
const MINUTE = 60;

type Where = NonNullable<Selector["where"]>;

function of(metric: string, agg: Selector["agg"], where: Where, window?: number): Selector {
  return {
    metric,
    agg,
    ...(Object.keys(where).length === 0 ? {} : { where }),
    ...(window === undefined ? {} : { window }),
  };
}

const OPERATION = "db.client.operation.duration";

/** Operations of the clients of a database or cache. */
export interface OperationSelectors {
  readonly all: Selector;
  readonly read: Selector;
  readonly write: Selector;
  readonly other: Selector;
  readonly errors: Selector;
  readonly p50: Selector;
  readonly p95: Selector;
  readonly p99: Selector;
  readonly p50Minute: Selector;
  readonly p95Minute: Selector;
  readonly p99Minute: Selector;
  readonly readP95: Selector;
  readonly writeP95: Selector;
  readonly readP95Minute: Selector;
  readonly writeP95Minute: Selector;
}

function operations(where: Where): OperationSelectors {
  const kind = (name: string): Where => ({ ...where, "db.operation.kind": name });
  return {
    all: of(OPERATION, "rate", where),
    read: of(OPERATION, "rate", kind("read")),
    write: of(OPERATION, "rate", kind("write")),
    other: of(OPERATION, "rate", kind("other")),
    errors: of("db.client.operation.errors", "rate", where),
    p50: of(OPERATION, "p50", where),
    p95: of(OPERATION, "p95", where),
    p99: of(OPERATION, "p99", where),
    p50Minute: of(OPERATION, "p50", where, MINUTE),
    p95Minute: of(OPERATION, "p95", where, MINUTE),
    p99Minute: of(OPERATION, "p99", where, MINUTE),
    readP95: of(OPERATION, "p95", kind("read")),
    writeP95: of(OPERATION, "p95", kind("write")),
    readP95Minute: of(OPERATION, "p95", kind("read"), MINUTE),
    writeP95Minute: of(OPERATION, "p95", kind("write"), MINUTE),
  };
}

/** Series of the databases, or of one of them. */
export interface DatabaseSelectors extends OperationSelectors {
  readonly used: Selector;
  readonly idle: Selector;
  readonly waiting: Selector;
  readonly max: Selector;
  readonly waitP95: Selector;
  readonly timeouts: Selector;
}

/** @param client one of them, `null` for all of PostgreSQL: what a client above a watched pool does is among those of the pool */
export function databaseSelectors(client: string | null): DatabaseSelectors {
  const pool: Where = client === null ? {} : { "db.client.connection.pool.name": client };
  const state = (name: string): Where => ({ ...pool, "db.client.connection.state": name });
  return {
    ...operations(client === null ? { "db.system.name": "postgresql" } : { "db.client": client }),
    used: of("db.client.connection.count", "last", state("used")),
    idle: of("db.client.connection.count", "last", state("idle")),
    waiting: of("db.client.connection.pending_requests", "last", pool),
    max: of("db.client.connection.max", "last", pool),
    waitP95: of("db.client.connection.wait_time", "p95", pool, MINUTE),
    timeouts: of("db.client.connection.timeouts", "rate", pool),
  };
}

/** Series of the caches, or of one of them. */
export interface CacheSelectors extends OperationSelectors {
  readonly hits: Selector;
  readonly misses: Selector;
  readonly hitsNow: Selector;
  readonly missesNow: Selector;
  readonly serverHits: Selector;
  readonly serverMisses: Selector;
  readonly keys: Selector;
  readonly memory: Selector;
  readonly maxMemory: Selector;
  readonly evicted: Selector;
  readonly expired: Selector;
  readonly clients: Selector;
}

/** @param client one of them, `null` for all */
export function cacheSelectors(client: string | null): CacheSelectors {
  const own: Where = client === null ? {} : { "db.client": client };
  return {
    ...operations({ "db.system.name": "redis", ...own }),
    hits: of("redis.cache.hits", "rate", own, SMOOTH),
    misses: of("redis.cache.misses", "rate", own, SMOOTH),
    hitsNow: of("redis.cache.hits", "rate", own),
    missesNow: of("redis.cache.misses", "rate", own),
    serverHits: of("redis.keyspace.hits", "rate", own, MINUTE),
    serverMisses: of("redis.keyspace.misses", "rate", own, MINUTE),
    keys: of("redis.db.keys", "last", own),
    memory: of("redis.memory.used", "last", own),
    maxMemory: of("redis.maxmemory", "last", own),
    evicted: of("redis.keys.evicted", "rate", own, MINUTE),
    expired: of("redis.keys.expired", "rate", own, MINUTE),
    clients: of("redis.clients.connected", "last", own),
  };
}

const REQUEST = "http.server.request.duration";

/** A class of status codes, and the codes of it that servers answer with. */
interface StatusClass {
  readonly label: string;
  readonly color: ColorToken;
  readonly codes: readonly number[];
}

/** The codes in use; one that is not here counts as other. Class by class, for a selector takes whole codes. */
export const STATUS_CLASSES: readonly StatusClass[] = [
  { label: "2xx", color: "c2", codes: [200, 201, 202, 203, 204, 205, 206, 207] },
  { label: "3xx", color: "c1", codes: [300, 301, 302, 303, 304, 307, 308] },
  {
    label: "4xx",
    color: "c5",
    codes: [
      400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 424,
      425, 426, 428, 429, 431, 451, 499,
    ],
  },
  { label: "5xx", color: "c3", codes: [500, 501, 502, 503, 504, 505, 507, 508, 511] },
];

/** Methods that are told apart. */
const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "CONNECT", "TRACE", "_OTHER"] as const;

/** Series of the HTTP servers, or of one of them. */
export interface NetworkSelectors {
  readonly all: Selector;
  readonly p50: Selector;
  readonly p95: Selector;
  readonly p99: Selector;
  readonly p50Minute: Selector;
  readonly p95Minute: Selector;
  readonly p99Minute: Selector;
  readonly active: Selector;
  readonly connections: Selector;
  readonly aborted: Selector;
  readonly bytesIn: Selector;
  readonly bytesOut: Selector;
  /** One list for each of {@link STATUS_CLASSES}. */
  readonly codes: readonly (readonly Selector[])[];
  readonly methods: readonly { readonly method: string; readonly rate: Selector }[];
}

/** @param server one of them, `null` for all */
export function networkSelectors(server: string | null): NetworkSelectors {
  const own: Where = server === null ? {} : { "http.server": server };
  const io = (direction: string) => of("http.server.io", "rate", { ...own, "network.io.direction": direction });
  return {
    all: of(REQUEST, "rate", own),
    p50: of(REQUEST, "p50", own),
    p95: of(REQUEST, "p95", own),
    p99: of(REQUEST, "p99", own),
    p50Minute: of(REQUEST, "p50", own, MINUTE),
    p95Minute: of(REQUEST, "p95", own, MINUTE),
    p99Minute: of(REQUEST, "p99", own, MINUTE),
    active: of("http.server.active_requests", "last", own),
    connections: of("http.server.active_connections", "last", own),
    aborted: of("http.server.aborted_requests", "rate", own),
    bytesIn: io("receive"),
    bytesOut: io("transmit"),
    codes: STATUS_CLASSES.map((status) =>
      status.codes.map((code) => of(REQUEST, "rate", { ...own, "http.response.status_code": String(code) })),
    ),
    methods: METHODS.map((method) => ({
      method,
      rate: of(REQUEST, "rate", { ...own, "http.request.method": method }, MINUTE),
    })),
  };
}
