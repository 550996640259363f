import { AsyncLocalStorage } from "node:async_hooks";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { findPostgres, type PostgresServer, startPostgres, until } from "@wsight/testkit";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  CONNECTIONS,
  DURATION,
  ERRORS,
  openPool,
  prepare,
  WAIT,
  type Watched,
  watchDatabase,
} from "./database-support.ts";
import { Cursor, QueryStream } from "./pg-cursor.ts";

/** One ping at first, and no more. */
const SELDOM = { mediumIntervalMs: 60_000, slowIntervalMs: 60_000 };
const COUNT = "SELECT generate_series(1, 10) AS n";

describe.skipIf(findPostgres() === null)("a watched pool of pg (needs PostgreSQL)", () => {
  let server: PostgresServer;
  let pool: pg.Pool;
  let watched: Watched;

  beforeAll(async () => {
    server = await startPostgres();
    await prepare(server);
  });
  afterAll(() => server.close());
  afterEach(async () => {
    watched.end();
    if (!pool.ended) await pool.end();
  });
  const watch = (options: pg.PoolConfig = {}): void => {
    pool = openPool(server, options);
    watched = watchDatabase(pool, SELDOM);
  };
  const calls = (name: string): number => watched.histogram(DURATION, { "db.operation.name": name }).count;
  const total = (): number => watched.histogram(DURATION).count;
  const seen = (count: number): Promise<unknown> =>
    until(
      () => {
        expect(total()).toBe(count);
        return true;
      },
      { what: `${count} operations` },
    );
  const withClient = async <T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await pool.connect();
    try {
      return await use(client);
    } finally {
      client.release();
    }
  };
  const answer = (run: (done: (error: unknown, result: { rows: unknown[] }) => void) => void): Promise<unknown> =>
    new Promise((resolve, reject) => run((error, result) => (error ? reject(error) : resolve(result.rows))));

  it("counts each form of query once", async () => {
    watch();
    const one = [{ a: 1 }];
    const sql = "SELECT 1 AS a";
    await withClient(async (client) => {
      expect((await client.query(sql)).rows).toEqual(one);
      expect((await client.query("SELECT $1::int AS a", [1])).rows).toEqual(one);
      expect((await client.query({ text: sql })).rows).toEqual(one);
      expect((await client.query({ name: "one", text: "SELECT $1::int AS a", values: [1] })).rows).toEqual(one);
      expect((await client.query({ name: "one", text: "SELECT $1::int AS a" }, [1])).rows).toEqual(one);
      expect((await client.query({ text: sql, rowMode: "array" })).rows).toEqual([[1]]);
      expect(await answer((done) => client.query(sql, done))).toEqual(one);
      expect(await answer((done) => client.query("SELECT $1::int AS a", [1], done))).toEqual(one);
      expect(await answer((done) => client.query({ text: sql }, done))).toEqual(one);
      expect(await answer((done) => client.query({ text: sql, callback: done } as pg.QueryConfig))).toEqual(one);
      expect(await answer((done) => client.query(new pg.Query(sql, done)))).toEqual(one);
      expect(await answer((done) => Reflect.apply(client.query, client, [new pg.Query(sql), done]))).toEqual(one);
    });
    expect((await pool.query(sql)).rows).toEqual(one);
    expect((await pool.query({ text: "SELECT $1::int AS a", values: [1] })).rows).toEqual(one);
    expect(await answer((done) => pool.query(sql, done))).toEqual(one);
    await seen(15);
    expect(calls("SELECT")).toBe(15);
    expect(watched.histogram(WAIT).count).toBe(4);
    expect(watched.faults()).toEqual([]);
  });

  it("counts a query that emits its rows once, also when its error is heard by a listener only", async () => {
    watch();
    await withClient(async (client) => {
      const query = client.query(new pg.Query(COUNT));
      expect(query.listenerCount("error") + query.listenerCount("end")).toBe(0);
      let rows = 0;
      query.on("row", () => rows++);
      await once(query, "end");
      expect(rows).toBe(10);
      expect(Object.keys(query)).not.toContain("handleError");
      const failing = client.query(new pg.Query("SELECT nonsense"));
      const [error] = (await once(failing, "error")) as [{ code: string }];
      expect(error.code).toBe("42703");
    });
    await seen(2);
    expect(watched.sum(ERRORS, { "error.type": "42703" })).toBe(1);
  });

  it("counts a cursor and a stream once, timed up to the first batch, and an error after it as one", async () => {
    watch();
    await withClient(async (client) => {
      const cursor = client.query(new Cursor(COUNT));
      expect(await cursor.read(4)).toHaveLength(4);
      await new Promise((resolve) => setTimeout(resolve, 300));
      expect(await cursor.read(100)).toHaveLength(6);
      await cursor.close();
      expect(Object.getOwnPropertyNames(cursor)).not.toContain("handleReadyForQuery");

      const rows: unknown[] = [];
      for await (const row of client.query(new QueryStream(COUNT, 3))) rows.push(row);
      expect(rows).toHaveLength(10);

      const failing = client.query(new Cursor("SELECT 10 / (5 - n) FROM generate_series(1, 10) AS n"));
      expect(await failing.read(2)).toHaveLength(2);
      await expect(failing.read(100)).rejects.toMatchObject({ code: "22012" });
      await failing.close();
      expect((await client.query("SELECT 1 AS a")).rows).toEqual([{ a: 1 }]);
    });
    await seen(4);
    expect(watched.histogram(DURATION).sum).toBeLessThan(0.3);
    expect(watched.sum(ERRORS, { "error.type": "22012" })).toBe(1);
  });

  it("measures how long callers wait for a connection, and counts those that give up", async () => {
    watch({ max: 1, connectionTimeoutMillis: 400 });
    const holder = await pool.connect();
    const begin = performance.now();
    const waiting = [pool.query("SELECT 1"), pool.connect(), pool.query("SELECT 2")];
    const after = waiting.slice(0, 2).map((promise) => promise.then(() => (performance.now() - begin) / 1000));
    await until(() => watched.sum("db.client.connection.pending_requests") === 3, { what: "callers that wait" });
    expect(watched.sum(CONNECTIONS, { "db.client.connection.state": "used" })).toBe(1);
    expect(watched.sum(CONNECTIONS, { "db.client.connection.state": "idle" })).toBe(0);
    expect(watched.sum("db.client.connection.max")).toBe(1);
    const before = watched.histogram(WAIT).sum;
    holder.release();
    await after[0];
    const held = (await waiting[1]) as pg.PoolClient;
    await expect(waiting[2]).rejects.toThrow("timeout");
    held.release();
    await until(() => watched.histogram(WAIT).count === 4, { what: "the waits" });
    const [first = 0, second = 0] = await Promise.all(after);
    const waited = watched.histogram(WAIT).sum - before;
    expect(waited).toBeGreaterThan(first + second + 0.4 - 0.05);
    expect(waited).toBeLessThan(first + second + 0.4 + 0.1);
    expect(watched.sum("db.client.connection.timeouts")).toBe(1);
    expect(watched.sum(ERRORS, { "db.operation.name": "SELECT" })).toBe(1);
    await seen(2);
    await until(() => watched.sum("db.client.connection.pending_requests") === 0, { what: "nobody waiting" });
  });

  it("leaves pings out of who waits and what is lent", async () => {
    pool = openPool(server);
    watched = watchDatabase(pool, { intervalMs: 100, mediumIntervalMs: 100 });
    await pool.query("SELECT 1");
    const read: string[] = [];
    const link = { onFrame: () => undefined, close: () => undefined };
    watched.probe.connect({
      ...link,
      send: (message) => {
        if (typeof message === "string") return true;
        const used = watched.sum(CONNECTIONS, { "db.client.connection.state": "used" });
        read.push(`${watched.sum("db.client.connection.pending_requests")} wait, ${used} used`);
        return true;
      },
    });
    await until(() => read.length >= 12, { what: "readings with pings between them" });
    expect(watched.component()).toMatchObject({ state: "up" });
    expect(new Set(read)).toEqual(new Set(["0 wait, 0 used"]));
  });

  it("counts connections that can't be had, under the statement they were for", async () => {
    pool = new pg.Pool({ host: "127.0.0.1", port: 1 });
    watched = watchDatabase(pool);
    await expect(pool.query("DELETE FROM item")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(pool.connect()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const connected = new Promise<unknown>((resolve) => pool.connect((error) => resolve(error)));
    expect(await connected).toMatchObject({ code: "ECONNREFUSED" });
    await seen(3);
    expect(watched.sum(ERRORS, { "db.operation.name": "DELETE", "error.type": "ECONNREFUSED" })).toBe(1);
    expect(watched.sum(ERRORS, { "db.operation.name": "CONNECT", "error.type": "ECONNREFUSED" })).toBe(2);
    await until(() => watched.component().state === "down", { what: "the component" });
  });

  it("sees clients that were there before it, lent or not, and those that run queries as they connect", async () => {
    pool = openPool(server);
    const [lent, idle] = await Promise.all([pool.connect(), pool.connect()]);
    idle.release();
    watched = watchDatabase(pool, SELDOM);
    await until(() => watched.component().latencySeconds !== null, { what: "the first ping" });
    await lent.query("SELECT 1");
    lent.release();
    await withClient((client) => client.query("SELECT 2"));
    pool.removeAllListeners();
    pool.on("error", () => undefined);
    let connects = 0;
    pool.on("connect", (client) => {
      connects++;
      void client.query("SET application_name = app");
    });
    await Promise.all([1, 2, 3].map(() => pool.query("SELECT pg_sleep(0.05)")));
    // One more where a ping had borrowed an idle one just then.
    await seen(5 + connects);
    expect(calls("SET")).toBe(connects);
    expect(connects).toBeGreaterThan(0);
  });

  it("changes nothing that the application can see", async () => {
    watch();
    const bare = openPool(server);
    const clients = await Promise.all([pool.connect(), bare.connect()]);
    const answers: unknown[] = [];
    const kept = (answer: unknown): unknown => {
      answers.push(answer);
      return answer;
    };
    const views = [pool, bare].map((of, i) => {
      const client = clients[i] as pg.PoolClient;
      return {
        keys: Object.keys(of).sort(),
        clientKeys: Object.keys(client).sort(),
        listeners: of.eventNames().map((name) => [name, of.listenerCount(name)]),
        clientListeners: client.eventNames().map((name) => [name, client.listenerCount(name)]),
        arity: [of.query, of.connect, of.emit, of.end, client.query].map(({ length }) => length),
        names: [of.query, of.connect, of.emit, client.query].map(({ name }) => name),
        isPool: of instanceof pg.Pool,
        isClient: client instanceof pg.Client,
        result: kept(client.query("SELECT 1")) instanceof Promise,
        pooled: kept(of.query("SELECT 1")) instanceof Promise,
        undefined: client.query("SELECT 1", () => undefined),
      };
    });
    expect(views[0]).toEqual(views[1]);
    await Promise.all(answers);
    const config = { text: "SELECT $1::int AS a", values: [1] };
    const frozen = Object.freeze({ ...config });
    const [watchedClient] = clients;
    expect((await watchedClient?.query(frozen))?.rows).toEqual([{ a: 1 }]);
    expect(config).toEqual({ text: "SELECT $1::int AS a", values: [1] });
    for (const bad of [null, undefined]) {
      expect(() => watchedClient?.query(bad as never)).toThrow("null or undefined");
    }
    for (const client of clients) client.release();
    expect(() => clients[0]?.release()).toThrow("already been released");
    await bare.end();
  });

  it("keeps the application's context, the stack of its errors, and its unhandled rejections", async () => {
    watch();
    const storage = new AsyncLocalStorage<number>();
    const contexts = await storage.run(7, async () => {
      const client = await pool.connect();
      const inPromise = await client.query("SELECT 1").then(() => storage.getStore());
      client.release();
      return [inPromise, await pool.query("SELECT 1").then(() => storage.getStore())];
    });
    expect(contexts).toEqual([7, 7]);

    async function placeInTheApplication(): Promise<unknown> {
      return await withClient(async (client) => await client.query("SELECT nonsense"));
    }
    const error = (await placeInTheApplication().catch((reason: unknown) => reason)) as Error & { code: string };
    expect(error).toBeInstanceOf(pg.DatabaseError);
    expect(error.stack).toContain("placeInTheApplication");

    const unhandled: unknown[] = [];
    const hear = (reason: unknown): void => {
      unhandled.push(reason);
    };
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
    process.on("unhandledRejection", hear);
    try {
      void withClient(async (client) => {
        void client.query("SELECT nobody_catches_this");
        await client.query("SELECT 1");
      });
      await until(() => unhandled.length > 0, { what: "the rejection" });
      await pool.query("SELECT 1");
      expect(unhandled).toHaveLength(1);
    } finally {
      process.off("unhandledRejection", hear);
      for (const other of others) process.on("unhandledRejection", other);
    }
  });

  it("leaves nothing behind when it is detached, on clients that are lent either", async () => {
    watch();
    const lent = await pool.connect();
    await pool.query("SELECT 1");
    const own = (of: object): string[] =>
      Object.getOwnPropertyNames(of).filter((name) => ["query", "connect", "emit"].includes(name));
    expect([own(pool).length, own(lent).length]).toEqual([3, 1]);
    watched.detach();
    expect([own(pool), own(lent)]).toEqual([[], []]);
    expect((await lent.query("SELECT 1 AS a")).rows).toEqual([{ a: 1 }]);
    lent.release();
  });

  it("does not count its pings, and neither opens nor keeps connections by them", async () => {
    pool = openPool(server, { idleTimeoutMillis: 100 });
    watched = watchDatabase(pool);
    await until(() => watched.component().state === "up", { what: "the first ping" });
    await until(() => pool.totalCount === 0, { what: "no connection" });
    await pool.query("SELECT 1");
    await until(() => pool.totalCount === 0, { what: "the connection to be closed as idle" });
    const all = await Promise.all([1, 2, 3, 4].map(() => pool.connect()));
    const next = pool.connect();
    await until(() => pool.waitingCount === 1, { what: "a caller that waits" });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(pool.waitingCount).toBe(1);
    expect(watched.component().state).toBe("up");
    for (const client of all) client.release();
    (await next).release();
    await seen(1);
  });

  it("lets a process end that has nothing else to do, with its server gone too", async () => {
    watch();
    const script = `
      import pg from "pg";
      import { createProbe } from "@wsight/probe";
      const pool = new pg.Pool({ connectionString: process.argv[1], idleTimeoutMillis: 300 });
      createProbe({ mediumIntervalMs: 100, intervalMs: 100 }).attach(pool);
      if (process.argv[2]) await pool.query("SELECT 1");`;
    const run = async (url: string, used: string): Promise<number> => {
      const begin = performance.now();
      await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script, url, used], {
        cwd: import.meta.dirname,
        timeout: 20_000,
      });
      return performance.now() - begin;
    };
    await run(server.url, "");
    await run(server.url, "used");
    await run("postgres://postgres@127.0.0.1:1/postgres", "");
    await run("postgres://postgres@10.255.255.1:5432/postgres", "");
  });
});
