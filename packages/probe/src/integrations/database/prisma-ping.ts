import { NotAskable, PingAnswer } from "../../components.ts";
import { isPgPool, maxOf, type PgPool } from "./pg-like.ts";
import { PING_SQL } from "./ping-sql.ts";
import type { PrismaClientLike } from "./prisma-like.ts";

/** Connections and idle time of a pool of Prisma's adapter, unless told otherwise. */
const DEFAULT_MAX = 10;
const DEFAULT_IDLE_MS = 10_000;
/** How long an answer to the application counts as proof of life, ms. */
const PROOF_MS = 10_000;
/** A client that nobody uses is asked this seldom, in times the pool keeps an idle connection, and at least so many ms. */
const IDLE_TIMES = 3;
const IDLE_MS = 30_000;

/** What is known of a client's operations, times in ms of the monotonic clock. */
export interface PrismaActivity {
  readonly underWay: () => number;
  readonly lastUseAt: () => number;
  readonly lastAnswerAt: () => number;
}

/**
 * Asks the server of a Prisma client `SELECT 1`, past our extension. Its pool
 * can't be seen unless it was handed to the adapter, so: not before the
 * application used it, since that would open its first connection; not while
 * it may need every connection itself; and seldom while it is idle, so that
 * pings keep neither connections nor the process alive.
 */
export function createPrismaPing(
  client: () => PrismaClientLike,
  activity: PrismaActivity,
  hr: () => number,
): () => Promise<PingAnswer> {
  let pingedAt = Number.NEGATIVE_INFINITY;
  let isUp = false;
  return async () => {
    const now = hr();
    const { adapter } = client()._engineConfig ?? {};
    const pool = isPgPool(adapter?.externalPool) ? (adapter?.externalPool as PgPool) : null;
    const settings = settingsOf(pool, adapter?.config);
    if (activity.lastUseAt() === Number.NEGATIVE_INFINITY) throw new NotAskable("no operation so far");
    if (!hasRoom(pool, activity.underWay(), settings.max)) {
      if (now - activity.lastAnswerAt() <= PROOF_MS) return new PingAnswer(null);
      throw new NotAskable(`all connections are busy, and none was answered for ${PROOF_MS / 1000} s`);
    }
    const isIdle = settings.idleMs > 0 && now - activity.lastUseAt() >= settings.idleMs;
    const restMs = Math.max(IDLE_MS, IDLE_TIMES * settings.idleMs);
    if (isUp && isIdle && now - pingedAt < restMs) return new PingAnswer(null);
    pingedAt = now;
    isUp = false;
    try {
      await client().$queryRawUnsafe(PING_SQL);
      isUp = true;
      return new PingAnswer((hr() - now) / 1000);
    } catch (error) {
      if (activity.lastAnswerAt() >= now) return new PingAnswer(null);
      throw new Error(lastLine(error), { cause: error });
    }
  };
}

interface PoolSettings {
  readonly max: number;
  /** Idle time after which a connection is closed, ms; 0 for never. */
  readonly idleMs: number;
}

function settingsOf(pool: PgPool | null, config: unknown): PoolSettings {
  const { max, idleTimeoutMillis } = (pool?.options ?? Object(config)) as {
    max?: unknown;
    idleTimeoutMillis?: unknown;
  };
  return {
    max: typeof max === "number" ? max : DEFAULT_MAX,
    idleMs: typeof idleTimeoutMillis === "number" ? idleTimeoutMillis : DEFAULT_IDLE_MS,
  };
}

function hasRoom(pool: PgPool | null, underWay: number, max: number): boolean {
  if (pool === null) return underWay < Math.max(1, max - 1);
  if (pool.waitingCount > 0) return false;
  return pool.idleCount > 0 || pool.totalCount === 0 || pool.totalCount < maxOf(pool) - 1;
}

/** Prisma tells in many lines what was called and from where; the last one says why it failed. */
function lastLine(error: unknown): string {
  const { message } = Object(error) as { message?: unknown };
  return typeof message === "string" ? (message.trim().split("\n").at(-1) ?? "failed") : "failed";
}
