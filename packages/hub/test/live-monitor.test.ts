import { type MetricEvent, WsightError } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { ask, bearer, post, SECRET, signIn, startHub, upgrade } from "./harness.ts";
import { watchHub } from "./hub-watch.ts";
import {
  ALL,
  attempt,
  FAST,
  figuresOf,
  type Heard,
  HubProbe,
  listen,
  next,
  startMonitorHub,
  TRANSPORTS,
  type Transport,
  token,
} from "./live-monitor-rig.ts";

/** Beats of each event, ms. */
const EVERY: Readonly<Record<MetricEvent, number>> = {
  "basic-metrics": FAST.intervalMs,
  "database-metrics": FAST.mediumIntervalMs,
  "cache-metrics": FAST.mediumIntervalMs,
  "network-metrics": FAST.mediumIntervalMs,
  "system-metrics": FAST.slowIntervalMs,
};
const SOURCES = ["database-metrics", "cache-metrics", "network-metrics", "system-metrics"] as const;

describe.each(TRANSPORTS)("the live monitor over %s", (transport) => {
  const transports = [transport];

  test("tells who is there first, then each kind of metrics at once, then each at its beat", async () => {
    const hub = await startMonitorHub();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    await heard.times("system-metrics", 1);
    expect(heard.events.slice(0, 7).map(({ event }) => event)).toEqual(["authenticated", "initialData", ...ALL]);
    expect(heard.of("initialData")).toHaveLength(1);
    expect(heard.newest("initialData")).toMatchObject({
      status: "not_attached",
      host: { name: expect.any(String), platform: process.platform, cpus: expect.any(Number) },
      nodeVersion: process.versions.node,
      intervals: { fast: 40, medium: 100, slow: 200, events: EVERY },
      metricTypes: ALL,
      subscribed: ALL,
      components: { database: { status: "not_attached", attached: 0 }, list: [] },
    });
    const startedAt = performance.now();
    const counts = Object.fromEntries(ALL.map((event) => [event, heard.of(event).length]));
    await heard.times("system-metrics", 7);
    const elapsed = performance.now() - startedAt;
    for (const event of ALL) {
      const beats = heard.of(event).length - (counts[event] ?? 0);
      // A machine that is busy with others misses some, and nobody makes up for them.
      expect(beats, event).toBeLessThanOrEqual(2 + elapsed / EVERY[event]);
      expect(beats, event).toBeGreaterThanOrEqual(elapsed / EVERY[event] / 2 - 2);
    }
    for (const { payload } of heard.events.filter(({ event }) => event !== "authenticated"))
      expect(new Date(String(payload.timestamp)).toISOString()).toBe(payload.timestamp);
  });

  test("headline figures of what is there and was not used yet are zero, and of what is not there unknown", async () => {
    const hub = await startMonitorHub();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    const probe = new HubProbe(hub).components([{ kind: "database" }, { kind: "network", name: "http" }]);
    probe.set("websocket.server.active_connections", 0);
    probe.run();
    await until(() => heard.newest("basic-metrics").connections === 0, { what: "the connections" });
    expect(heard.newest("basic-metrics")).toMatchObject({
      messagesPerSecond: 0,
      errorsPerMinute: 0,
      requestsPerSecond: 0,
      operationsPerSecond: 0,
      cacheHitRatio: null,
    });
  });

  test("keeps the beat while nothing is attached: the status says so, and no figure is zero", async () => {
    const hub = await startMonitorHub();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    for (const event of SOURCES) {
      const [payload = {}] = await heard.times(event, 3);
      expect(payload.status, event).toBe("not_attached");
      expect(new Set(Object.values(figuresOf(payload))), event).toEqual(new Set([null]));
    }
  });

  test("tells what an application does with its database, cache, network and host", async () => {
    const hub = await startMonitorHub();
    const probe = new HubProbe(hub, {
      host: "far-away",
      runtime: "Node.js 22.1.0",
      hostInfo: { platform: "linux", arch: "arm64", osRelease: "6.1", cpuModel: "Graviton", cpus: 2, memoryBytes: 8e9 },
    });
    const pg = {
      "db.system.name": "postgresql",
      "db.client": "pg",
      "db.operation.name": "SELECT",
      "db.collection.name": "",
    };
    const redis = { ...pg, "db.system.name": "redis", "db.client": "ioredis" };
    const web = { "http.server": "http", "http.route": "/a" };
    probe
      .set("websocket.server.active_connections", 7)
      .record("db.client.operation.duration", [], { ...pg, "db.operation.kind": "read" })
      .record("db.client.operation.duration", [], { ...pg, "db.operation.kind": "write" })
      .record("db.client.operation.duration", [], { ...redis, "db.operation.kind": "read" })
      .record("http.server.request.duration", [], {
        ...web,
        "http.request.method": "GET",
        "http.response.status_code": "200",
      })
      .record("http.server.request.duration", [], {
        ...web,
        "http.request.method": "POST",
        "http.response.status_code": "503",
      })
      .set("redis.cache.hits", 0, { "db.client": "ioredis" })
      .set("redis.cache.misses", 0, { "db.client": "ioredis" })
      .set("redis.db.keys", 42, { "db.client": "ioredis" })
      .set("redis.memory.used", 1_000_000, { "db.client": "ioredis" })
      .set("system.cpu.utilization", 0.5)
      .set("system.cpu.core.utilization", 0.25, { "cpu.logical_number": "0" })
      .set("system.cpu.core.utilization", 0.75, { "cpu.logical_number": "1" })
      .set("system.uptime", 1234);
    const told = [
      { kind: "database" as const },
      { kind: "cache" as const, name: "ioredis", library: "ioredis", latencySeconds: 0.001 },
      { kind: "network" as const, name: "http", library: "http", latencySeconds: null },
      { kind: "system" as const, name: "host", library: "host", latencySeconds: null },
    ];
    probe.components(told).run();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    await until(() => heard.newest("database-metrics").status === "up", { what: "the database to be known" });
    probe
      .record("db.client.operation.duration", [0.001, 0.002, 0.003], { ...pg, "db.operation.kind": "read" })
      .record("db.client.operation.duration", [0.1], { ...pg, "db.operation.kind": "write" })
      .record("db.client.operation.duration", [0.0005], { ...redis, "db.operation.kind": "read" })
      .record("http.server.request.duration", [0.01, 0.02, 0.03], {
        ...web,
        "http.request.method": "GET",
        "http.response.status_code": "200",
      })
      .record("http.server.request.duration", [0.3], {
        ...web,
        "http.request.method": "POST",
        "http.response.status_code": "503",
      })
      .grow("redis.cache.hits", 3, { "db.client": "ioredis" })
      .grow("redis.cache.misses", 1, { "db.client": "ioredis" })
      .components(told);
    const count = (event: string, path: string): unknown => figuresOf(heard.newest(event))[path];
    await until(() => count("database-metrics", "executionTimeMs.count") === 4, { what: "the operations" });
    await until(() => count("network-metrics", "responseTimeMs.count") === 4, { what: "the requests" });
    await until(() => count("cache-metrics", "hitRatio") === 0.75, { what: "the lookups" });
    const database = heard.newest("database-metrics");
    expect(database).toMatchObject({
      status: "up",
      latencyMs: 2,
      components: [{ name: "pg", library: "pg", node: "chat/a", status: "up", latencyMs: 2, error: null }],
      operations: {
        read: { total: 3 },
        write: { total: 1 },
        other: { total: 0, perSecond: 0 },
        all: { total: 4 },
        failed: { total: 0, perSecond: 0 },
      },
      executionTimeMs: { avg: 26.5, max: 100 },
      cacheHitRate: 0.75,
      pool: { used: null },
    });
    expect(count("database-metrics", "readTimeMs.p50")).toBeCloseTo(2, 1);
    const { buckets } = database.executionTimeMs as { buckets: { leMs: number; count: number }[] };
    expect(buckets).toEqual([
      { leMs: 1.95313, count: 1 },
      { leMs: 3.90625, count: 2 },
      { leMs: 125, count: 1 },
    ]);
    expect(heard.newest("cache-metrics")).toMatchObject({
      status: "up",
      hits: { total: 3 },
      misses: { total: 1 },
      hitRatio: 0.75,
      keys: 42,
      memoryUsedBytes: 1_000_000,
      getTimeMs: { count: 1, avg: 0.5 },
      setTimeMs: { count: 0, avg: null, buckets: [] },
      latencyMs: 1,
    });
    expect(heard.newest("network-metrics")).toMatchObject({
      status: "up",
      requests: { total: 4 },
      statusCodes: { 200: { total: 3 }, 503: { total: 1 } },
      methods: { GET: { total: 3 }, POST: { total: 1 } },
      errorRatio: 0.25,
    });
    await until(() => heard.newest("system-metrics").status === "up", { what: "the host" });
    expect(heard.newest("system-metrics")).toMatchObject({
      host: { name: "far-away", platform: "linux", arch: "arm64", cpuModel: "Graviton", cpus: 2, uptimeSeconds: 1234 },
      cpu: { utilization: 0.5, cores: [0.25, 0.75] },
      memory: { totalBytes: null },
      nodes: [{ node: "chat/a", state: "live", connections: 7 }],
      nodesTotal: 1,
    });
    expect(heard.newest("basic-metrics")).toMatchObject({
      status: "up",
      components: { database: { status: "up", latencyMs: 2 }, network: { status: "up" }, system: { status: "up" } },
      connections: 7,
      cpu: 0.5,
    });
    const later = listen(hub.url, { transports, auth: { token: await token() } });
    await later.times("initialData", 1);
    expect(later.newest("initialData")).toMatchObject({
      status: "up",
      host: { name: "far-away", cpuModel: "Graviton" },
      nodeVersion: "22.1.0",
      services: ["chat"],
      nodes: [{ node: "chat/a" }],
      components: { cache: { status: "up" }, list: [{ kind: "database" }, {}, {}, {}] },
    });
  });

  test("says null, and why, of what is down, and of what has fallen silent", async () => {
    const hub = await startMonitorHub();
    const probe = new HubProbe(hub);
    const labels = { "db.system.name": "postgresql", "db.client": "pg", "db.operation.kind": "read" };
    probe.record("db.client.operation.duration", [0.01], labels).set("redis.db.keys", 3, { "db.client": "redis" });
    probe.components([
      { state: "down", latencySeconds: 0.004, error: "connect ECONNREFUSED" },
      { kind: "cache", name: "redis", library: "redis" },
    ]);
    const stop = probe.run();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    await until(() => heard.newest("database-metrics").status === "down", { what: "the database to be down" });
    const down = heard.newest("database-metrics");
    expect(down.components).toMatchObject([{ status: "down", latencyMs: null, error: "connect ECONNREFUSED" }]);
    expect(new Set(Object.values(figuresOf(down)))).toEqual(new Set([null]));
    await until(() => heard.newest("cache-metrics").keys === 3, { what: "the keys" });
    stop();
    await until(() => heard.newest("cache-metrics").status === "stale", { what: "silence", timeoutMs: 10_000 });
    expect(new Set(Object.values(figuresOf(heard.newest("cache-metrics"))))).toEqual(new Set([null]));
    const before = heard.of("cache-metrics").length;
    await heard.times("cache-metrics", before + 3);
  });

  test("gives a client what it subscribed to, and says what that is", async () => {
    const hub = await startMonitorHub();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    await heard.times("system-metrics", 1);
    const only = ["basic-metrics", "cache-metrics"];
    const others = ALL.filter((event) => !only.includes(event));
    expect(await heard.socket.emitWithAck("unsubscribe", others)).toEqual({ ok: true, subscribed: only });
    const counts = others.map((event) => heard.of(event).length);
    const cache = heard.of("cache-metrics").length;
    await heard.times("cache-metrics", cache + 4);
    expect(others.map((event) => heard.of(event).length)).toEqual(counts);
    expect(await heard.socket.emitWithAck("subscribe", "system-metrics")).toEqual({
      ok: true,
      subscribed: [...only, "system-metrics"],
    });
    expect(await heard.socket.emitWithAck("subscribe", ["system-metrics", "system-metrics"])).toMatchObject({
      ok: true,
    });
    expect(await heard.socket.emitWithAck("unsubscribe", "database-metrics")).toMatchObject({ ok: true });
    // What is new is told at once, once.
    const system = ALL.indexOf("system-metrics");
    const after = heard.of("system-metrics").length;
    expect(after).toBeGreaterThanOrEqual((counts[others.indexOf("system-metrics")] ?? system) + 1);
    await heard.times("system-metrics", after + 1);
  });

  test.each([
    ["an unknown name", ["cpu"], /expected one of basic-metrics, .*got "cpu"/],
    ["one unknown name among known ones", [["basic-metrics", "cpu"]], /got "cpu"/],
    ["a number", [5], /got 5/],
    ["nothing", [], /got undefined/],
    ["null", [null], /got null/],
    ["an empty list", [[]], /1 to 16 names, got an array of 0/],
    ["a long list", [Array.from({ length: 17 }, () => "basic-metrics")], /1 to 16 names, got an array of 17/],
    ["two values", ["basic-metrics", "cache-metrics"], /one name or one array, got "2 values"/],
    ["a name of every object", ["__proto__"], /got "__proto__"/],
    ["an object", [{ length: 1 }], /got an object/],
  ])("refuses %s, and changes nothing", async (_what, args, message) => {
    const hub = await startMonitorHub();
    const heard = listen(hub.url, { transports, auth: { token: await token() } });
    await next(heard.socket, "connect");
    await heard.socket.emitWithAck("unsubscribe", "cache-metrics");
    const subscribed = ALL.filter((event) => event !== "cache-metrics");
    for (const event of ["subscribe", "unsubscribe"]) {
      const answer = await heard.socket.emitWithAck(event, ...args);
      expect(answer).toEqual({
        ok: false,
        error: { code: "BAD_REQUEST", message: expect.stringMatching(message) },
        subscribed,
      });
      heard.socket.emit(event, ...args);
      const told = heard.of("subscription-error").length;
      await heard.times("subscription-error", told + 1);
    }
    expect(heard.newest("subscription-error")).toMatchObject({ ok: false, error: { code: "BAD_REQUEST" }, subscribed });
  });

  test("lets administrators and viewers in, tells users that metrics are not for them, and refuses probes", async () => {
    const hub = await startMonitorHub();
    expect(await attempt(hub.url, { transports, auth: { token: await token("admin") } })).toBeNull();
    expect(await attempt(hub.url, { transports, auth: { token: await token("probe") } })).toMatchObject({
      data: { code: "FORBIDDEN", message: expect.stringContaining("role probe") },
    });
    const user = listen(hub.url, { transports, auth: { token: await token("user") } });
    await user.times("subscription-error", 1);
    const refused = {
      ok: false,
      error: { code: "FORBIDDEN", message: expect.stringContaining("role user") },
      subscribed: [],
    };
    expect(user.newest("subscription-error")).toEqual(refused);
    expect(await user.socket.emitWithAck("subscribe", "basic-metrics")).toEqual(refused);
    const viewer = listen(hub.url, { transports, auth: { token: await token() } });
    await viewer.times("basic-metrics", 4);
    const others = user.events.map(({ event }) => event).filter((event) => event !== "queue-status");
    expect(others).toEqual(["authenticated", "subscription-error"]);
  });

  test("takes a token of the handshake, a header, or the cookie of a session, in that order", async () => {
    const hub = await startMonitorHub();
    const [good, bad] = [await bearer(), { authorization: "Bearer nonsense" }];
    const { cookie } = await signIn(hub, { token: await token("admin") });
    expect(await attempt(hub.url, { transports, extraHeaders: good })).toBeNull();
    expect(await attempt(hub.url, { transports, extraHeaders: { cookie } })).toBeNull();
    expect(await attempt(hub.url, { transports, extraHeaders: bad, auth: { token: await token() } })).toBeNull();
    // Who shows nothing at all has a moment to say who it is.
    expect(await attempt(hub.url, { transports })).toBeNull();
    for (const options of [
      { auth: { token: "nonsense" } },
      { auth: { token: `${await token()} x` } },
      { auth: { token: "" } },
      { auth: { token: ["x"] } },
      { auth: { token: "x".repeat(9000) } },
      { extraHeaders: bad },
      { extraHeaders: { cookie }, auth: { token: "nonsense" } },
      { extraHeaders: { ...good, cookie }, auth: { token: "nonsense" } },
    ]) {
      expect(await attempt(hub.url, { transports, ...options }), JSON.stringify(options).slice(0, 80)).toMatchObject({
        data: { code: "UNAUTHENTICATED", message: expect.any(String) },
      });
    }
  });

  test("ends a client when its token does, or when it signs out, and says why", async () => {
    const hub = await startMonitorHub();
    const { cookie } = await signIn(hub, { token: await token("admin") });
    const signedIn = listen(hub.url, { transports, extraHeaders: { cookie } });
    await signedIn.times("basic-metrics", 1);
    const { short, ended } = await listenForAMoment(hub.url, transports);
    await short.times("basic-metrics", 1);
    expect((await ended)[0]).toBe("io server disconnect");
    expect(short.newest("session-ended")).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(signedIn.socket.connected).toBe(true);
    const gone = next(signedIn.socket, "disconnect");
    const headers = { cookie, origin: hub.url };
    expect((await ask(hub, "/api/session", { method: "DELETE", headers })).status).toBe(204);
    expect((await gone)[0]).toBe("io server disconnect");
    expect(signedIn.newest("session-ended")).toMatchObject({ code: "UNAUTHENTICATED" });
  });

  test("shares the places of viewers, and gives them back", async () => {
    const hub = await startMonitorHub({ viewersPerAddress: 2 });
    const options = async (sub: string) => ({ transports, auth: { token: await token("viewer", sub) } });
    const first = listen(hub.url, await options("ann"));
    await first.times("basic-metrics", 1);
    expect(await attempt(hub.url, await options("ben"))).toBeNull();
    expect(await attempt(hub.url, await options("cem"))).toMatchObject({ data: { code: "TOO_MANY_CONNECTIONS" } });
    first.socket.disconnect();
    await until(async () => (await attempt(hub.url, await options("dan"))) === null, { what: "a place" });
  });

  test("comes back by itself after the hub was away", async () => {
    const hub = await startMonitorHub();
    const heard = listen(hub.url, {
      transports,
      auth: { token: await token() },
      reconnection: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
    });
    await heard.times("basic-metrics", 1);
    const goodbye = next(heard.socket, "disconnect");
    await hub.close();
    expect((await goodbye)[0]).toBe("transport close");
    await startMonitorHub({ port: hub.port });
    await heard.times("initialData", 2);
    const before = heard.of("system-metrics").length;
    await heard.times("system-metrics", before + 2);
  });

  test("tells 200 clients the same, each event made once", async () => {
    const every = { intervalMs: 500, mediumIntervalMs: 1000, slowIntervalMs: 500 };
    const hub = await startMonitorHub({ ...every, viewersPerAddress: 500, requestsPerMinute: 100_000 });
    const auth = { token: await token() };
    const startedAt = performance.now();
    const clients = Array.from({ length: 200 }, () => listen(hub.url, { transports, auth }));
    for (const { times } of clients) await times("system-metrics", 1);
    await Promise.all(clients.map(({ of, times }) => times("system-metrics", of("system-metrics").length + 2)));
    const stamps = clients.map((heard) => heard.of("system-metrics").map(({ timestamp }) => timestamp));
    // One for each beat, and the few made for those who came between two.
    const most = (performance.now() - startedAt) * (1 / every.slowIntervalMs + 1 / 1000) + 3;
    expect(new Set(stamps.flat()).size).toBeLessThan(most);
    // The last of them came last.
    const everybody = (): boolean => {
      const [first, ...others] = clients.map((heard) => heard.of("system-metrics").map(({ timestamp }) => timestamp));
      return first?.some((stamp) => others.every((one) => one.includes(stamp))) === true;
    };
    await until(everybody, { what: "one that all have heard" });
  });
});

test("a client may begin with polling and go on with a WebSocket", async () => {
  const hub = await startMonitorHub();
  const heard = listen(hub.url, { auth: { token: await token() } });
  await until(() => heard.socket.io.engine?.transport.name === "websocket", { what: "the upgrade" });
  const before = heard.of("system-metrics").length;
  await heard.times("system-metrics", before + 2);
  expect(heard.of("initialData")).toHaveLength(1);
});

test("errors are counted as such however many codes there are, and what is no code is none", async () => {
  const hub = await startMonitorHub();
  const probe = new HubProbe(hub);
  const reply = (code: string, times: number): void => {
    const labels = {
      "http.server": "http",
      "http.request.method": "GET",
      "http.route": "",
      "http.response.status_code": code,
    };
    probe.record("http.server.request.duration", new Array<number>(times).fill(0.01), labels);
  };
  const codes = [...Array.from({ length: 79 }, (_, i) => String(200 + i)), "_other", "503", "5xx"];
  for (const code of codes) reply(code, 0);
  probe.components([{ kind: "network", name: "http", library: "http", latencySeconds: null }]).run();
  const heard = listen(hub.url, { auth: { token: await token() } });
  await until(() => heard.newest("network-metrics").status === "up", { what: "the server to be known" });
  for (const code of codes) reply(code, code === "503" || code === "5xx" ? 10 : 1);
  await until(() => heard.newest("network-metrics").errorRatio === 0.2, { what: "the share of errors" });
});

describe("pages of other sites", () => {
  const origin = "https://ops.example.org";

  test("can't load an answer as a script", async () => {
    const hub = await startHub();
    const loaded = await ask(hub, "/socket.io/?EIO=4&transport=polling&j=0");
    expect([loaded.status, loaded.code]).toEqual([400, "BAD_REQUEST"]);
    expect(loaded.text).not.toContain("___eio");
  });

  test("that are allowed may read, and send a token, and no cookie", async () => {
    const hub = await startHub({ allowedOrigins: [origin] });
    const path = "/socket.io/?EIO=4&transport=polling";
    const asked = await ask(hub, path, {
      method: "OPTIONS",
      headers: { origin, "access-control-request-method": "POST", "access-control-request-headers": "authorization" },
    });
    expect(asked.status).toBe(204);
    expect(asked.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
      "access-control-allow-headers": "authorization, content-type, if-match",
      "access-control-max-age": "600",
      vary: "Origin",
    });
    expect(asked.headers["access-control-allow-credentials"]).toBeUndefined();
    const opened = await ask(hub, path, { headers: { origin } });
    expect(opened.status).toBe(200);
    expect(opened.headers).toMatchObject({
      "access-control-allow-origin": origin,
      "cross-origin-resource-policy": "cross-origin",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      vary: "Origin",
    });
    expect(opened.headers["access-control-allow-credentials"]).toBeUndefined();
    const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
    const said = await ask(hub, `${path}&sid=${sid}`, { method: "POST", headers: { origin }, body: "40" });
    expect(said.headers["access-control-allow-origin"]).toBe(origin);
    expect(said.text).toBe("ok");
    const transports = ["websocket"];
    const page = { transports, extraHeaders: { origin }, auth: { token: await token() } };
    expect(await attempt(hub.url, page)).toBeNull();
  });

  test("that are not allowed get nothing, whatever they try", async () => {
    const hub = await startHub({ allowedOrigins: [origin] });
    const path = "/socket.io/?EIO=4&transport=polling";
    const { cookie } = await signIn(hub, { token: await token() });
    const { sid } = JSON.parse((await ask(hub, path)).text.slice(1)) as { sid: string };
    const evil = { cookie, origin: "https://evil.example" };
    for (const [method, target, headers] of [
      ["GET", path, evil],
      ["OPTIONS", path, evil],
      ["GET", `${path}&sid=${sid}`, evil],
      ["POST", `${path}&sid=${sid}`, evil],
      ["GET", path, { cookie, "sec-fetch-site": "cross-site" }],
    ] as const) {
      const { status, headers: answered, code } = await ask(hub, target, { method, headers });
      expect([status, code], `${method} ${target}`).toEqual(
        method === "OPTIONS" ? [405, "METHOD_NOT_ALLOWED"] : [403, "BAD_ORIGIN"],
      );
      expect(answered["access-control-allow-origin"]).toBeUndefined();
    }
    const refused = await attempt(hub.url, { transports: ["websocket"], extraHeaders: evil });
    expect(refused?.message).toBe("websocket error");
    expect((await ask(hub, path, { headers: { host: "evil.example" } })).code).toBe("BAD_HOST");
  });
});

describe("limits", () => {
  const path = "/socket.io/?EIO=4&transport=polling";

  test("new connections of one address have a rate, polls of an open one do not use it up", async () => {
    const hub = await startMonitorHub({ requestsPerMinute: 40 });
    const heard = listen(hub.url, { transports: ["polling"], auth: { token: await token() } });
    await heard.times("basic-metrics", 60);
    let last = await ask(hub, path);
    for (let i = 0; i < 45 && last.status === 200; i++) last = await ask(hub, path);
    // By then this address has opened as many as may stay without saying who they are, or too many in a minute.
    expect(last.status).toBe(429);
    const before = heard.of("basic-metrics").length;
    await heard.times("basic-metrics", before + 5);
  });

  test("connections that do not say who they are are bounded, and end by themselves", async () => {
    const hub = await startHub({ viewersPerAddress: 4, requestsPerMinute: 10_000 });
    const statuses: number[] = [];
    for (let i = 0; i < 30; i++) statuses.push((await ask(hub, path)).status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(20);
    expect((await ask(hub, path)).code).toBe("TOO_MANY_CONNECTIONS");
    await until(async () => (await ask(hub, path)).status === 200, { what: "a place again", timeoutMs: 15_000 });
  }, 20_000);

  test("a rate of one principal holds for handshakes too, and is told with its code", async () => {
    const hub = await startHub({ requestsPerMinute: 10 });
    const auth = { token: await token() };
    const headers = { authorization: `Bearer ${auth.token}` };
    for (let i = 0; i < 8; i++) await ask(hub, "/api/nodes", { headers });
    expect(await attempt(hub.url, { transports: ["websocket"], auth })).toBeNull();
    expect((await ask(hub, "/api/nodes", { headers })).status).toBe(200);
    const refused = await ask(hub, path);
    expect([refused.status, refused.code]).toEqual([429, "RATE_LIMITED"]);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
  });

  test("other paths below, and other methods, are not answered", async () => {
    const hub = await startHub();
    expect((await ask(hub, "/socket.io/socket.io.js")).status).toBe(404);
    expect((await ask(hub, "/socket.io-other/")).status).toBe(404);
    expect((await ask(hub, path, { method: "DELETE" })).status).toBe(405);
    expect((await post(hub, path, {})).status).toBe(400);
    expect((await ask(hub, "/socket.io/?EIO=3&transport=polling")).text).toContain("expected 4");
    expect((await ask(hub, "/socket.io/?EIO=4&transport=webtransport")).text).toContain(
      "expected websocket or polling",
    );
    expect(await upgrade(hub, "/socket.io/")).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    expect((await ask(hub, "/socket.io/?EIO=4&transport=polling&sid=constructor")).status).toBe(400);
  });

  test("what is said too often or at too great a length ends its own connection alone", async () => {
    const hub = await startMonitorHub();
    const auth = { token: await token() };
    const quiet = listen(hub.url, { transports: ["websocket"], auth });
    await quiet.times("basic-metrics", 1);
    const loud = listen(hub.url, { transports: ["websocket"], auth });
    await loud.times("basic-metrics", 1);
    const ended = next(loud.socket, "disconnect");
    for (let i = 0; i < 300; i++) loud.socket.emit("subscribe", "basic-metrics", () => {});
    await ended;
    const long = listen(hub.url, { transports: ["websocket"], auth });
    await long.times("basic-metrics", 1);
    const cut = next(long.socket, "disconnect");
    long.socket.emit("subscribe", "x".repeat(20_000));
    await cut;
    const before = quiet.of("basic-metrics").length;
    await quiet.times("basic-metrics", before + 3);
  });

  test("a client that does not poll loses events, takes no memory for them, and is cut off", async () => {
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead };
    const hub = await startMonitorHub({ clock });
    const watch = await watchHub(hub);
    const { sid } = JSON.parse((await ask(hub, path)).text.slice(1)) as { sid: string };
    const body = `40${JSON.stringify({ token: await token("viewer", "ann", 600_000) })}`;
    await ask(hub, `${path}&sid=${sid}`, { method: "POST", body });
    await until(() => (watch.row?.skippedTicks ?? 0) > 50, { what: "events left out", timeoutMs: 15_000 });
    // What waits for it is what came before it was known to be slow, and no more.
    const waiting = await ask(hub, `${path}&sid=${sid}`);
    expect(waiting.text.split("\u001e").length).toBeLessThan(25);
    expect(waiting.text).toContain("initialData");
    // Now it has read, and hears more.
    expect((await ask(hub, `${path}&sid=${sid}`)).text).toContain("-metrics");
    const skipped = watch.row?.skippedTicks ?? 0;
    await until(() => (watch.row?.skippedTicks ?? 0) > skipped, { what: "events left out again" });
    expect(watch.row?.viewers).toBe(2);
    ahead = 31_000;
    await until(() => watch.row?.viewers === 1, { what: "the end of it" });
    expect((await ask(hub, `${path}&sid=${sid}`)).status).toBe(400);
  }, 30_000);

  test("a client that does not read its WebSocket loses events while others hear them, and is cut off", async () => {
    let ahead = 0;
    const clock = { now: () => Date.now() + ahead };
    const every = { intervalMs: 10, mediumIntervalMs: 10, slowIntervalMs: 10 };
    const hub = await startMonitorHub({ clock, ...every });
    const auth = { token: await token("viewer", "ann", 600_000) };
    const watch = await watchHub(hub);
    const error = "x".repeat(200);
    const kinds = ["database", "cache", "network"] as const;
    const many = Array.from({ length: 60 }, (_, i) => ({ kind: kinds[i % 3] ?? "cache", name: `c${i}`, error }));
    new HubProbe(hub).components(many).run();
    const deaf = listen(hub.url, { transports: ["websocket"], auth });
    const other = listen(hub.url, { transports: ["websocket"], auth });
    await until(() => (deaf.newest("cache-metrics").components as unknown[])?.length === 20, { what: "components" });
    const { ws } = deaf.socket.io.engine.transport as unknown as { ws: { pause(): void } };
    ws.pause();
    await until(() => (watch.row?.skippedTicks ?? 0) > 50, { what: "events left out", timeoutMs: 30_000 });
    const before = other.of("basic-metrics").length;
    await other.times("basic-metrics", before + 10);
    ahead = 31_000;
    await until(() => watch.row?.viewers === 2, { what: "the end of it" });
    expect(other.socket.connected).toBe(true);
  }, 40_000);
});

test("garbage is refused piece by piece, and the hub stays up", async () => {
  const errors: unknown[] = [];
  const hub = await startMonitorHub({
    requestsPerMinute: 1_000_000,
    viewersPerAddress: 900,
    onError: (error) => errors.push(error),
  });
  const witness = listen(hub.url, { transports: ["websocket"], auth: { token: await token() } });
  await witness.times("basic-metrics", 1);
  const path = "/socket.io/?EIO=4&transport=polling";
  const good = `40${JSON.stringify({ token: await token() })}`;
  const bodies = [
    "",
    "4",
    "40",
    "41",
    "42",
    "43",
    "44",
    "45",
    "46",
    "3",
    "2",
    "1",
    "0",
    "6",
    "7",
    "b",
    "bAAAA",
    "\u001e\u001e\u001e",
    '42["subscribe"',
    "42[]",
    "42{}",
    '42["subscribe",{"toString":1}]',
    '420["subscribe"]',
    '4299999999999["subscribe"]',
    '451-["subscribe",{"_placeholder":true,"num":0}]',
    '459-["x"]',
    '45999999-["x"]',
    "40/admin,{}",
    "40/admin,",
    "40{",
    "40[]",
    "405",
    '40{"token":{"toString":null}}',
    '40{"__proto__":{"token":"x"}}',
    "40null",
    '42["disconnect"]',
    '42["connect"]',
    '42["connection"]',
    '42["error","x"]',
    '42["newListener","x"]',
    "43[]",
    "4310[]",
    "\0",
    "4\0",
    '42["subscribe","\ud800"]',
    `42["subscribe","${"x".repeat(15_000)}"]`,
    `42[${"[".repeat(5000)}`,
    "x".repeat(40_000),
  ];
  const random = (length: number): string =>
    Array.from({ length }, () =>
      String.fromCharCode(Math.random() < 0.7 ? 32 + Math.random() * 95 : Math.random() * 65_536),
    ).join("");
  for (const before of [null, good]) {
    for (const body of [...bodies, ...Array.from({ length: 60 }, () => random(1 + Math.random() * 200))]) {
      const opened = await ask(hub, path);
      const { sid } = JSON.parse(opened.text.slice(1)) as { sid: string };
      if (before !== null) await ask(hub, `${path}&sid=${sid}`, { method: "POST", body: before });
      const { status } = await ask(hub, `${path}&sid=${sid}`, { method: "POST", body });
      expect([200, 400, 413]).toContain(status);
      await ask(hub, `${path}&sid=${sid}`, { method: "POST", body: "1" });
    }
  }
  for (const target of [
    "?",
    "?EIO=4",
    "?EIO=4&transport=",
    "?EIO=4&transport=polling&sid=",
    "?EIO=4&transport=websocket",
    "?%",
    "?EIO=4&transport=polling&sid=%00",
  ])
    expect((await ask(hub, `/socket.io/${target}`)).status).toBeLessThan(500);
  const beats = witness.of("basic-metrics").length;
  await witness.times("basic-metrics", beats + 3);
  expect(witness.socket.connected).toBe(true);
  expect(errors.filter((error) => !(error instanceof WsightError))).toEqual([]);
}, 60_000);

test("hubs that nobody asks for it have not loaded it", async () => {
  const { execFile } = await import("node:child_process");
  const { promisify } = await import("node:util");
  const script = `
    import { createRequire } from "node:module";
    import { createHub } from "@wsight/hub";
    const { cache } = createRequire(import.meta.url);
    const loaded = () => Object.keys(cache).some((name) => name.includes("engine.io"));
    const hub = await createHub(${JSON.stringify({ port: 0, dataDir: null, dashboardDir: "/nonexistent", secret: SECRET })});
    await fetch(hub.url + "/healthz");
    const before = loaded();
    let longest = 0;
    let last = performance.now();
    const timer = setInterval(() => { const now = performance.now(); longest = Math.max(longest, now - last); last = now; }, 1);
    await fetch(hub.url + "/socket.io/?EIO=4&transport=polling");
    clearInterval(timer);
    console.log(JSON.stringify({ before, after: loaded(), longest }));
    await hub.close();`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 20_000,
  });
  expect(JSON.parse(stdout)).toMatchObject({ before: false, after: true });
});

test("intervals that make no sense are refused at once", async () => {
  for (const [name, value] of [
    ["intervalMs", 0],
    ["mediumIntervalMs", 1.5],
    ["slowIntervalMs", 3_600_001],
  ] as const)
    await expect(startHub({ [name]: value })).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining(name),
    });
});

/** A client whose token ends soon; on a machine that took longer than that to let it in, the next one has longer. */
async function listenForAMoment(
  url: string,
  transports: Transport[],
  ttlMs = 1500,
): Promise<{ readonly short: Heard; readonly ended: Promise<readonly unknown[]> }> {
  const auth = { token: await token("viewer", "ann", ttlMs) };
  const short = listen(url, { transports, auth, reconnection: true });
  const ended = next(short.socket, "disconnect");
  const isIn = await new Promise<boolean>((resolve) => {
    short.socket.once("connect", () => resolve(true));
    short.socket.once("connect_error", () => resolve(false));
  });
  return isIn ? { short, ended } : listenForAMoment(url, transports, 2 * ttlMs);
}
