import { pause } from "./pause.ts";
import { logNormal, type Random } from "./random.ts";
import type { DemoSources, PoolLike, RedisLike } from "./sources.ts";

const PRODUCTS = 200;
/** Orders that are remembered. */
const MAX_ORDERS = 1000;
/** How long a product stays in the cache, seconds. */
const CACHED_SECONDS = 20;

/** What the shop has, and what was ordered. */
export interface Stock {
  product(id: number): Promise<unknown>;
  products(most: number): Promise<readonly unknown[]>;
  /** Number of the order. */
  order(product: number, amount: number): Promise<number>;
  orderOf(id: number): Promise<unknown>;
  cancel(id: number): Promise<void>;
}

/** Keeps it in PostgreSQL where there is one, else in memory; products through Redis where there is one. */
export async function openStock(sources: DemoSources, random: Random, signal: AbortSignal): Promise<Stock> {
  const stock = sources.pool === null ? createMemoryStock(random, signal) : await openTables(sources.pool);
  return sources.redis === null ? stock : cached(stock, sources.redis);
}

function nameOf(id: number): string {
  return `Thing ${id}`;
}

function createMemoryStock(random: Random, signal: AbortSignal): Stock {
  const orders = new Map<number, object>();
  let newest = 0;
  const slowly = (medianMs: number): Promise<boolean> => pause(logNormal(random, medianMs, 0.5), signal);
  return {
    async product(id) {
      await slowly(3);
      return id >= 1 && id <= PRODUCTS ? { id, name: nameOf(id) } : null;
    },
    async products(most) {
      await slowly(6);
      return Array.from({ length: most }, (_, i) => ({ id: i + 1, name: nameOf(i + 1) }));
    },
    async order(product, amount) {
      await slowly(12);
      const id = ++newest;
      orders.set(id, { id, product, amount });
      orders.delete(id - MAX_ORDERS);
      return id;
    },
    async orderOf(id) {
      await slowly(3);
      return orders.get(id) ?? null;
    },
    async cancel(id) {
      await slowly(5);
      orders.delete(id);
    },
  };
}

async function openTables(pool: PoolLike): Promise<Stock> {
  await pool.query("CREATE TABLE IF NOT EXISTS wsight_demo_products (id integer PRIMARY KEY, name text NOT NULL)");
  await pool.query(
    "CREATE TABLE IF NOT EXISTS wsight_demo_orders (id bigserial PRIMARY KEY, product integer NOT NULL, amount integer NOT NULL)",
  );
  await pool.query(
    "INSERT INTO wsight_demo_products SELECT n, 'Thing ' || n FROM generate_series(1, $1::integer) AS n ON CONFLICT DO NOTHING",
    [PRODUCTS],
  );
  const first = async (text: string, values: readonly unknown[]): Promise<unknown> =>
    (await pool.query(text, values)).rows[0] ?? null;
  return {
    product: (id) => first("SELECT id, name FROM wsight_demo_products WHERE id = $1", [id]),
    async products(most) {
      return (await pool.query("SELECT id, name FROM wsight_demo_products ORDER BY id LIMIT $1", [most])).rows;
    },
    async order(product, amount) {
      const row = await first("INSERT INTO wsight_demo_orders (product, amount) VALUES ($1, $2) RETURNING id", [
        product,
        amount,
      ]);
      const id = typeof row === "object" && row !== null && "id" in row ? Number(row.id) : 0;
      if (id % 50 === 0) await pool.query("DELETE FROM wsight_demo_orders WHERE id < $1", [id - MAX_ORDERS]);
      return id;
    },
    orderOf: (id) => first("SELECT id, product, amount FROM wsight_demo_orders WHERE id = $1", [id]),
    async cancel(id) {
      await pool.query("DELETE FROM wsight_demo_orders WHERE id = $1", [id]);
    },
  };
}

/** A cache that is down must not stop the shop. */
function cached(stock: Stock, redis: RedisLike): Stock {
  return {
    ...stock,
    async product(id) {
      const key = `wsight-demo:product:${id}`;
      const known = await redis.get(key).catch(() => null);
      if (known !== null) return JSON.parse(known) as unknown;
      const product = await stock.product(id);
      if (product !== null) await redis.set(key, JSON.stringify(product), "EX", CACHED_SECONDS).catch(() => undefined);
      return product;
    },
  };
}
