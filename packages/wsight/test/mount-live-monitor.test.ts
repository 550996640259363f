import { type EventEmitter, once } from "node:events";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { signToken } from "@wsight/hub";
import { until } from "@wsight/testkit";
import { Server } from "socket.io";
import { io as connectIo, type Socket } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { type MonitorOptions, type MonitorTargets, monitor } from "wsight";
import { ask, exchange, signInAt } from "./mount-client.ts";

const SECRET = "a-secret-for-tests-of-at-least-32-characters";
const OPTIONS = { port: 0, data: null, quiet: true, secret: SECRET, mount: "/" } as const;
const TRANSPORTS = ["polling", "websocket"] as const;
const OURS = "/socket.io/";
const ASIDE = "/wsight/socket.io/";
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface App {
  readonly server: HttpServer;
  readonly url: string;
}

/** An application that answers what it is asked, and says where it was asked. */
async function startApp(): Promise<App> {
  const server = createServer((request: IncomingMessage, response) =>
    response.writeHead(404).end(`app ${request.url}`),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** A Socket.IO of the application, which says `theirs` to whoever connects. */
function chatOn(server: HttpServer, options: ConstructorParameters<typeof Server>[1] = {}): Server {
  const io = new Server(server, options);
  io.on("connection", (socket) => socket.emit("hello", "theirs"));
  cleanups.push(() => io.close());
  return io;
}

async function watch(
  targets: MonitorTargets,
  options: MonitorOptions = {},
): Promise<Awaited<ReturnType<typeof monitor>>> {
  const monitored = await monitor(targets, { ...OPTIONS, ...options });
  cleanups.push(() => monitored.close());
  return monitored;
}

function connect(url: string, path: string, transport: string): Socket {
  const client = connectIo(url, {
    path,
    transports: [transport],
    forceNew: true,
    reconnection: false,
    auth: async (answer) => answer({ token: await signToken({ sub: "ann", role: "viewer", ttlMs: 60_000 }, SECRET) }),
  });
  cleanups.push(() => client.disconnect());
  return client;
}

/** Whose Socket.IO answers at a path: `theirs`, `ours`, or nobody's. */
async function whose(url: string, path: string, transport: string): Promise<string> {
  const client = connect(url, path, transport);
  return new Promise((resolve) => {
    client.once("hello", resolve);
    client.once("initialData", () => resolve("ours"));
    client.once("connect_error", () => resolve("nobody's"));
  });
}

/** The same for every transport. */
async function expectAt(url: string, path: string, owner: string): Promise<void> {
  for (const transport of TRANSPORTS) expect(await whose(url, path, transport), `${path} ${transport}`).toBe(owner);
}

describe("the live monitor through a mount", () => {
  it.each(["/", "/ops"])("is at %s, with every event at its beat", async (mount) => {
    const { server, url } = await startApp();
    const monitored = await watch({ server }, { mount, intervalMs: 100, mediumIntervalMs: 200, slowIntervalMs: 400 });
    monitored.probe.trackConnectionOpened({ connectionId: "1" });
    monitored.probe.trackConnectionOpened({ connectionId: "2" });
    const path = `${mount === "/" ? "" : mount}/socket.io/`;
    for (const transport of TRANSPORTS) {
      const client = connect(url, path, transport);
      const heard = new Map<string, Record<string, unknown>[]>();
      client.onAny((event, payload) => heard.set(event, [...(heard.get(event) ?? []), payload]));
      await until(() => (heard.get("system-metrics")?.length ?? 0) >= 4, { what: "four beats" });
      expect([...heard.keys()].sort()).toEqual(
        [
          "authenticated",
          "basic-metrics",
          "cache-metrics",
          "database-metrics",
          "initialData",
          "network-metrics",
          "queue-status",
          "system-metrics",
        ].sort(),
      );
      await until(() => heard.get("basic-metrics")?.at(-1)?.connections === 2, { what: "the connections" });
      expect(await client.emitWithAck("unsubscribe", "system-metrics")).toMatchObject({ ok: true });
      client.disconnect();
    }
    if (mount !== "/")
      expect((await ask(`${url}/socket.io/?EIO=4&transport=polling`)).text).toContain("app /socket.io/");
  });

  it("tells of the application's own requests, exactly, and not of its own", async () => {
    const { server, url } = await startApp();
    await watch({ server }, { intervalMs: 100, mediumIntervalMs: 100, slowIntervalMs: 100 });
    const client = connect(url, OURS, "polling");
    let network: Record<string, unknown> = {};
    let system: Record<string, unknown> = {};
    client.on("network-metrics", (payload) => {
      network = payload;
    });
    client.on("system-metrics", (payload) => {
      system = payload;
    });
    for (let i = 0; i < 7; i++) await ask(`${url}/thing/${i}`, { method: i < 2 ? "POST" : "GET" });
    await until(() => (network.responseTimeMs as { count?: number })?.count === 7, { what: "the requests" });
    expect(network).toMatchObject({
      status: "up",
      requests: { total: 7 },
      statusCodes: { 404: { total: 7 } },
      methods: { GET: { total: 5 }, POST: { total: 2 } },
      errorRatio: 0,
    });
    await until(() => system.status === "up", { what: "the host" });
    expect(system).toMatchObject({
      host: { platform: process.platform, cpuModel: expect.any(String), cpus: expect.any(Number) },
      application: { memoryBytes: expect.any(Number) },
    });
    if (process.platform === "linux")
      await until(() => (system.memory as { usedBytes?: number }).usedBytes, { what: "its memory" });
  });

  it("takes the cookie of a dashboard that is open", async () => {
    const { server, url } = await startApp();
    const monitored = await watch({ server });
    const extraHeaders = { cookie: await signInAt(url, monitored.link ?? ""), origin: url };
    for (const transport of TRANSPORTS) {
      const client = connectIo(url, { transports: [transport], extraHeaders, forceNew: true });
      cleanups.push(() => client.disconnect());
      await once(client as unknown as EventEmitter, "initialData");
      const foreign = { ...extraHeaders, origin: "https://evil.example" };
      const evil = connectIo(url, {
        transports: [transport],
        extraHeaders: foreign,
        forceNew: true,
        reconnection: false,
      });
      const [error] = await once(evil as unknown as EventEmitter, "connect_error");
      expect(error).toBeInstanceOf(Error);
    }
  });
});

describe("an application's own Socket.IO at the same path", () => {
  it("keeps it when it was passed, and ours is aside", async () => {
    const { server, url } = await startApp();
    const io = chatOn(server);
    await watch({ io, server });
    await expectAt(url, OURS, "theirs");
    await expectAt(url, ASIDE, "ours");
  });

  it("keeps it when nobody passed it", async () => {
    const { server, url } = await startApp();
    chatOn(server);
    await watch({ server });
    await expectAt(url, OURS, "theirs");
    await expectAt(url, ASIDE, "ours");
  });

  it("keeps it when it is there by polling alone, or by WebSockets alone", async () => {
    for (const transport of TRANSPORTS) {
      const { server, url } = await startApp();
      chatOn(server, { transports: [transport], serveClient: transport === "websocket" });
      await watch({ server });
      expect(await whose(url, OURS, transport)).toBe("theirs");
      await expectAt(url, ASIDE, "ours");
    }
  });

  it("gets it when it comes later", async () => {
    const { server, url } = await startApp();
    await watch({ server });
    await expectAt(url, OURS, "ours");
    chatOn(server);
    await expectAt(url, OURS, "theirs");
  });

  it("is no reason when it is known to be somewhere else", async () => {
    const { server, url } = await startApp();
    const io = chatOn(server, { path: "/chat/" });
    await watch({ io, server });
    await expectAt(url, "/chat/", "theirs");
    await expectAt(url, OURS, "ours");
  });

  it("is assumed when nobody knows where it is", async () => {
    const { server, url } = await startApp();
    chatOn(server, { path: "/chat/" });
    await watch({ server });
    await expectAt(url, "/chat/", "theirs");
    await expectAt(url, OURS, "nobody's");
    await expectAt(url, ASIDE, "ours");
  });

  it("is assumed when somebody else takes upgrades, but not of ws", async () => {
    const plain = await startApp();
    const wss = new WebSocketServer({ server: plain.server, path: "/ws/chat" });
    cleanups.push(() => wss.close());
    await watch({ wss, server: plain.server });
    await expectAt(plain.url, OURS, "ours");
    const proxy = await startApp();
    proxy.server.on("upgrade", (_request, socket) => socket.destroy());
    await watch({ server: proxy.server });
    await expectAt(proxy.url, OURS, "nobody's");
    await expectAt(proxy.url, ASIDE, "ours");
  });

  it("answers byte for byte as without us", async () => {
    const { server, url } = await startApp();
    chatOn(server, { cookie: false, cors: { origin: "https://app.example" } });
    const requests = [
      "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: a\r\norigin: https://app.example\r\nconnection: close\r\n\r\n",
      "OPTIONS /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nhost: a\r\norigin: https://x.example\r\nconnection: close\r\n\r\n",
      "POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\n40",
      "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nhost: a\r\nupgrade: websocket\r\nconnection: upgrade, close\r\n\r\n",
      "GET /socket.io/socket.io.js.map?x HTTP/1.1\r\nhost: a\r\nif-none-match: x\r\nconnection: close\r\n\r\n",
      "GET /socket.io HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n",
    ];
    const answers = async (): Promise<string[]> => {
      const all: string[] = [];
      for (const request of requests) all.push((await exchange(url, request)).replace(/"sid":"[^"]*"/, '"sid":""'));
      return all;
    };
    const before = await answers();
    await watch({ server });
    expect(await answers()).toEqual(before);
  });
});
