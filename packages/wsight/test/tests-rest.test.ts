import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { LoadResult, PoolTestResult, TestList, TestRecord } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { Server } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { monitor } from "wsight";
import { childrenOf, isRunning, wsight } from "./program.ts";

/** Polling asks more often than people do. */
const OPTIONS = { port: 0, data: null, quiet: true, requestsPerMinute: 100_000 } as const;
/** The message at which the server stands still: of 10 connections that send 20 a second, after two seconds. */
const HOLD_AT = 400;
const BOTH = { what: "both servers", timeoutMs: 15_000 };
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Tester {
  get<T>(path: string): Promise<T>;
  start(kind: string, body: object): Promise<string>;
  ended(id: string): Promise<TestRecord>;
}

/** Signs in by the one-time link, as an administrator. */
async function signIn(link: string): Promise<Tester> {
  const { origin, hash } = new URL(link);
  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const reply = await fetch(origin + path, {
      ...init,
      headers: { "content-type": "application/json", origin, cookie },
    });
    if (!reply.ok) throw new Error(`${path}: ${reply.status} ${await reply.text()}`);
    return reply;
  };
  let cookie = "";
  const code = hash.slice("#code=".length);
  const reply = await call("/api/session", { method: "POST", body: JSON.stringify({ code }) });
  cookie = reply.headers.get("set-cookie")?.split(";")[0] ?? "";
  const get = async <T>(path: string): Promise<T> => (await (await call(path)).json()) as T;
  return {
    get,
    start: async (kind, body) => {
      const started = await call(`/api/tests/${kind}`, { method: "POST", body: JSON.stringify(body) });
      return ((await started.json()) as { id: string }).id;
    },
    ended: (id) =>
      until(
        async () => {
          const record = await get<TestRecord>(`/api/tests/${id}`);
          return record.state !== "running" && record;
        },
        { what: "the end of the test", timeoutMs: 30_000 },
      ) as Promise<TestRecord>,
  };
}

async function startServers(): Promise<{ io: Server; wss: WebSocketServer; port: number; wsPort: number }> {
  const server = createServer();
  const io = new Server(server);
  const wss = new WebSocketServer({ port: 0, host: "127.0.0.1", path: "/echo" });
  io.on("connection", (socket) => socket.on("message", (question, ack) => ack?.(question)));
  let heard = 0;
  wss.on("connection", (ws) =>
    ws.on("message", (data) => {
      // The loop stands still once, in the middle of the load.
      if (++heard === HOLD_AT) {
        const end = performance.now() + 400;
        while (performance.now() < end);
      }
      ws.send(data);
    }),
  );
  server.listen(0, "127.0.0.1");
  await Promise.all([once(server, "listening"), once(wss, "listening")]);
  cleanups.push(() => io.close());
  cleanups.push(() => {
    for (const client of wss.clients) client.terminate();
    wss.close();
  });
  return { io, wss, port: (server.address() as AddressInfo).port, wsPort: (wss.address() as AddressInfo).port };
}

describe("tests over the API", () => {
  it("know the application's own servers, and put its side beside the client's", async () => {
    const { io, wss, port, wsPort } = await startServers();
    const monitored = await monitor({ io, wss }, { ...OPTIONS, service: "chat", instance: "a" });
    cleanups.push(() => monitored.close());
    const { get, start, ended } = await signIn(monitored.link ?? "");
    const wsUrl = `ws://127.0.0.1:${wsPort}/echo`;
    const ioUrl = `http://127.0.0.1:${port}/socket.io/`;
    await until(async () => (await get<TestList>("/api/tests")).targets.length === 2, BOTH);
    const { targets } = await get<TestList>("/api/tests");
    expect(targets).toEqual(
      expect.arrayContaining([
        { url: wsUrl, library: "ws", nodes: ["chat/a"] },
        { url: ioUrl, library: "socket.io", nodes: ["chat/a"] },
      ]),
    );

    const pool = await ended(await start("pool", { url: ioUrl, connections: 6 }));
    const spread = pool.result as PoolTestResult;
    expect(spread, JSON.stringify(pool)).toMatchObject({ opened: 6, knownBy: "wsight", unknown: 0 });
    expect(spread.workers).toEqual([{ worker: "chat/a", connections: 6 }]);

    const body = { url: wsUrl, profile: "custom", connections: 10, interval: 0.05, duration: 4, ramp: 0.2 };
    const load = await ended(await start("load", body));
    const { server, workers, connections } = load.result as LoadResult;
    expect(connections.opened).toBe(10);
    expect(server, JSON.stringify(load.result)).toMatchObject({
      node: "chat/a",
      nodes: [{ node: "chat/a", connections: 10 }],
    });
    expect(workers).toEqual([{ worker: "chat/a", connections: 10 }]);
    expect(server?.stalls.length).toBeGreaterThan(0);
    expect(server?.loopLagP99).toBeGreaterThan(0);
    expect(server?.cpu).toBeGreaterThan(0);
    const { clientLag = 0, loopDelay = 0, handler = 0, rest = 0 } = server?.split ?? {};
    const average = (load.result as LoadResult).messages.latency?.avg ?? 0;
    expect(clientLag + loopDelay + handler + rest).toBeCloseTo(average, 6);

    const html = await get<unknown>(`/api/tests/${load.id}/report?format=json`);
    expect(html).toMatchObject({ server: { node: "chat/a" } });
  }, 60_000);

  it("end with the monitor, and leave no process behind", async () => {
    const { io, wss, wsPort } = await startServers();
    const monitored = await monitor({ io, wss }, { ...OPTIONS });
    cleanups.push(() => monitored.close());
    const { get, start } = await signIn(monitored.link ?? "");
    const url = `ws://127.0.0.1:${wsPort}/echo`;
    await until(async () => (await get<TestList>("/api/tests")).targets.length === 2, BOTH);
    const before = await childrenOf(process.pid);
    const id = await start("load", { url, profile: "soak", connections: 5 });
    await until(() => wss.clients.size >= 5, { what: "connections of the test", timeoutMs: 20_000 });
    expect(await get<TestList>("/api/tests")).toMatchObject({ running: id });
    const started = (await childrenOf(process.pid)).filter((pid) => !before.includes(pid));
    const below = await Promise.all(started.map((pid) => childrenOf(pid)));
    const all = [...started, ...below.flat()];
    expect(all.length).toBeGreaterThan(0);
    await monitored.close();
    await until(async () => !(await Promise.all(all.map((pid) => isRunning(pid)))).includes(true), {
      what: "the end of every process",
      timeoutMs: 15_000,
    });
    await until(() => wss.clients.size === 0, { what: "the end of every connection", timeoutMs: 15_000 });
  }, 60_000);

  it("are run by a hub alone too, against applications of this machine that joined it", async () => {
    const program = wsight(["hub", "--port", "0", "--data", "none"], { WSIGHT_REQUESTS_PER_MINUTE: "100000" });
    cleanups.push(() => program.child.kill("SIGTERM"));
    const link = await until(() => /http:\/\/\S+#code=[\w-]+/.exec(program.stdout())?.[0] ?? "", {
      what: "the link",
      timeoutMs: 15_000,
    });
    const { io, wss, wsPort } = await startServers();
    const { port } = new URL(link);
    const joined = await monitor({ io, wss }, { ...OPTIONS, port: Number(port), service: "chat", instance: "b" });
    cleanups.push(() => joined.close());
    const { get, start, ended } = await signIn(link);
    await until(async () => (await get<TestList>("/api/tests")).targets.length === 2, BOTH);
    const url = `ws://127.0.0.1:${wsPort}/echo`;
    expect(await ended(await start("server", { url }))).toMatchObject({ kind: "server", error: null, target: url });
  }, 60_000);
});
