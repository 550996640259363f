import { execFile } from "node:child_process";
import { tmpdir } from "node:os";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Redis as Upstash } from "@upstash/redis";
import { createProbe } from "@wsight/probe";
import { askRedis, findRedis, freePort, type RedisServer, startRedis, startUpstash, until } from "@wsight/testkit";
import { Cluster, Command, Redis } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createClient } from "redis";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { watchCache } from "./cache-support.ts";
import { createRecordingLink } from "./recording-link.ts";

const HOST = fileURLToPath(new URL("./fixtures/cache-host.mjs", import.meta.url));

interface Run {
  readonly status: number;
  readonly out: string;
  readonly failure: string;
  readonly ms: number;
}

async function runHost(library: string, watched: boolean, port: number, scene: string): Promise<Run> {
  const begin = performance.now();
  return new Promise((resolve) => {
    const args = [HOST, library, watched ? "watched" : "bare", String(port), scene];
    execFile(process.execPath, args, (error, stdout, stderr) => {
      const failure = /Unhandled error event|Unhandled 'error' event|ECONNREFUSED/.exec(stderr)?.[0] ?? "";
      resolve({ status: Number(error?.code ?? 0), out: stdout, failure, ms: performance.now() - begin });
    });
  });
}

describe.skipIf(findRedis() === null)("a watched client of a cache (needs redis-server)", () => {
  let server: RedisServer;
  const ends: (() => unknown)[] = [];
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
    await askRedis(server, [["FLUSHALL"]]);
  });
  const open = (options: object = {}): Redis => {
    const client = new Redis({ port: server.port, ...options });
    client.on("error", () => undefined);
    ends.push(() => client.disconnect());
    return client;
  };
  const openNodeRedis = async () => {
    const client = createClient({ url: server.url });
    client.on("error", () => undefined);
    await client.connect();
    ends.push(() => client.destroy());
    return client;
  };
  const watch = (target: object): ReturnType<typeof watchCache> => {
    const watched = watchCache(target);
    ends.push(() => watched.end());
    return watched;
  };
  const calls = (watched: ReturnType<typeof watchCache>, name: string): number =>
    watched.histogram("db.client.operation.duration", { "db.operation.name": name }).count;

  it.each(["ioredis", "redis"])(
    "%s: replies, errors, unhandled rejections, context and end are as without",
    async (library) => {
      const [bare, watched] = [
        await runHost(library, false, server.port, "work"),
        await runHost(library, true, server.port, "work"),
      ];
      expect(bare.out).toMatch(/unhandled/);
      expect(watched.out).toBe(bare.out);
      expect(watched.status).toBe(bare.status);
    },
  );

  it.each(["ioredis", "redis"])("%s: without a listener for errors fails as loudly as before", async (library) => {
    const port = await freePort();
    const [bare, watched] = [
      await runHost(library, false, port, "unreachable"),
      await runHost(library, true, port, "unreachable"),
    ];
    expect(watched).toEqual({ ...bare, ms: expect.any(Number) });
    expect(bare.out + bare.failure).toMatch(/rejected|Unhandled/);
  });

  it.each(["ioredis", "redis"])("%s: does not keep a process that has nothing to do", async (library) => {
    expect((await runHost(library, true, server.port, "idle")).ms).toBeLessThan(5000);
  });

  it("is put back as it was when it is detached", async () => {
    const client = open();
    const before = Reflect.ownKeys(client);
    const watched = watch(client);
    expect(Reflect.ownKeys(client)).not.toEqual(before);
    watched.detach();
    expect(Reflect.ownKeys(client).filter((key) => !before.includes(key) && key !== "stream")).toEqual([]);
    const other = await openNodeRedis();
    const queue = (other as unknown as { _getQueue(): object })._getQueue();
    const keys = Reflect.ownKeys(queue);
    watch(other).detach();
    expect(Reflect.ownKeys(queue)).toEqual(keys);
  });

  it("counts once however often and through whichever of its faces it is attached", async () => {
    const client = await openNodeRedis();
    const first = watch(client);
    const second = watch(client.withTypeMapping({}));
    await client.get("absent");
    await until(() => calls(first, "GET") === 1, { what: "the call" });
    expect(calls(second, "GET")).toBe(0);
    expect(second.finding().notes.join()).toMatch(/watched already/);
  });

  it.each(["ioredis", "redis"] as const)(
    "%s: counts once though something else stands before and behind the watch, and nothing once detached",
    async (library) => {
      const client = library === "ioredis" ? open() : await openNodeRedis();
      const [target, key] =
        client instanceof Redis
          ? [client, "sendCommand"]
          : [(client as unknown as { _getQueue(): object })._getQueue(), "addCommand"];
      const standIn = (): void => {
        const behind = Reflect.get(target, key) as (...args: unknown[]) => unknown;
        Reflect.set(target, key, function (this: unknown, ...args: unknown[]): unknown {
          return Reflect.apply(behind, this, args);
        });
      };
      const probe = createProbe({ intervalMs: 100 });
      ends.push(() => probe.close());
      const link = createRecordingLink();
      probe.connect(link);
      const gets = (): number => link.histogram("db.client.operation.duration", { "db.operation.name": "GET" }).count;
      standIn();
      const first = probe.attach(client);
      standIn();
      await client.get("absent");
      first.detach();
      for (let i = 0; i < 5; i++) await client.get("absent");
      probe.attach(client);
      for (let i = 0; i < 10; i++) await client.get("absent");
      await until(() => gets() >= 11, { what: "the calls while attached" });
      const { length } = link.seqs;
      await until(() => link.seqs.length > length + 1, { what: "what is told after them" });
      expect(gets()).toBe(11);
    },
  );

  it("takes a command's name from the bytes of that call, also where they were those of another before", async () => {
    const client = await openNodeRedis();
    const watched = watch(client);
    const name = Buffer.from("GET");
    await client.sendCommand([name, "absent"] as never);
    name.write("DEL");
    await client.sendCommand([name, "absent"] as never);
    await until(() => calls(watched, "DEL") === 1, { what: "the second call" });
    expect(calls(watched, "GET")).toBe(1);
  });

  it("lets a command that nothing can be put on fail or work as it would", async () => {
    const client = open();
    const watched = watch(client);
    const plain = new Command("get", ["absent"]);
    const sent = { name: "get", args: [], resolve: () => "resolved", reject: () => "rejected" };
    // What stands behind is the client's own, which can't do with it either: its error is the one to see.
    expect(() => client.sendCommand(Object.freeze(sent) as never)).toThrow(/setReplyContext|not a function/);
    await client.sendCommand(plain);
    await until(() => calls(watched, "GET") === 1, { what: "the call that can be seen" });
  });

  it("takes whatever stands in for Upstash's requests as the application does", async () => {
    const client = new Upstash({ url: "http://127.0.0.1:1", token: "t", enableTelemetry: false });
    const inner = (client as unknown as { client: { request: (request: unknown) => unknown } }).client;
    inner.request = () => ({ result: "at once" });
    watch(client);
    expect(inner.request({ body: ["get", "key"] })).toEqual({ result: "at once" });
    expect(inner.request({ body: [["get", "key"], null] })).toEqual({ result: "at once" });
  });

  it("counts what ioredis pipelines by itself, and replies as bytes, with a prefix of keys", async () => {
    const client = open({ enableAutoPipelining: true, keyPrefix: "app:" });
    const watched = watch(client);
    await client.set("key", "value");
    await Promise.all([client.get("key"), client.getBuffer("key"), client.get("absent"), client.call("get", "key")]);
    await until(() => calls(watched, "GET") === 4, { what: "four calls" });
    expect([watched.sum("redis.cache.hits"), watched.sum("redis.cache.misses")]).toEqual([3, 1]);
    await until(() => watched.component().latencySeconds !== null, { what: "a ping that was not held back" });
  });

  it("counts what Upstash's client pipelines by itself, and asks nothing while the application does", async () => {
    const upstash = await startUpstash(server);
    ends.push(() => upstash.stop());
    const client = new Upstash({ url: upstash.url, token: upstash.token, enableAutoPipelining: true });
    const watched = watch(client);
    await client.set("key", "value");
    await Promise.all([client.get("key"), client.get("absent"), client.mget("key", "absent")]);
    await until(() => calls(watched, "GET") === 2 && calls(watched, "MGET") === 1, { what: "three calls" });
    expect([watched.sum("redis.cache.hits"), watched.sum("redis.cache.misses")]).toEqual([2, 2]);
  });

  it("counts a script by its command, also where it has to be sent whole", async () => {
    const client = open();
    const watched = watch(client);
    await until(() => watched.component().state === "up", { what: "the connection" });
    client.defineCommand("twice", { numberOfKeys: 0, lua: "return 2" });
    const { twice } = client as unknown as { twice(): Promise<number> };
    expect(await twice.call(client)).toBe(2);
    await askRedis(server, [["SCRIPT", "FLUSH"]]);
    expect(await twice.call(client)).toBe(2);
    await until(() => calls(watched, "EVALSHA") === 3, { what: "three calls, one of which failed" });
    expect(watched.sum("db.client.operation.errors", { "error.type": "NOSCRIPT" })).toBe(1);
  });

  it("keeps what waits by design out of the durations, and stays up meanwhile", async () => {
    const client = open();
    const watched = watch(client);
    await until(() => watched.component().state === "up", { what: "the connection" });
    expect(await client.blpop("queue", 3)).toBe(null);
    await client.xread("COUNT", 1, "BLOCK", 10, "STREAMS", "stream", "$");
    await client.xread("COUNT", 1, "STREAMS", "stream", "0");
    await until(() => calls(watched, "XREAD") === 1, { what: "the call that does not wait" });
    expect(calls(watched, "BLPOP")).toBe(0);
    expect(watched.sum("db.client.operation.waits")).toBe(2);
    expect(watched.component()).toMatchObject({ state: "up", error: null });
  });

  it("leaves no ping in the queue of a client that has no connection and waits for ever", async () => {
    const own = await startRedis();
    ends.push(() => own.stop());
    const client = open({ port: own.port, maxRetriesPerRequest: null, retryStrategy: () => 50 });
    const watched = watch(client);
    await until(() => watched.component().state === "up", { what: "the connection" });
    await own.stop();
    await until(() => watched.component().state === "down", { what: "the component to be down" });
    await wait(1000);
    const { offlineQueue, commandQueue } = client as unknown as Record<string, { length: number }>;
    // The client itself keeps what was under way when the connection broke: one ping and one INFO at most. Each
    // medium tier since then would have added one.
    expect((offlineQueue?.length ?? 0) + (commandQueue?.length ?? 0)).toBeLessThanOrEqual(2);
    expect(watched.component().error).toMatch(/no connection/);
    await own.start();
    await until(() => watched.component().state === "up", { what: "the component to be up" });
  });

  it("neither steps back nor invents growth when the server starts anew", async () => {
    const own = await startRedis();
    ends.push(() => own.stop());
    const client = open({ port: own.port, retryStrategy: () => 50 });
    await client.set("key", "value");
    await client.get("key");
    const watched = watch(client);
    const counted = (): number => watched.sum("redis.keyspace.hits");
    await until(() => watched.labels("redis.keyspace.hits", "db.client").size === 1, { what: "the first reading" });
    for (let i = 0; i < 5; i++) await client.get("key");
    await until(() => counted() === 5, { what: "five hits since the first reading" });
    await own.stop();
    await until(() => Number.isNaN(watched.sum("redis.db.keys")), { what: "figures that are not known to be gone" });
    await own.start();
    await client.set("key", "value");
    for (let i = 0; i < 3; i++) await client.get("key");
    await until(() => counted() === 8, { what: "three more hits" });
    await askRedis(own, [["CONFIG", "RESETSTAT"]]);
    await client.get("key");
    await until(() => counted() === 9, { what: "one more after the server's figures were reset" });
  });

  it("does not disturb a connection with subscriptions, nor one that monitors", async () => {
    const subscriber = new Redis5({ port: server.port });
    ends.push(() => subscriber.disconnect());
    const messages: string[] = [];
    subscriber.on("message", (_channel, text) => messages.push(text));
    const watched = watch(subscriber);
    await subscriber.subscribe("channel");
    const monitored: string[] = [];
    const monitor = await openNodeRedis();
    const watchedMonitor = watch(monitor);
    await monitor.monitor((line) => monitored.push(String(line)));
    await askRedis(server, [["PUBLISH", "channel", "hello"]]);
    await wait(1000);
    expect(messages).toEqual(["hello"]);
    expect([watched.component(), watchedMonitor.component()]).toMatchObject([{ state: "up" }, { state: "up" }]);
    expect(monitored.filter((line) => !line.includes("lua")).every((line) => /^\d/.test(line))).toBe(true);
    expect(calls(watched, "SUBSCRIBE")).toBe(1);
  });

  it("says nothing of a client that connects with its first command, until it does", async () => {
    const client = open({ lazyConnect: true });
    const watched = watch(client);
    await until(() => watched.component().error === "not connected yet", { what: "the first look" });
    expect(watched.component().state).toBe("unknown");
    await client.get("key");
    await until(() => watched.component().state === "up", { what: "the connection" });
  });

  it("counts the commands of a cluster once, whichever node answers, and adds up what its nodes say", async () => {
    const node = await startRedis({
      "cluster-enabled": "yes",
      "cluster-config-file": `nodes-${process.pid}.conf`,
      "cluster-announce-ip": "127.0.0.1",
      dir: tmpdir(),
    });
    ends.push(() => node.stop());
    await askRedis(node, [["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]]);
    await until(async () => /cluster_state:ok/.test(String(await askRedis(node, [["CLUSTER", "INFO"]]))), {
      what: "slots",
    });
    const cluster = new Cluster([{ host: node.host, port: node.port }]);
    cluster.on("error", () => undefined);
    ends.push(() => cluster.disconnect());
    const watched = watch(cluster);
    await cluster.set("key", "value");
    await cluster.get("key");
    await cluster.pipeline().get("{key}absent").get("key").exec();
    await until(() => calls(watched, "GET") === 3, { what: "three calls" });
    expect([watched.sum("redis.cache.hits"), watched.sum("redis.cache.misses")]).toEqual([2, 1]);
    await until(() => watched.sum("redis.db.keys") === 1, { what: "the figures" });
    expect(watched.component().state).toBe("up");
    await node.stop();
    await until(() => watched.component().state === "down", { what: "the component to be down", timeoutMs: 8000 });
  });
});
