/** What the demo calls of a client of `ioredis`. */
export interface RedisLike {
  connect(): Promise<unknown>;
  get(key: string): Promise<string | null>;
  set(key: string, value: string, unit: "EX", seconds: number): Promise<unknown>;
  disconnect(): void;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** What the demo calls of a pool of `pg`. */
export interface PoolLike {
  query(text: string, values?: readonly unknown[]): Promise<{ readonly rows: readonly unknown[] }>;
  end(): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** A real cache and a real database, where they are there. */
export interface DemoSources {
  readonly redis: RedisLike | null;
  readonly pool: PoolLike | null;
  /** Safe to call twice. */
  close(): Promise<void>;
}

/** Variables that say where they are. */
const REDIS_VARIABLE = "WSIGHT_DEMO_REDIS";
const POSTGRES_VARIABLE = "WSIGHT_DEMO_POSTGRES";
const CONNECT_MS = 1_500;

/** Hears what is used, and why something is not. */
type OnSource = (text: string) => void;

/**
 * Opens what `WSIGHT_DEMO_REDIS` (`redis://…`) and `WSIGHT_DEMO_POSTGRES`
 * (`postgres://…`) name, if it answers and its client (`ioredis`, `pg`) is
 * installed. Nothing else is ever tried.
 */
export async function openSources(
  environment: Readonly<Record<string, string | undefined>>,
  tell: OnSource,
): Promise<DemoSources> {
  const [redis, pool] = await Promise.all([
    openOne(environment, REDIS_VARIABLE, openRedis, tell),
    openOne(environment, POSTGRES_VARIABLE, openPool, tell),
  ]);
  let closing: Promise<void> | undefined;
  return {
    redis,
    pool,
    close: () => {
      closing ??= (async () => {
        redis?.disconnect();
        await pool?.end();
      })();
      return closing;
    },
  };
}

async function openOne<T>(
  environment: Readonly<Record<string, string | undefined>>,
  variable: string,
  open: (url: string) => Promise<T>,
  tell: OnSource,
): Promise<T | null> {
  const url = environment[variable];
  if (url === undefined || url === "") return null;
  try {
    return await open(url);
  } catch (error) {
    tell(`${variable}: not used, ${error instanceof Error ? error.message || error.name : String(error)}`);
    return null;
  }
}

async function openRedis(url: string): Promise<RedisLike> {
  const Redis = await importClass<RedisLike>("ioredis", "Redis");
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: CONNECT_MS, maxRetriesPerRequest: 1 });
  // What goes wrong is seen on the dashboard; without a listener it would be printed.
  redis.on("error", () => undefined);
  try {
    await redis.connect();
    return redis;
  } catch (error) {
    redis.disconnect();
    throw error;
  }
}

async function openPool(url: string): Promise<PoolLike> {
  const Pool = await importClass<PoolLike>("pg", "Pool");
  const pool = new Pool({ connectionString: url, max: 6, connectionTimeoutMillis: CONNECT_MS });
  pool.on("error", () => undefined);
  try {
    await pool.query("SELECT 1");
    return pool;
  } catch (error) {
    await pool.end();
    throw error;
  }
}

/** A class of a package that need not be installed; wsight itself does without both. */
async function importClass<T>(
  packageName: string,
  className: string,
): Promise<new (...given: readonly unknown[]) => T> {
  const loaded: Readonly<Record<string, unknown>> = await import(packageName);
  const places = [loaded, loaded.default].filter((place) => typeof place === "object" || typeof place === "function");
  for (const place of places) {
    const found = (place as Readonly<Record<string, unknown>> | null)?.[className];
    if (typeof found === "function") return found as unknown as new (...given: readonly unknown[]) => T;
  }
  throw new TypeError(`${packageName} has no ${className}`);
}
