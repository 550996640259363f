import dns from "node:dns";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createSecureServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { networkInterfaces } from "node:os";
import type { Worker } from "node:worker_threads";
import { FORWARDED_HEADER } from "@wsight/hub/forwarded";
import { until } from "@wsight/testkit";
import fastify from "fastify";
import { Hono } from "hono";
import { Server as SocketIoServer } from "socket.io";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { type Monitor, type MonitorOptions, monitor } from "wsight";
import { makeCertificate } from "./certificate.ts";
import { ask, dial, exchange, signInAt, view } from "./mount-client.ts";
import { fixture } from "./program.ts";

const OPTIONS = { port: 0, data: null, quiet: true } as const;
const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function serve(server: Server = createServer((_request, response) => response.end("mine"))): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close().closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function mount(targets: object, options: MonitorOptions = {}): Promise<Monitor> {
  const monitored = await monitor(targets, { ...OPTIONS, ...options });
  cleanups.push(() => monitored.close());
  return monitored;
}

type Found = (...args: unknown[]) => void;

function lookupBoth(name: string, ...rest: [Found] | [{ all?: boolean }, Found]): void {
  const [options, done] = rest.length === 1 ? [{}, rest[0]] : rest;
  const all = [
    { address: "127.0.0.1", family: 4 },
    { address: "::1", family: 6 },
  ];
  const [first] = name === "::1" ? all.slice(1) : all;
  process.nextTick(() => (options.all ? done(null, all) : done(null, first?.address, first?.family)));
}

/** An address of this machine that is not loopback, as other machines come from. */
const OUTER = Object.values(networkInterfaces())
  .flatMap((list) => list ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

/** The worker threads that are started from now on. */
function watchWorkers(): readonly Worker[] {
  const workers: Worker[] = [];
  const onWorker = (worker: Worker): number => workers.push(worker);
  process.on("worker", onWorker);
  cleanups.push(() => process.off("worker", onWorker));
  return workers;
}

describe("where to mount", () => {
  it("is found by itself when what is watched hangs on one server", async () => {
    const server = createServer();
    const url = await serve(server);
    const io = new SocketIoServer(server);
    cleanups.push(() => io.close());
    const wss = new WebSocketServer({ noServer: true });
    const { mountedUrl } = await mount({ io, wss }, { mount: "/ops/" });
    expect(mountedUrl).toBe(`${url.replace("127.0.0.1", "localhost")}/ops/dashboard`);
  });

  it("is told when the server listens later, with the link that signs in", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    const monitored = await mount({ server });
    expect(monitored.mountedUrl).toBeNull();
    const url = await serve(server);
    expect(monitored.mountedUrl).toBe(`${url.replace("127.0.0.1", "localhost")}/dashboard`);
    await signInAt(url, monitored.link ?? "");
  });

  it("is printed once the server listens, and nothing of it keeps the process alive", async () => {
    const program = fixture("mount-then-listen.mjs");
    cleanups.push(() => program.child.kill("SIGKILL"));
    const [, port] = await program.saw(/listening (\d+)/);
    await until(() => program.stderr().includes(`open   http://localhost:${port}/ops/dashboard#code=`), {
      what: "the link",
    });
    program.child.kill("SIGTERM");
    expect((await program.ended).code).toBe(0);
  });

  it("covers each address of a Fastify instance that listens on localhost", async () => {
    // Whether localhost has two addresses is up to the machine; here it has.
    const { lookup } = dns;
    cleanups.push(() => Object.assign(dns, { lookup }));
    Object.assign(dns, { lookup: lookupBoth });
    const app = fastify();
    const monitored = await mount({ server: app });
    cleanups.push(() => app.close());
    await app.listen({ port: 0 });
    expect(monitored.mountedUrl).toMatch(/^http:\/\/localhost:\d+\/dashboard$/);
    const addresses = app.addresses() as AddressInfo[];
    expect(addresses).toHaveLength(2);
    for (const { family, address, port } of addresses) {
      const host = family === "IPv6" ? `[${address}]` : address;
      expect((await ask(`http://${host}:${port}/dashboard`)).status, address).toBe(200);
      expect((await ask(`http://${host}:${port}/nothing`)).status, address).toBe(404);
    }
  });

  const express = Object.assign(() => undefined, { use: () => undefined, listen: () => undefined });
  it.each([
    ["an Express app", () => express, "const server = app.listen(3000); await monitor({ server })"],
    ["a Hono app", () => new Hono(), "serve({ fetch: app.fetch, port: 3000 })"],
    ["an HTTP/2 server", () => createSecureServer({ ...makeCertificate() }), "an HTTP/2 server"],
    ["a Socket.IO server", () => new SocketIoServer(), "server: io.httpServer"],
    ["a port", () => 3000, "got 3000"],
  ])("is refused for %s, with what to write instead", async (_what, make, message) => {
    await expect(mount({ server: make() })).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining(message),
    });
  });

  it("is refused when it can't be guessed, or when no hub is here", async () => {
    const servers = [createServer(), createServer()];
    const wss = servers.map((server) => new WebSocketServer({ server }));
    await expect(mount({ wss }, { mount: "/" })).rejects.toThrow("io and wss hang on 2");
    await expect(mount({}, { mount: "/" })).rejects.toThrow("none of io and wss hangs on a server");
    await expect(mount({ server: servers[0] }, { hub: false, mount: "/" })).rejects.toThrow(
      "expected a hub on this machine",
    );
  });
});

describe("a mounted dashboard", () => {
  it("answers 503 while the hub is down, cuts no request of the application, and works again after", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    const url = await serve(server);
    const workers = watchWorkers();
    const monitored = await mount({ server }, { onError: () => undefined });
    const live = await view(url, await signInAt(url, monitored.link ?? ""));
    const closed = once(live.socket, "close");

    await workers[0]?.terminate();
    expect((await closed)[0]).toBe(1006);
    const away = await ask(`${url}/dashboard`);
    expect(away).toMatchObject({ status: 503, headers: { "retry-after": "2", "cache-control": "no-store" } });
    expect(JSON.parse(away.text)).toMatchObject({ error: { code: "NODE_AWAY" } });
    const path = "GET /ws/live HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    expect(await exchange(url, path)).toMatch(/^HTTP\/1\.1 503 [\s\S]*NODE_AWAY/);
    expect((await ask(`${url}/anything`)).text).toBe("mine");

    await until(async () => (await ask(`${url}/dashboard`)).status === 200, { what: "the hub's return" });
  });

  it("believes nobody outside who claims to be a server of ours", async () => {
    const server = createServer();
    const url = await serve(server);
    const monitored = await mount({ server });
    // Through the mount it is taken out; at the hub itself it is refused.
    const headers = { [FORWARDED_HEADER]: "W10.AAAA" };
    expect((await ask(`${url}/api/nodes`, { headers })).status).toBe(401);
    expect((await ask(`${monitored.url}/api/nodes`, { headers })).status).toBe(403);
  });

  it("is for this machine alone until somebody decides who may read it", async () => {
    const open = createServer();
    const decided = createServer();
    const [url, decidedUrl] = [await serve(open), await serve(decided)];
    await mount({ server: open });
    await mount({ server: decided }, { secret: "a-secret-for-tests-of-at-least-32-characters" });
    for (const headers of [{ "x-forwarded-for": "127.0.0.1" }, { forwarded: "for=127.0.0.1" }] as const) {
      const refused = await ask(`${url}/dashboard`, { headers: { ...headers } });
      expect(refused.status).toBe(403);
      expect(refused.text).toMatch(/WSIGHT_SECRET/);
      expect((await ask(`${decidedUrl}/dashboard`, { headers: { ...headers } })).status).toBe(200);
    }
    expect((await ask(`${url}/dashboard`)).status).toBe(200);
  });

  it.skipIf(OUTER === undefined)("is closed to other machines until somebody decides who may read it", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    server.listen(0, "0.0.0.0");
    await once(server, "listening");
    cleanups.push(() => server.close().closeAllConnections());
    await mount({ server });
    const { port } = server.address() as AddressInfo;
    const refused = await ask(`http://${OUTER}:${port}/dashboard`, { headers: { host: "localhost" } });
    expect(refused).toMatchObject({ status: 403, text: expect.stringContaining("WSIGHT_SECRET") });
    expect((await ask(`http://${OUTER}:${port}/anything`)).text).toBe("mine");
    expect((await ask(`http://127.0.0.1:${port}/dashboard`)).status).toBe(200);
  });

  it("passes a body on as it comes, and the hub's refusal of it back", async () => {
    const server = createServer();
    const url = await serve(server);
    await mount({ server });
    const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
    const session = `${url}/api/session`;
    const small = await ask(session, { method: "POST", headers, body: '{"code":"wrong"}' });
    expect(small).toMatchObject({ status: 401 });
    const large = await ask(session, { method: "POST", headers, body: `{"code":"${"x".repeat(500_000)}"}` });
    expect(large).toMatchObject({ status: 413 });
    const expecting = { "content-type": "application/json", "content-length": "16", expect: "100-continue" };
    expect((await ask(session, { method: "POST", headers: expecting, body: '{"code":"wrong"}' })).status).toBe(401);
  });

  it("lets go of clients that leave in the middle, and serves the next", async () => {
    const server = createServer();
    const url = await serve(server);
    const monitored = await mount({ server });
    const cookie = await signInAt(url, monitored.link ?? "");
    const beginnings = [
      "GET /dashboard HTTP/1.1\r\nhost: localhost\r\n\r\n",
      "POST /api/session HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{",
      `GET /ws/live HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\ncookie: ${cookie}\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    ];
    for (let i = 0; i < 60; i++) {
      const socket = await dial(url);
      socket.on("error", () => undefined);
      socket.write(beginnings[i % 3] ?? "");
      if (i % 2 === 0) setImmediate(() => socket.resetAndDestroy());
      else setImmediate(() => socket.end());
    }
    const connections = (): Promise<number> => new Promise((done) => server.getConnections((_error, n) => done(n)));
    await until(async () => (await connections()) === 0, { what: "no connection left", timeoutMs: 10_000 });
    expect((await ask(`${url}/api/session`, { headers: { cookie } })).status).toBe(200);
  });

  it("sends what a client sends right behind its handshake, and hears both ends go", async () => {
    const server = createServer();
    const url = await serve(server);
    const monitored = await mount({ server });
    const cookie = await signInAt(url, monitored.link ?? "");
    const socket = await dial(url);
    // A masked close frame, in the same packet as the handshake.
    const close = Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]);
    const handshake = `GET /ws/live HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\ncookie: ${cookie}\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`;
    let got = Buffer.alloc(0);
    socket.on("data", (part: Buffer) => {
      got = Buffer.concat([got, part]);
    });
    socket.write(Buffer.concat([Buffer.from(handshake), close]));
    await once(socket, "close");
    expect(got.toString("latin1")).toMatch(/^HTTP\/1\.1 101 Switching Protocols\r\n/);
    expect(got.subarray(-4)).toEqual(Buffer.from([0x88, 0x02, 0x03, 0xe8]));
  });

  it("is left alone by a ws server that refuses every path but its own, and leaves that path to it", async () => {
    const server = createServer();
    const url = await serve(server);
    const wss = new WebSocketServer({ server, path: "/chat" });
    wss.on("connection", (ws) => ws.on("message", (data) => ws.send(`echo: ${data}`)));
    const monitored = await mount({ wss }, { mount: "/" });
    const live = await view(url, await signInAt(url, monitored.link ?? ""));
    await until(() => live.ticks() >= 1, { what: "a tick" });
    const chat = new WebSocket(`${url.replace("http", "ws")}/chat`);
    await once(chat, "open");
    chat.send("hello");
    expect(String((await once(chat, "message"))[0])).toBe("echo: hello");
    chat.terminate();
    const refused = "GET /other HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n";
    expect(await exchange(url, refused)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it("does not keep a server open that the application closes", async () => {
    const server = createServer();
    const url = await serve(server);
    const monitored = await mount({ server });
    const live = await view(url, await signInAt(url, monitored.link ?? ""));
    const closed = once(live.socket, "close");
    await new Promise((done) => server.close(done));
    await closed;
  });

  it("says goodbye to viewers when it is closed, and gives the server back", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    const url = await serve(server);
    const monitored = await mount({ server });
    const live = await view(url, await signInAt(url, monitored.link ?? ""));
    const closed = once(live.socket, "close");
    await monitored.close();
    await closed;
    expect((await ask(`${url}/dashboard`)).text).toBe("mine");
    expect(Object.hasOwn(server, "emit")).toBe(false);
  });
});
