import { NotAskable, PingAnswer } from "../../components.ts";
import { clientsOf, type LentClient, maxOf, type PgClient, type PgPool } from "./pg-like.ts";
import type { PgOperations } from "./pg-operations.ts";
import { PING_SQL } from "./ping-sql.ts";

/** What a pool of `pg` does unless told otherwise, ms. */
const DEFAULT_IDLE_MS = 10_000;
/** How long an answer to the application counts as proof of life, ms. */
const PROOF_MS = 10_000;

/** Pings of a pool, and what they take of it right now: that is not the application's. */
export interface PgPing {
  readonly ping: (signal: AbortSignal) => Promise<PingAnswer>;
  /** Pings that wait for a connection. */
  readonly queued: () => number;
  /** Connections lent to pings. */
  readonly lent: () => number;
}

/**
 * Asks a pool's server `SELECT 1`, without being in anybody's way:
 *
 * - While callers wait, or while all connections are lent, what the server last answered the application is the proof
 *   of life, for 10 s; after that a connection is opened where that is not the last one there may be.
 * - A connection that the pool would have closed by now, were it not for pings, is closed after the ping, and so is
 *   one that was opened for it. So pings keep neither connections nor the process alive.
 */
export function createPgPing(pool: PgPool, operations: PgOperations, hr: () => number): PgPing {
  const mine = { queued: 0, lent: 0 };
  const ping = async (signal: AbortSignal): Promise<PingAnswer> => {
    if (pool.ending === true) throw new NotAskable("the pool has ended");
    const beganAt = hr();
    const isAlive = beganAt - operations.lastAnswerAt() <= PROOF_MS;
    // Of those that are lent one is answered, or another may be opened.
    if (!hasIdle(pool) && (isAlive || !hasPlace(pool))) return proofOfLife(isAlive);
    const isKept = pool.idleCount > 0 && staysOpen(pool, hr() - operations.lastUseAt());
    try {
      const client = await lend(pool, operations, signal, mine);
      return new PingAnswer(await ask(client, { operations, hr, isKept, signal }));
    } catch (error) {
      // A server that takes no more connections still answers those it has.
      if (operations.lastAnswerAt() >= beganAt) return new PingAnswer(null);
      throw error;
    } finally {
      mine.lent = 0;
    }
  };
  return { ping, queued: () => mine.queued, lent: () => mine.lent };
}

/** True when one can be had at once and nobody is about to take it, or when nobody uses any. */
function hasIdle(pool: PgPool): boolean {
  return pool.waitingCount === 0 && (pool.idleCount > 0 || pool.totalCount === 0);
}

/** True when one more can be opened, and one beside it. */
function hasPlace(pool: PgPool): boolean {
  return pool.waitingCount === 0 && pool.totalCount < maxOf(pool) - 1;
}

function proofOfLife(isAlive: boolean): PingAnswer {
  if (isAlive) return new PingAnswer(null);
  throw new NotAskable(`all connections are busy, and none was answered for ${PROOF_MS / 1000} s`);
}

/** True when the pool would keep an idle connection that was last used so long ago. */
function staysOpen({ options, totalCount }: PgPool, idleMs: number): boolean {
  const { idleTimeoutMillis = DEFAULT_IDLE_MS, min } = options;
  if (typeof min === "number" && totalCount <= min) return true;
  return idleTimeoutMillis === 0 || (typeof idleTimeoutMillis === "number" && idleMs < idleTimeoutMillis);
}

/** @param mine is kept up to date with what the ping takes of the pool */
function lend(
  pool: PgPool,
  operations: PgOperations,
  signal: AbortSignal,
  mine: { queued: number; lent: number },
): Promise<LentClient> {
  return new Promise((resolve, reject) => {
    const waiting = pool.waitingCount;
    const known = new Set(clientsOf(pool));
    operations.quietly(() =>
      pool.connect((error: unknown, client: LentClient | undefined) => {
        if (client === undefined || (error !== undefined && error !== null)) reject(error);
        else if (!signal.aborted) resolve(client);
        else {
          client.release(true);
          reject(signal.reason);
        }
      }),
    );
    // The pool hands out an idle connection in the next turn.
    mine.queued = Math.max(0, pool.waitingCount - waiting);
    mine.lent = 1 - mine.queued;
    process.nextTick(() => {
      if (mine.queued > 0) mine.lent = 1;
      mine.queued = 0;
    });
    for (const client of clientsOf(pool)) {
      if (known.has(client)) continue;
      // What the application does with each new connection, it does to this one because of the ping.
      operations.ignore(client);
      letExit(client);
    }
  });
}

/** A connection under way must not hold up a process that has nothing else to do. */
function letExit(client: PgClient): void {
  if (typeof client.unref === "function") client.unref();
}

interface Asking {
  readonly operations: PgOperations;
  readonly hr: () => number;
  /** Whether the connection goes back into the pool. */
  readonly isKept: boolean;
  readonly signal: AbortSignal;
}

/** Round trip of `SELECT 1`, seconds. The connection is given back in any case, once. */
function ask(client: LentClient, { operations, hr, isKept, signal }: Asking): Promise<number> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const end = (error: unknown, settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener("abort", abort);
      client.off("error", lost);
      client.release(error ?? !isKept);
      settle();
    };
    // A server that hangs may not hold the connection.
    const lost = (error: unknown): void => end(error, () => reject(error));
    const abort = (): void => end(new Error("no answer to a ping"), () => reject(signal.reason));
    signal.addEventListener("abort", abort);
    // While it is lent, errors of the connection are the borrower's: without a listener they end the process.
    client.on("error", lost);
    const beganAt = hr();
    operations.quietly(() =>
      client.query(PING_SQL, (error: unknown) =>
        end(error, () => (error ? reject(error) : resolve((hr() - beganAt) / 1000))),
      ),
    );
  });
}
