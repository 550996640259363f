import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { createMetricsStream } from "@wsight/hub";
import { findPostgres, until } from "@wsight/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { ask, bearer, makeDir, SECRET, signIn, startHub, upgrade } from "./harness.ts";
import { makeDatabase, usePostgres } from "./postgres-rig.ts";
import { beats, HostProbe, type StreamClient, stream, type Told } from "./stream-rig.ts";

const steady = (client: StreamClient, node: string): Promise<Told> =>
  client.first(
    ({ status, host, processes, node: of }) =>
      of === node && status === "ok" && processes !== null && JSON.stringify(host).includes('"readBytesPerSecond":8'),
    "a full message",
  );

describe("/ws/metrics", () => {
  it("tells host, processes and storage each second, in the shape that is documented", async () => {
    const hub = await startHub();
    const probe = new HostProbe(hub, { host: "alpha" });
    probe.run();
    const client = await stream(hub, await bearer());
    const told = await steady(client, "chat/a");
    expect(told).toEqual({
      type: "metrics",
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]+\.\d{3}Z$/),
      intervalMs: 1000,
      node: "chat/a",
      nodes: [{ node: "chat/a", host: "alpha", state: "live" }],
      status: "ok",
      host: {
        name: "alpha",
        platform: "linux",
        arch: "x64",
        release: "6.1",
        cpuModel: "Fast",
        uptimeSeconds: 3600,
        cpu: { utilization: 0.25, cores: [0.1, 0.4], load: [1.5, 1.25, 1] },
        memory: {
          totalBytes: 8e9,
          usedBytes: 2e9,
          availableBytes: 6e9,
          utilization: 0.25,
          swapUsedBytes: 0,
          swapFreeBytes: 1e9,
        },
        disk: {
          readBytesPerSecond: expect.closeTo(8192, -3),
          writeBytesPerSecond: 0,
          filesystems: [{ mountpoint: "/", usedBytes: 3e9, freeBytes: 1e9, utilization: 0.75 }],
        },
        network: { receiveBytesPerSecond: expect.closeTo(2048, -3), transmitBytesPerSecond: 0 },
      },
      processes: Array.from({ length: 10 }, (_, index) => ({
        pid: index + 1,
        name: `worker-${index}`,
        cpu: (30 - index) / 100,
        memoryBytes: 1_000_000,
        threads: 4,
      })),
      processCount: 30,
      storage: { state: "off", written: 0, dropped: 0, spooled: 0 },
    });
    expect(beats(await client.more(3))).toEqual([1, 1]);
  });

  it("begins at once, and tells that nothing is known as null, never as zero", async () => {
    const hub = await startHub();
    const client = await stream(hub, await bearer());
    const told = await client.first(() => true, "the first message");
    expect(Date.now() - Date.parse(told.timestamp)).toBeLessThan(500);
    expect(told).toMatchObject({ node: null, nodes: [], status: "no_source", processes: null, processCount: null });
    const { disk, cpu, ...rest } = told.host;
    expect(cpu).toEqual({ utilization: null, cores: null, load: [null, null, null] });
    expect(JSON.stringify({ disk, rest })).not.toMatch(/:\d/);
  });

  it("streams a node of the hub's machine unless another is chosen", async () => {
    const hub = await startHub();
    new HostProbe(hub, { instance: "a", host: "alpha" }).run();
    new HostProbe(hub, { instance: "b", host: "beta" }).run();
    const headers = await bearer();
    const [some, beta, nobody] = await Promise.all([
      stream(hub, headers),
      stream(hub, headers, "?node=chat/b"),
      stream(hub, headers, "?node=chat/nobody"),
    ]);
    await Promise.all([steady(some, "chat/a"), steady(beta, "chat/b")]);
    expect(beta.told.at(-1)?.host.name).toBe("beta");
    expect(nobody.told.at(-1)).toMatchObject({ node: "chat/nobody", status: "no_source" });
    expect(nobody.told.at(-1)?.nodes).toHaveLength(2);
  });

  it("says that a node went away, and goes on when it is back", async () => {
    const hub = await startHub();
    const probe = new HostProbe(hub);
    const stop = probe.run();
    const client = await stream(hub, await bearer(), "?node=chat/a");
    await steady(client, "chat/a");
    stop();
    const silent = await client.first(({ status }) => status === "silent", "silence");
    expect(silent).toMatchObject({ processes: null, host: { name: "host", cpu: { utilization: null } } });
    probe.run();
    const count = client.told.length;
    await until(() => client.told.slice(count).some(({ status }) => status === "ok"), { what: "figures again" });
    expect(beats(client.told.slice(1)).every((step) => step === 1)).toBe(true);
  });

  it("asks for processes once a second, whatever the number of clients, and not at all while there is none", async () => {
    const hub = await startHub();
    const probe = new HostProbe(hub);
    probe.run();
    const headers = await bearer();
    const clients = await Promise.all(Array.from({ length: 20 }, () => stream(hub, headers)));
    await steady(clients[0] as StreamClient, "chat/a");
    const before = probe.asked.length;
    await clients[0]?.more(3);
    expect(probe.asked.length - before).toBeGreaterThanOrEqual(2);
    expect(probe.asked.length - before).toBeLessThanOrEqual(4);
    expect(probe.asked[0]).toEqual({ kind: "processes", query: { sort: "cpu", offset: 0, limit: 10, search: "" } });
    for (const { socket } of clients.slice(1)) socket.close();
    const last = clients[0] as StreamClient;
    last.socket.close();
    await until(() => last.socket.readyState === WebSocket.CLOSED, { what: "the end" });
    const asked = probe.asked.length;
    const other = await stream(hub, headers, "?node=chat/nobody");
    await other.more(3);
    expect(probe.asked.length).toBeLessThanOrEqual(asked + 1);
  });

  it.each(["refuses", "hangs"] as const)("keeps its beat while the probe %s to tell processes", async (mode) => {
    const hub = await startHub();
    const probe = new HostProbe(hub);
    probe.mode = mode;
    probe.run();
    const client = await stream(hub, await bearer());
    const told = await client.more(4);
    expect(beats(told.slice(1))).toEqual([1, 1]);
    expect(told.every(({ processes }) => processes === null)).toBe(true);
    expect(told.at(-1)?.status).toBe("ok");
  });

  it("lets administrators and viewers in, by header, cookie or subprotocol, and nobody else", async () => {
    const hub = await startHub();
    for (const role of ["admin", "viewer"] as const) await stream(hub, await bearer(role));
    for (const role of ["user", "probe"] as const) {
      expect(await upgrade(hub, "/ws/metrics", await bearer(role))).toMatchObject({ status: 403, code: "FORBIDDEN" });
    }
    expect(await upgrade(hub, "/ws/metrics")).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    const token = (await bearer()).authorization.replace("Bearer ", "");
    await stream(hub, await signIn(hub, { token }));
    expect(await upgrade(hub, `/ws/metrics?token=${token}`)).toMatchObject({ status: 401 });
    const by = (protocols: string[]) => new WebSocket(`ws://127.0.0.1:${hub.port}/ws/metrics`, protocols);
    for (const protocols of [
      ["wsight", `bearer.${token}`],
      [`bearer.${token}`, "wsight"],
    ]) {
      const socket = by(protocols);
      await new Promise((resolve, reject) => socket.once("message", resolve).once("error", reject));
      expect(socket.protocol).toBe("wsight");
      socket.terminate();
    }
    const refused = by(["wsight", "bearer.nonsense"]);
    expect(String(await new Promise((resolve) => refused.once("error", resolve)))).toContain("401");
  });

  it("refuses pages of other sites, and more clients than there may be", async () => {
    const hub = await startHub({ maxViewers: 2, allowedOrigins: ["https://ops.example.org"] });
    const headers = await bearer();
    expect(await upgrade(hub, "/ws/metrics", { ...headers, origin: "https://evil.example.org" })).toMatchObject({
      code: "BAD_ORIGIN",
    });
    await stream(hub, { ...headers, origin: "https://ops.example.org" });
    await stream(hub, headers);
    expect(await upgrade(hub, "/ws/metrics", headers)).toMatchObject({ status: 429, code: "TOO_MANY_CONNECTIONS" });
  });

  it("overlooks what a client says, and sends away one that does not stop", async () => {
    const hub = await startHub();
    const headers = await bearer();
    const [quiet, chatty, long] = await Promise.all([stream(hub, headers), stream(hub, headers), stream(hub, headers)]);
    const closed = ({ socket }: StreamClient) => new Promise((resolve) => socket.once("close", resolve));
    const ends = Promise.all([closed(chatty), closed(long)]);
    quiet.socket.send("hello");
    quiet.socket.send(Buffer.from([0xff, 0x00]));
    for (let i = 0; i < 50; i++) chatty.socket.send(`{"type":"subscribe","n":${i}}`);
    long.socket.send("x".repeat(2_000));
    expect(await ends).toEqual([1008, 1009]);
    expect(beats((await quiet.more(3)).slice(1))).toEqual([1]);
    expect(await upgradeThenClose(hub.port, headers.authorization)).toBe(1008);
  });

  it("passes over a client that does not read, holds little for it, and cuts it off in the end", async () => {
    const { tick, told, stream: streaming, slow, serverSide } = await openPair();
    for (let beat = 0; beat < 50 && streaming.stats().skipped === 0; beat++) await tick();
    expect(streaming.stats().skipped).toBe(1);
    let most = 0;
    const cut = new Promise((resolve) => slow.once("close", () => resolve(true)));
    for (let beat = 0; beat < 29; beat++) {
      await tick();
      most = Math.max(most, serverSide.bufferedAmount);
    }
    expect(most).toBeLessThan(64 * 1024 + 2 * (told[0]?.length ?? 0));
    slow.resume();
    expect(await cut).toBe(true);
    expect(streaming.stats().clients).toBe(1);
    // The one that reads got every message.
    await until(() => told.length === streaming.stats().made, { what: "all messages" });
  });

  it("says goodbye when the hub closes", async () => {
    const hub = await startHub();
    const client = await stream(hub, await bearer());
    const closed = new Promise((resolve) => client.socket.once("close", resolve));
    await hub.close();
    expect(await closed).toBe(1001);
  });
});

describe("/api/processes", () => {
  it("answers with a page of the processes of a host, asked for once by many", async () => {
    const hub = await startHub();
    const probe = new HostProbe(hub, { host: "alpha" });
    probe.run();
    const headers = await bearer();
    const path = "/api/processes?node=chat/a&sort=memory&limit=3&offset=2&search=work";
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask(hub, path, { headers })));
    for (const { status, json } of answers) {
      expect(status).toBe(200);
      expect(json).toMatchObject({
        node: "chat/a",
        host: "alpha",
        page: { total: 30, matching: 30, rows: [{ pid: 3 }, { pid: 4 }, { pid: 5 }] },
      });
    }
    const query = { sort: "memory", limit: 3, offset: 2, search: "work" };
    expect(probe.asked).toEqual([{ kind: "processes", query }]);
    expect((await ask(hub, "/api/processes", { headers })).json).toMatchObject({ node: "chat/a" });
    expect(probe.asked[1]).toEqual({ kind: "processes", query: { sort: "cpu", limit: 50, offset: 0, search: "" } });
  });

  it("says what was expected, who is missing, and whom it does not let in", async () => {
    const hub = await startHub();
    const headers = await bearer();
    expect(await ask(hub, "/api/processes", { headers })).toMatchObject({ status: 503, code: "NODE_AWAY" });
    const probe = new HostProbe(hub);
    probe.mode = "hangs";
    expect(await ask(hub, "/api/processes", { headers })).toMatchObject({ status: 503, code: "NODE_AWAY" });
    expect(await ask(hub, "/api/processes?node=x/y", { headers })).toMatchObject({ status: 404, code: "NOT_FOUND" });
    for (const query of ["sort=size", "limit=0", "limit=201", "offset=-1", `search=${"a".repeat(129)}`]) {
      expect(await ask(hub, `/api/processes?${query}`, { headers })).toMatchObject({
        status: 400,
        code: "BAD_REQUEST",
      });
    }
    expect((await ask(hub, "/api/processes")).status).toBe(401);
    expect((await ask(hub, "/api/processes", { headers: await bearer("user") })).status).toBe(403);
  });
});

describe.skipIf(findPostgres() === null)("the stream of a hub that stores in PostgreSQL (needs postgresql)", () => {
  const server = usePostgres();

  it("keeps its beat while the database is stopped, frozen and back, and tells what waits", {
    timeout: 60_000,
  }, async () => {
    const store = await makeDatabase(server());
    const hub = await startHub({ store, dataDir: await makeDir(), storeIntervalMs: 1000, secret: SECRET });
    new HostProbe(hub).run();
    const headers = await bearer();
    const client = await stream(hub, headers);
    const storage = (fits: (told: Told["storage"]) => boolean, what: string): Promise<unknown> => {
      const from = client.told.length;
      return until(() => client.told.slice(from).find((told) => fits(told.storage)), { what, timeoutMs: 20_000 });
    };
    await storage(({ written }) => written > 20, "samples written");
    await server().stop();
    await storage(({ state, spooled }) => state === "failing" && spooled > 20, "samples that wait");
    const history = await ask(hub, "/api/websocket/metrics/history/", { headers });
    expect(history).toMatchObject({
      status: 503,
      code: "STORE_UNAVAILABLE",
      json: { error: { message: expect.stringMatching(/nothing listens there.*Live figures go on/) } },
    });
    expect((await ask(hub, "/readyz")).status).toBe(200);
    expect((await ask(hub, "/api/doctor", { headers })).text).toMatch(/PostgreSQL 1\d[^"]+ is away/);
    await server().start();
    await storage(({ state, spooled }) => state === "ok" && spooled < 20, "all of it written");
    await server().freeze();
    await storage(({ state }) => state === "failing", "the freeze noticed").finally(() => server().thaw());
    await storage(({ state, spooled }) => state === "ok" && spooled < 20, "all of it written");
    expect(client.told.at(-1)?.storage.dropped).toBe(0);
    expect(beats(client.told.slice(1)).every((step) => step === 1)).toBe(true);
    expect((await ask(hub, "/api/websocket/metrics/history/", { headers })).status).toBe(200);
  });

  it("starts at once while the database is away", async () => {
    const dataDir = await makeDir();
    const startedAt = performance.now();
    const hub = await startHub({
      store: "postgres://nobody:hidden-word@127.0.0.1:1/none",
      dataDir,
      storeIntervalMs: 1000,
    });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    const headers = await bearer();
    const client = await stream(hub, headers);
    await client.first(({ storage }) => storage.state === "failing", "the failure");
    const said = JSON.stringify([client.told, (await ask(hub, "/api/doctor", { headers })).json]);
    expect(said).toContain("postgres://127.0.0.1:1/none is away");
    expect(said).not.toContain("hidden-word");
  });

  it("refuses an address that is none, without repeating it", async () => {
    await expect(startHub({ store: "mysql://root:hidden-word@localhost" })).rejects.toThrow(
      /^store: expected an address like postgres:\/\/user@host:5432\/database$/,
    );
  });
});

/** A stream with a client that reads and one that does not, and beats by hand. */
async function openPair() {
  const nodes = Array.from({ length: 20 }, (_, index) => ({
    node: `chat/${"n".repeat(60)}${index}`,
    state: "live" as const,
    host: "h".repeat(10_000),
    hostInfo: undefined,
  }));
  const streaming = createMetricsStream({
    current: { at: null, compile: () => ({ evaluate: () => new Float64Array(16) }), table: () => [] as never },
    clock: { now: () => Date.now() },
    choice: { choose: () => nodes[0] ?? null, present: () => nodes },
    looks: { look: () => new Promise(() => undefined) },
    storage: () => ({ state: "ok", written: 0, dropped: 0, spooled: 0 }),
  });
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  onTestFinished(() => void server.close());
  const sides: WebSocket[] = [];
  server.on("connection", (socket) => {
    sides.push(socket);
    streaming.accept(socket, new URLSearchParams());
  });
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const told: string[] = [];
  const slow = connect(port, "127.0.0.1");
  slow.write(
    "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  slow.pause();
  slow.on("error", () => undefined);
  onTestFinished(() => void slow.destroy());
  await until(() => sides.length === 1, { what: "the slow client" });
  const reader = new WebSocket(`ws://127.0.0.1:${port}`);
  reader.on("message", (data) => told.push(String(data)));
  onTestFinished(() => reader.terminate());
  await until(() => told.length === 1, { what: "the first message" });
  /** One beat, read before the next. */
  const tick = async (): Promise<void> => {
    const heard = once(reader, "message");
    await streaming.tick();
    await heard;
  };
  return { stream: streaming, tick, told, slow, serverSide: sides[0] as WebSocket };
}

/** Close code of a stream of a node whose name is too long. */
function upgradeThenClose(port: number, authorization: string): Promise<number> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/metrics?node=${"x".repeat(200)}`, {
    headers: { authorization },
  });
  return new Promise((resolve, reject) => socket.once("close", resolve).once("error", reject));
}
