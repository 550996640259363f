import { setTimeout as wait } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { ClientWatch } from "./client-watch.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { askRedis, type RespReply } from "./resp.ts";
import { until } from "./until.ts";

/** One command: its name in capitals, then its arguments. */
export type CacheCommand = readonly string[];

/** A connected client, driven the way its library is used. */
export interface CacheClient {
  /** What is given to the probe. */
  readonly target: object;
  readonly command: (command: CacheCommand) => Promise<unknown>;
  readonly pipeline: (commands: readonly CacheCommand[]) => Promise<unknown>;
  readonly transaction: (commands: readonly CacheCommand[]) => Promise<unknown>;
  readonly close: () => Promise<void> | void;
}

/** How a library takes part in the contract. */
export interface CacheVariant {
  readonly library: string;
  readonly open: (
    server: RedisServer,
    as?: { readonly user: string; readonly password: string },
  ) => Promise<CacheClient>;
  /** Whether `MULTI` and `EXEC` are commands of the client, or it sends a transaction as one request. */
  readonly transactionsAreCommands: boolean;
}

/** What a probe told of one client of a cache. */
export interface CacheWatch extends ClientWatch {
  readonly labels: (metric: string, label: string) => ReadonlySet<string>;
  readonly finding: () => { readonly state: string; readonly notes: readonly string[] };
}

/** Watches a client under the name `cache`, with short intervals: 50 ms fast, 200 ms medium and slow. */
export type WatchCache = (target: object) => CacheWatch;

const KEY = "tenant-4711-key";
const VALUE = "tenant-4711-value";
const ABSENT = "tenant-4711-absent";
const HASH = "tenant-4711-hash";

/** A mix with a known outcome; what fails does so each time it is tried. */
const MIX: readonly CacheCommand[] = [
  ["SET", KEY, VALUE],
  ["GET", KEY],
  ["GET", ABSENT],
  ["MGET", KEY, ABSENT, KEY],
  ["HSET", HASH, "field", VALUE],
  ["HGET", HASH, "field"],
  ["HGET", HASH, "none"],
  ["HMGET", HASH, "field", "none"],
  ["HGETALL", HASH],
  ["HGETALL", ABSENT],
  ["EXISTS", KEY, ABSENT],
  ["INCR", HASH],
  ["INCR", HASH],
  ["EVALSHA", "e0e1f9fabfc9d4800c877a703b823ac0578ff8db", "0"],
  ["GETDEL", KEY],
];
const MIX_HITS = 1 + 2 + 1 + 1 + 1 + 1 + 1;
const MIX_MISSES = 1 + 1 + 1 + 1 + 1 + 1;
const OPERATIONS = { "db.system.name": "redis", "db.client": "cache" };

/** What every client of a Redis promises when it is watched, as tests. Call it at the top level of a test file. */
export function cacheContract({ library, open, transactionsAreCommands }: CacheVariant, watchCache: WatchCache): void {
  describe(`${library} keeps the cache contract`, () => {
    let server: RedisServer;
    let client: CacheClient;
    let watch: CacheWatch;

    beforeAll(async () => {
      server = await startRedis({ maxmemory: "6mb", "maxmemory-policy": "allkeys-lru" });
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      await ask(server, ["FLUSHALL"]);
      client = await open(server);
      watch = watchCache(client.target);
      await until(() => watch.component().state === "up", { what: "the first ping" });
    });
    afterEach(async () => {
      server.thaw();
      watch.end();
      await client.close();
    });
    const calls = (command: string): number =>
      watch.histogram("db.client.operation.duration", { ...OPERATIONS, "db.operation.name": command }).count;
    const errors = (command: string, type: string): number =>
      watch.sum("db.client.operation.errors", { ...OPERATIONS, "db.operation.name": command, "error.type": type });
    const hits = (): number => watch.sum("redis.cache.hits", { "db.client": "cache" });
    const misses = (): number => watch.sum("redis.cache.misses", { "db.client": "cache" });
    const run = async (commands: readonly CacheCommand[]): Promise<void> => {
      for (const command of commands) await client.command(command).catch(() => undefined);
    };
    const settled = (what: string, check: () => void): Promise<unknown> =>
      until(
        () => {
          check();
          return true;
        },
        { what, timeoutMs: 3000 },
      );

    it("counts a known mix exactly, by command and kind, retried errors each time, and says what was found", async () => {
      await run(MIX);
      const expected = count(MIX.map(([name]) => name ?? ""));
      await settled("the mix", () => {
        for (const [name, times] of Object.entries(expected)) expect([name, calls(name)]).toEqual([name, times]);
        expect([hits(), misses()]).toEqual([MIX_HITS, MIX_MISSES]);
        expect([errors("INCR", "WRONGTYPE"), errors("EVALSHA", "NOSCRIPT")]).toEqual([2, 1]);
        const kind = (of: string): number =>
          watch.histogram("db.client.operation.duration", { "db.operation.kind": of }).count;
        expect([kind("read"), kind("write"), kind("other")]).toEqual([9, 5, 1]);
      });
    });

    it("counts pipelines and transactions by their commands, those beside one that fails included", async () => {
      const commands = [
        ["SET", KEY, VALUE],
        ["GET", KEY],
        ["INCR", HASH],
        ["GET", ABSENT],
      ];
      await run([["HSET", HASH, "field", VALUE]]);
      await client.pipeline(commands).catch(() => undefined);
      await client.transaction(commands).catch(() => undefined);
      await client.transaction([
        ["GET", KEY],
        ["MGET", ABSENT, KEY],
      ]);
      await settled("pipelines", () => {
        expect([calls("SET"), calls("GET"), calls("INCR"), calls("MGET")]).toEqual([2, 5, 2, 1]);
        expect([hits(), misses()]).toEqual([4, 3]);
        expect(errors("INCR", "WRONGTYPE")).toBe(2);
        expect(calls("EXEC")).toBe(transactionsAreCommands ? 2 : 0);
      });
    });

    it("counts every one of many calls, though few of them are timed", async () => {
      await run([["SET", KEY, VALUE]]);
      for (let batch = 0; batch < 20; batch++) {
        const commands = Array.from({ length: 200 }, (_, i) => ["GET", i % 4 === 0 ? KEY : ABSENT]);
        await client.pipeline(commands);
        await wait(10);
      }
      await settled("4000 calls", () => expect([calls("GET"), hits(), misses()]).toEqual([4000, 1000, 3000]));
      const counted = /cmdstat_get:calls=(\d+)/.exec(String(await ask(server, ["INFO", "commandstats"])))?.[1];
      expect(Number(counted)).toBeGreaterThanOrEqual(4000);
    });

    it("measures the time that a clock beside it measures", async () => {
      server.freeze();
      const begin = performance.now();
      const answer = client.command(["GET", KEY]);
      await wait(400);
      server.thaw();
      await answer;
      const seconds = (performance.now() - begin) / 1000;
      await settled("the slow call", () => expect(calls("GET")).toBe(1));
      const { sum } = watch.histogram("db.client.operation.duration", { "db.operation.name": "GET" });
      expect(Math.abs(sum - seconds)).toBeLessThan(0.05);
    });

    it("says that a frozen server is down, asks it once meanwhile, and says when it is back", async () => {
      await ask(server, ["CONFIG", "RESETSTAT"]);
      server.freeze();
      await until(() => watch.component().state === "down", { what: "the component to be down", timeoutMs: 6000 });
      expect(watch.component().error).toBe("no answer within 2 s");
      expect(watch.sum("wsight.component.up", { "component.name": "cache" })).toBe(0);
      await wait(500);
      server.thaw();
      await until(() => watch.component().state === "up", { what: "the component to be up again" });
      const pings = /cmdstat_ping:calls=(\d+)/.exec(String(await ask(server, ["INFO", "commandstats"])))?.[1];
      // At 200 ms each, 2.5 s would have been 12.
      expect(Number(pings ?? 0)).toBeLessThan(6);
      await settled("a ping of usual length", () => expect(watch.component().latencySeconds).toBeLessThan(0.5));
    });

    it("goes on counting when the server was stopped and started under load, and tells the errors meanwhile", async () => {
      let isLoaded = true;
      const load = (async () => {
        while (isLoaded) {
          void client.command(["GET", KEY]).catch(() => undefined);
          await wait(10);
        }
      })();
      await until(() => calls("GET") > 0, { what: "the load" });
      await server.stop();
      await until(() => watch.component().state === "down", { what: "the component to be down", timeoutMs: 6000 });
      const error = watch.component().error ?? "";
      expect(error).not.toBe("");
      await server.start();
      await until(() => watch.component().state === "up", { what: "the component to be up", timeoutMs: 8000 });
      isLoaded = false;
      await load;
      await client.command(["GET", KEY]);
      await settled("calls after", () => expect(calls("GET")).toBeGreaterThan(1));
    });

    it("tells the server's own figures from the first reading on, evictions included", async () => {
      await settled("figures", () => expect(watch.sum("redis.maxmemory")).toBe(6 * 1024 * 1024));
      const before = statsOf(await ask(server, ["INFO"]));
      const filler = "x".repeat(10_000);
      for (let batch = 0; batch < 10; batch++)
        await client.pipeline(Array.from({ length: 100 }, (_, i) => ["SET", `filler-${batch}-${i}`, filler]));
      const after = statsOf(await ask(server, ["INFO"]));
      expect(after.evicted_keys).toBeGreaterThan(before.evicted_keys);
      await settled("evictions", () => {
        // A server that is full may evict another few for who asks it.
        const further = watch.sum("redis.keys.evicted") - (after.evicted_keys - before.evicted_keys);
        expect(further).toBeGreaterThanOrEqual(0);
        expect(further).toBeLessThan(10);
        expect(watch.sum("redis.db.keys")).toBe(after.keys - further);
        expect(watch.sum("redis.memory.used")).toBeGreaterThan(1024 * 1024);
        expect(watch.sum("redis.clients.connected")).toBeGreaterThanOrEqual(1);
        expect(watch.sum("redis.uptime")).toBeGreaterThanOrEqual(0);
        expect(watch.sum("redis.commands.processed")).toBeGreaterThan(1000);
      });
      expect(calls("INFO") + calls("PING")).toBe(0);
    });

    it("says that INFO is refused, and has no figures then", async () => {
      await ask(server, ["ACL", "SETUSER", "guest", "on", ">guest", "~*", "&*", "+@all", "-info"]);
      const guest = await open(server, { user: "guest", password: "guest" });
      const guarded = watchCache(guest.target);
      try {
        await until(() => guarded.finding().state === "partial", { what: "the refusal" });
        expect(guarded.finding().notes.join()).toMatch(/INFO is refused/);
        expect(guarded.sum("redis.db.keys")).toBeNaN();
        expect(guarded.labels("redis.keyspace.hits", "db.client").size).toBe(0);
        await guest.command(["SET", KEY, VALUE]);
        await until(() => guarded.histogram("db.client.operation.duration").count === 1, { what: "the call" });
      } finally {
        guarded.end();
        await guest.close();
      }
    });

    it("lets neither keys nor values nor what scripts reply with leave the process", async () => {
      await run(MIX);
      await run([
        ["EVAL", `return redis.error_reply('TENANT4711 ${KEY} is wrong')`, "0"],
        ["LPUSH", HASH, VALUE],
      ]);
      await client
        .pipeline([
          ["INCR", HASH],
          ["GET", KEY],
        ])
        .catch(() => undefined);
      await settled("the error", () => expect(errors("EVAL", "_other")).toBe(1));
      expect(watch.told()).toContain("redis.cache.hits");
      expect(watch.told().toLowerCase()).not.toContain("tenant");
    });

    it("counts nothing once it is detached, and the client works as before", async () => {
      await run([["SET", KEY, VALUE]]);
      await settled("the call", () => expect(calls("SET")).toBe(1));
      const told = watch.told().length;
      watch.detach();
      expect(await client.command(["GET", KEY])).toBe(VALUE);
      await client.pipeline([["GET", KEY]]);
      await until(() => watch.told().length > told, { what: "another snapshot" });
      expect(calls("GET")).toBe(0);
    });
  });
}

async function ask(server: RedisServer, command: CacheCommand): Promise<RespReply> {
  const [reply] = await askRedis(server, [command]);
  if (reply instanceof Error) throw reply;
  return reply ?? null;
}

function statsOf(info: RespReply): { evicted_keys: number; keys: number } {
  const field = (pattern: RegExp): number => Number(pattern.exec(String(info))?.[1] ?? 0);
  return { evicted_keys: field(/evicted_keys:(\d+)/), keys: field(/db0:keys=(\d+)/) };
}

function count(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
