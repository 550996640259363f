import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, rmdir } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { promisify } from "node:util";
import { createHub, type Hub } from "@wsight/hub";
import { decodeLiveBytes, type HubMessage, type HubRow, type Tick } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { describe, expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import { ask, bearer, makeDir, SECRET, startHub, upgrade } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

/** What a viewer hears, text and ticks apart. */
interface Heard {
  readonly socket: WebSocket;
  readonly messages: HubMessage[];
  readonly ticks: Tick[];
}

async function watch(hub: Hub, subscription: Record<string, unknown>): Promise<Heard> {
  const { socket } = await upgrade(hub, "/ws/live", await bearer());
  if (socket === null) throw new Error("refused");
  const heard: Heard = { socket, messages: [], ticks: [] };
  socket.on("message", (data: Buffer, isBinary) => {
    if (!isBinary) heard.messages.push(JSON.parse(data.toString()) as HubMessage);
    else {
      const frame = decodeLiveBytes(data, heard.ticks.at(-1)?.values ?? null);
      if (frame.type === "tick") heard.ticks.push(frame);
    }
  });
  socket.send(JSON.stringify({ type: "subscribe", id: 1, series: [], tables: [], ...subscription }));
  return heard;
}

describe("what a probe says", () => {
  test("reaches the summary, the nodes and live viewers, second by second", async () => {
    const hub = await startHub();
    const probe = createSmallProbe();
    const heard: string[] = [];
    const link = hub.openLink((message) => heard.push(message));
    for (const message of probe.greeting) link.receive(message);
    let opened = 0;
    const timer = setInterval(() => link.receive(probe.snapshot(++opened, 3)), 100);
    onTestFinished(() => clearInterval(timer));
    const series = [{ metric: "websocket.server.active_connections", agg: "last" }];
    const viewer = await watch(hub, { series, tables: ["nodes"] });
    await until(() => viewer.ticks.length >= 3, { what: "three ticks" });
    const [first, second, third] = viewer.ticks.map(({ at }) => at);
    expect([Number(second) - Number(first), Number(third) - Number(second)]).toEqual([1000, 1000]);
    expect(Number(first) % 1000).toBe(0);
    expect(viewer.ticks.at(-1)?.values[0]).toBe(300);
    expect(viewer.messages.some((one) => one.type === "table" && one.table === "nodes")).toBe(true);
    const headers = await bearer();
    const summary = await ask(hub, "/api/websocket/metrics/?node=chat/a", { headers });
    expect(summary.json).toMatchObject({ connections: { total: 3 } });
    expect((await ask(hub, "/api/nodes", { headers })).json).toMatchObject({
      nodes: [{ node: "chat/a", state: "live" }],
    });
    expect(heard.map((text) => (JSON.parse(text) as { type: string }).type)).toContain("ack");
  });

  test("is history at once, and still is after a restart", async () => {
    const dataDir = await makeDir();
    const first = await startHub({ dataDir });
    const probe = createSmallProbe();
    const link = first.openLink(() => {});
    for (const message of probe.greeting) link.receive(message);
    link.receive(probe.snapshot(5, 5));
    const headers = await bearer();
    const read = (hub: Hub) => ask(hub, "/api/websocket/metrics/history/?hours=1", { headers });
    const viewer = await watch(first, { series: [{ metric: "websocket.server.active_connections", agg: "last" }] });
    await until(() => viewer.ticks.at(-1)?.values[0] === 500, { what: "the second to be closed" });
    await until(async () => (await ask(first, "/readyz")).status === 200, { what: "the store to be open" });
    const now = await read(first);
    expect(now.json).toMatchObject({ hours: 1, interval_minutes: 5, data_points: 1 });
    expect(now.json.data).toMatchObject([{ connections: { total: 5 } }]);
    await first.close();
    const second = await startHub({ dataDir });
    await until(async () => (await ask(second, "/readyz")).status === 200, { what: "the store to be open" });
    expect((await read(second)).json).toMatchObject({ data_points: 1, data: [{ connections: { total: 5 } }] });
  });

  test("and nobody understands is counted in the hub's own row", async () => {
    const hub = await startHub({ restarts: { count: 2, last: "out of memory" } });
    hub.openLink(() => {}).receive("not a frame");
    const viewer = await watch(hub, { tables: ["hub"] });
    const row = await until(() => findHubRow(viewer), { what: "the hub's row" });
    expect(row).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      viewers: 1,
      badFrames: 1,
      lastBadFrame: expect.stringContaining("expected JSON"),
      restarts: 2,
      lastRestart: "out of memory",
      store: { state: "off" },
    });
    expect(row?.memoryBytes).toBeGreaterThan(1e6);
    expect(row?.cpu).toBeGreaterThanOrEqual(0);
    expect(row?.cpu).toBeLessThan(1.5);
  });
});

function findHubRow({ messages }: Heard): HubRow | undefined {
  for (const message of messages) if (message.type === "table" && message.table === "hub") return message.rows;
  return undefined;
}

describe("readiness", () => {
  test("comes soon after the start, when the store is open; nobody but a question waits for that", async () => {
    const hub = await startHub({ dataDir: await makeDir() });
    expect(await ask(hub, "/readyz")).toMatchObject({ status: 503, json: { parts: { store: false } } });
    expect((await ask(hub, "/healthz")).json).toEqual({ status: "ok", name: "wsight", startedAt: expect.any(Number) });
    const headers = await bearer();
    const answered = async () => (await ask(hub, "/api/websocket/metrics/history/", { headers })).status === 200;
    await until(answered, { what: "an answer of the store", timeoutMs: 20_000 });
    await until(async () => (await ask(hub, "/readyz")).json.status === "ready", { what: "the store to be open" });
  });

  test("is gone while the store can't be opened, for a reason that is told, and everything else goes on", async () => {
    const dataDir = await makeDir();
    await mkdir(join(dataDir, "history.db"));
    const told: string[] = [];
    const onError = (error: unknown, { stage }: { readonly stage: string }) => told.push(`${stage}: ${String(error)}`);
    const hub = await startHub({ dataDir, onError });
    await until(() => told.find((text) => text.startsWith("store:")), { what: "the store to fail" });
    expect(told.join()).toContain("history.db: the file can't be opened or made; is its directory writable?");
    expect(await ask(hub, "/readyz")).toMatchObject({
      status: 503,
      json: { status: "unavailable", parts: { store: false, ingest: true } },
    });
    expect((await ask(hub, "/healthz")).status).toBe(200);
    const headers = await bearer();
    expect((await ask(hub, "/api/websocket/metrics/", { headers })).status).toBe(200);
    const history = await ask(hub, "/api/websocket/metrics/history/", { headers });
    expect(history).toMatchObject({ status: 503, code: "STORE_UNAVAILABLE" });
    await rmdir(join(dataDir, "history.db"));
    await until(async () => (await ask(hub, "/readyz")).json.status === "ready", { what: "the store to be open" });
    expect((await ask(hub, "/api/websocket/metrics/history/", { headers })).status).toBe(200);
  });
});

describe("starting and stopping", () => {
  test("a port in use is named, with the ways to choose another", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const refusal = startHub({ port, dataDir: await makeDir() });
    await expect(refusal).rejects.toMatchObject({ code: "LISTEN_FAILED", details: { port } });
    await expect(refusal).rejects.toThrow(new RegExp(`${port}.*in use.*--port.*WSIGHT_PORT`));
  });

  test("an address of another machine is refused with its name", async () => {
    await expect(startHub({ host: "192.0.2.1" })).rejects.toThrow(/192\.0\.2\.1 is not an address of this machine/);
  });

  test.each([
    [{ port: 70_000 }, "port"],
    [{ port: 1.5 }, "port"],
    [{ maxViewers: 0 }, "maxViewers"],
    [{ requestsPerMinute: -1 }, "requestsPerMinute"],
  ])("%j is refused at once", async (setup, name) => {
    await expect(startHub(setup)).rejects.toMatchObject({ code: "BAD_OPTION", message: expect.stringContaining(name) });
  });

  test("viewers are told, the port is free again, and closing twice is fine", async () => {
    const hub = await startHub();
    const viewer = await watch(hub, {});
    const goodbye = once(viewer.socket, "close");
    await Promise.all([hub.close(), hub.close()]);
    expect((await goodbye)[0]).toBe(1001);
    await expect(ask(hub, "/healthz")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    const again = await startHub({ port: hub.port });
    expect((await ask(again, "/healthz")).status).toBe(200);
  });

  test("a viewer that never answers the goodbye delays nothing for long", async () => {
    const hub = await startHub();
    const viewer = await watch(hub, {});
    viewer.socket.pause();
    const startedAt = performance.now();
    await hub.close();
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });

  test("a process that closed its hub ends by itself", async () => {
    const dataDir = await makeDir();
    const script = `
      import { createHub } from "@wsight/hub";
      const hub = await createHub(${JSON.stringify({ port: 0, dataDir, dashboardDir: "/nonexistent" })});
      await fetch(hub.url + "/healthz");
      await hub.close();
      console.log("closed");`;
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 10_000 });
    expect((await run).stdout).toBe("closed\n");
  });

  test("the secret made at first start signs tokens from then on", async () => {
    const dataDir = await makeDir();
    const hub = await createHub({ port: 0, dataDir, dashboardDir: "/nonexistent", env: {} });
    onTestFinished(() => hub.close());
    const { resolveSecret, signToken } = await import("@wsight/hub");
    const { value } = await resolveSecret({ dataDir });
    expect(value).not.toBe(SECRET);
    const token = await signToken({ sub: "cli", role: "admin", ttlMs: 60_000 }, value);
    expect((await ask(hub, "/api/nodes", { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    expect((await ask(hub, "/api/nodes", { headers: await bearer() })).status).toBe(401);
  });
});
