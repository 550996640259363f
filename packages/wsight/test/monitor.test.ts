import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Worker } from "node:worker_threads";
import { until } from "@wsight/testkit";
import { Server } from "socket.io";
import { io as connectIo } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Monitor, type MonitorOptions, monitor } from "wsight";
import { signIn } from "./hub-client.ts";
import { fixture } from "./program.ts";

const OPTIONS = { port: 0, data: null, quiet: true } as const;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function watch(targets: object, options: MonitorOptions = {}): Promise<Monitor> {
  const monitored = await monitor(targets, { ...OPTIONS, ...options });
  cleanups.push(() => monitored.close());
  return monitored;
}

async function startServers(): Promise<{ url: string; io: Server; wss: WebSocketServer }> {
  const server = createServer();
  const io = new Server(server, { destroyUpgrade: false });
  const wss = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/echo") wss.handleUpgrade(request, socket, head, (ws) => wss.emit("connection", ws, request));
  });
  io.on("connection", (socket) => socket.on("ask", (question, ack) => ack(question)));
  wss.on("connection", (ws) => ws.on("message", (data) => ws.send(data)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => io.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, io, wss };
}

async function openEcho(url: string): Promise<WebSocket> {
  const ws = new WebSocket(`${url.replace("http", "ws")}/echo`);
  cleanups.push(() => ws.terminate());
  await once(ws, "open");
  return ws;
}

async function echo(ws: WebSocket, text: string): Promise<string> {
  const answer = once(ws, "message");
  ws.send(text);
  return String((await answer)[0]);
}

interface Summary {
  connections: { total: number; created: number };
  messages: { latency: { count: number } };
}

describe("monitor", () => {
  it("shows within three seconds what real servers do, to whoever has the link", async () => {
    const { url, io, wss } = await startServers();
    const startedAt = performance.now();
    const monitored = await watch({ io, wss });
    const ws = await openEcho(url);
    await echo(ws, "hello");
    const client = connectIo(url, { transports: ["websocket"] });
    cleanups.push(() => client.disconnect());
    await client.emitWithAck("ask", 1);
    const hub = await signIn(monitored.link ?? "");
    await until(
      async () => {
        const summary = (await hub.get("/api/websocket/metrics/")) as Summary;
        return summary.connections.total === 2;
      },
      { what: "both connections" },
    );
    expect(performance.now() - startedAt).toBeLessThan(8000);
    expect(monitored.findings.map(({ library }) => library)).toEqual(["socket.io", "ws", "http"]);
    expect(monitored.link).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dashboard#code=[\w-]{24}$/);
  });

  it("takes arrays of servers", async () => {
    const servers = [new WebSocketServer({ noServer: true }), new WebSocketServer({ noServer: true })];
    const { findings } = await watch({ wss: servers }, { hub: false });
    expect(findings.map(({ server }) => server)).toEqual(["ws", "ws-2"]);
  });

  it("only measures with hub: false", async () => {
    const { url, wss } = await startServers();
    const monitored = await watch({ wss }, { hub: false });
    expect([monitored.url, monitored.link]).toEqual([null, null]);
    await echo(await openEcho(url), "hello");
    expect(monitored.probe.getSummary().connections.created).toBe(1);
  });

  it("rejects when the port is taken, says how to choose another, and leaves nothing behind", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    cleanups.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const wss = new WebSocketServer({ noServer: true });
    const before = wss.eventNames();
    await expect(monitor({ wss }, { ...OPTIONS, port })).rejects.toMatchObject({
      code: "LISTEN_FAILED",
      message: expect.stringMatching(new RegExp(`Port ${port} on 127.0.0.1 is in use.*--port or WSIGHT_PORT`)),
    });
    expect(wss.eventNames()).toEqual(before);
  });

  it("rejects when others could read it and nobody said who may", async () => {
    await expect(monitor({}, { ...OPTIONS, host: "0.0.0.0" })).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining("WSIGHT_SECRET"),
    });
  });

  it("lets in whom the application's authenticate callback knows, and nobody when it throws", async () => {
    const failures: unknown[] = [];
    const monitored = await watch(
      {},
      {
        authenticate: async ({ headers }) => {
          if (headers["x-user"] === "broken") throw new Error("the user database is down");
          return headers["x-user"] === "ada" ? { sub: "ada", role: "viewer" } : null;
        },
        onError: (error, { stage }) => failures.push([stage, String(error)]),
      },
    );
    const statusFor = async (user: string): Promise<number> =>
      (await fetch(`${monitored.url}/api/nodes`, { headers: { "x-user": user } })).status;
    expect([await statusFor("ada"), await statusFor("eve"), await statusFor("broken")]).toEqual([200, 401, 401]);
    expect(failures).toEqual([["authenticate", "Error: the user database is down"]]);
  });

  it("closes twice without harm, detaches, and frees its port", async () => {
    const wss = new WebSocketServer({ noServer: true });
    const monitored = await watch({ wss });
    await Promise.all([monitored.close(), monitored.close()]);
    expect(monitored.findings).toEqual([]);
    await expect(fetch(`${monitored.url}/healthz`)).rejects.toThrow();
    expect(process.listeners("beforeExit").some(({ name }) => name.includes("close"))).toBe(false);
  });
});

describe("a hub that is killed", () => {
  it("leaves the application alone, comes back on its port, is linked anew, and says so", async () => {
    const workers: Worker[] = [];
    const onWorker = (worker: Worker): number => workers.push(worker);
    process.on("worker", onWorker);
    cleanups.push(() => process.off("worker", onWorker));
    const failures: string[] = [];
    const { url, wss } = await startServers();
    const monitored = await watch({ wss }, { onError: (error, { stage }) => failures.push(`${stage}: ${error}`) });
    const ws = await openEcho(url);
    await echo(ws, "before");

    await workers[0]?.terminate();
    expect(await echo(ws, "while it is down")).toBe("while it is down");

    await until(async () => (await fetch(`${monitored.url}/healthz`).catch(() => null))?.ok === true, {
      what: "the hub's return",
    });
    const hub = await signIn(monitored.link ?? "");
    await until(async () => ((await hub.get("/api/websocket/metrics/")) as Summary).connections.created === 1, {
      what: "the counts from before",
    });
    expect(await hub.hubRow()).toMatchObject({ restarts: 1, lastRestart: "exit code 1" });
    expect(failures).toEqual([
      expect.stringMatching(
        /^hub-worker: Error: ended: exit code 1\. The application goes on; the hub restarts in 0\.[23] s$/,
      ),
    ]);
  });

  it("does not let the one-time link be used again", async () => {
    const workers: Worker[] = [];
    const onWorker = (worker: Worker): number => workers.push(worker);
    process.on("worker", onWorker);
    cleanups.push(() => process.off("worker", onWorker));
    const monitored = await watch({}, { onError: () => undefined });
    await signIn(monitored.link ?? "");
    await workers[0]?.terminate();
    await until(async () => (await fetch(`${monitored.url}/healthz`).catch(() => null))?.ok === true, {
      what: "the hub's return",
    });
    await expect(signIn(monitored.link ?? "")).rejects.toThrow("401");
  });
});

describe("a process that is monitored", () => {
  it("ends within half a second when it has nothing to do but being watched", async () => {
    const script = fixture("attach-only.mjs");
    cleanups.push(() => script.child.kill("SIGKILL"));
    const { code } = await script.ended;
    expect([code, script.stderr()]).toEqual([0, ""]);
    expect(script.stdout()).toMatch(/^null \d+\n$/);
    expect(Number(script.stdout().split(" ")[1])).toBeLessThan(500);
  });

  it("ends in good order with a hub too", async () => {
    const data = await mkdtemp(join(tmpdir(), "wsight-monitor-"));
    cleanups.push(() => rm(data, { recursive: true }));
    const script = fixture("attach-only.mjs", { DATA: data });
    cleanups.push(() => script.child.kill("SIGKILL"));
    const { code } = await script.ended;
    expect([code, script.stderr()]).toEqual([0, ""]);
    expect(script.stdout()).toMatch(/^http:\/\/127\.0\.0\.1:\d+ \d+\n$/);
    expect(Number(script.stdout().split(" ")[1])).toBeLessThan(1000);
  });

  it("may block its event loop: the dashboard answers meanwhile, and shows the stall afterwards", async () => {
    const app = fixture("blocked.mjs");
    cleanups.push(() => app.child.kill("SIGKILL"));
    const link = (await app.saw(/link (\S+)/))[1] ?? "";
    const hub = await signIn(link);
    await until(async () => ((await hub.get("/api/nodes")) as { nodes: unknown[] }).nodes.length === 1, {
      what: "the node",
    });
    app.child.kill("SIGUSR2");
    const answeredIn: number[] = [];
    const blockedUntil = performance.now() + 2500;
    while (performance.now() < blockedUntil) {
      const askedAt = performance.now();
      await hub.get("/api/nodes");
      answeredIn.push(performance.now() - askedAt);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(app.stdout()).not.toContain("unblocked");
    expect(Math.max(...answeredIn)).toBeLessThan(1000);
    await app.saw(/unblocked/);
    await until(
      async () => {
        const { nodes } = (await hub.get("/api/nodes")) as { nodes: { loopLagP99: number | null }[] };
        return (nodes[0]?.loopLagP99 ?? 0) > 2;
      },
      { what: "the stall" },
    );
    app.child.kill("SIGTERM");
    expect((await app.ended).code).toBe(0);
  });
});
