import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import { createHttpClient, type HttpClient, until } from "@wsight/testkit";
// @ts-expect-error it ships no types
import express5 from "express";
// @ts-expect-error it ships no types
import express4 from "express4";
import fastify from "fastify";
import { Hono } from "hono";
import { Server as SocketIo } from "socket.io";
import { io as connectIo } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { createWatching, listening, type Watching } from "./http-support.ts";

// biome-ignore lint/suspicious/noExplicitAny: two versions of one library without types of their own
type Untyped = any;

const DURATION = "http.server.request.duration";
const ACTIVE = "http.server.active_requests";
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function watch(...targets: object[]): Watching {
  const watching = createWatching();
  for (const target of targets) watching.probe.attach(target);
  closers.push(
    () => expect(watching.faults).toEqual([]),
    () => watching.probe.close(),
  );
  return watching;
}

async function serve(server: Server): Promise<HttpClient> {
  if (!server.listening) await listening(server);
  const client = createHttpClient((server.address() as AddressInfo).port);
  closers.push(() => {
    client.close();
    server.closeAllConnections();
    server.close();
  });
  return client;
}

const counted = ({ link }: Watching, where = {}): number => link.histogram(DURATION, where).count;

/** Requests that are told, once a last one is. */
async function afterLast(watching: Watching, client: HttpClient, path = "/last"): Promise<number> {
  const before = counted(watching);
  await client.ask(path);
  await until(() => counted(watching) > before, { what: "the last request" });
  return counted(watching);
}

/** Waits until the probe has told what was until now. */
async function nextTick({ link }: Watching): Promise<void> {
  const { length } = link.seqs;
  await until(() => link.seqs.length > length + 1, { what: "the next snapshot" });
}

const routes = (watching: Watching): string[] => [...watching.link.labels(DURATION, "http.route")].sort();

describe("what is no HTTP request of the application", () => {
  it("are the polls of a Socket.IO server that is watched: they carry messages", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    const io = new SocketIo(server);
    io.on("connection", (socket) => socket.on("echo", (text, done) => done(text)));
    const watching = watch(io, server);
    const client = await serve(server);
    const { port } = server.address() as AddressInfo;
    for (const transports of [["polling"], ["websocket"], ["polling", "websocket"]]) {
      const socket = connectIo(`http://127.0.0.1:${port}`, { transports, forceNew: true });
      expect(await socket.emitWithAck("echo", "hello")).toBe("hello");
      socket.disconnect();
    }
    await client.ask("/socket.io/?EIO=4&transport=polling&sid=unknown");
    expect(await afterLast(watching, client)).toBe(1);
    expect(watching.link.sum(ACTIVE)).toBe(0);
    expect(watching.link.sum("websocket.server.messages")).toBeGreaterThan(5);
    expect(watching.link.sum("websocket.server.connections")).toBe(3);
    await io.close();
  });

  it("are upgrades, accepted or not", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    server.on("upgrade", (request, socket) => {
      socket.end(
        request.url === "/yes" ? "HTTP/1.1 101 Switching Protocols\r\n\r\n" : "HTTP/1.1 400 Bad Request\r\n\r\n",
      );
    });
    const watching = watch(server);
    const client = await serve(server);
    for (const path of ["/yes", "/no"]) {
      const socket = await client.connect();
      socket.resume().write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      await once(socket, "close");
    }
    expect(await afterLast(watching, client)).toBe(1);
    expect(watching.link.sum("http.server.aborted_requests")).toBe(0);
  });

  it("is what the application asks to disregard, also on a connection that carries others", async () => {
    const watching = createWatching();
    closers.push(() => watching.probe.close());
    const server = createServer((request, response) => {
      if (request.url === "/health") watching.probe.disregard(request);
      response.end("fine");
    });
    watching.probe.attach(server);
    const client = await serve(server);
    const agent = client.agent();
    for (let i = 0; i < 3; i++) {
      await client.ask("/health", { agent });
      await nextTick(watching);
    }
    expect(watching.link.sum("http.server.io")).toBe(0);
    for (const path of ["/ok", "/health", "/ok", "/health"]) await client.ask(path, { agent });
    expect(await afterLast(watching, client)).toBe(3);
    expect(watching.link.sum(ACTIVE)).toBe(0);
    watching.probe.disregard(null);
    watching.probe.disregard({ socket: "odd" });
    expect(watching.faults).toEqual([]);
  });
});

describe("a request that a server and an application see", () => {
  const listener = (express: Untyped): Untyped => {
    const app = express();
    app.get("/item/:id", (_q: Untyped, r: Untyped) => r.send("item"));
    return app;
  };

  it.each([
    ["Express 4", express4],
    ["Express 5", express5],
  ] as const)("is counted once, by the server's name and with the route of %s", async (_name, express) => {
    for (const appFirst of [true, false]) {
      const app = listener(express);
      const server = createServer(app);
      const watching = watch(...(appFirst ? [app, server] : [server, app]));
      const client = await serve(server);
      await client.ask("/item/7");
      await client.ask("/none");
      await until(() => counted(watching) === 2, { what: "2 requests" });
      expect(watching.link.labels(DURATION, "http.server")).toEqual(new Set(["http"]));
      expect(watching.link.labels(ACTIVE, "http.server")).toEqual(new Set(["http"]));
      expect(routes(watching)).toEqual(["", "/item/:id"]);
    }
  });

  it("is counted once with Fastify and with Hono", async () => {
    const app = fastify();
    app.get("/item/:id", async () => "item");
    await app.listen({ port: 0, host: "127.0.0.1" });
    closers.push(() => app.close());
    const first = watch(app, app.server);
    await (await serve(app.server)).ask("/item/7");
    await until(() => counted(first) === 1, { what: "a request" });
    expect(first.link.labels(DURATION, "http.server")).toEqual(new Set(["http"]));
    expect(routes(first)).toEqual(["/item/:id"]);

    const hono = new Hono().get("/item/:id", (c) => c.text("item"));
    const server = createAdaptorServer({ fetch: hono.fetch }) as Server;
    const second = watch(hono, server);
    await (await serve(server)).ask("/item/7");
    await until(() => counted(second) === 1, { what: "a request" });
    expect(second.link.labels(DURATION, "http.server")).toEqual(new Set(["http"]));
    expect(routes(second)).toEqual(["/item/:id"]);
  });
});

describe("routes of Express", () => {
  it.each([
    ["4", express4, "/wild/*"],
    ["5", express5, "/wild/*rest"],
  ] as const)(
    "in version %s are found through sub-applications, wrapped routers and odd mounts",
    async (_v, express, wild) => {
      const { Router } = express as Untyped;
      const app = (express as Untyped)();
      const leaf = Router();
      leaf.get("/leaf/:id", (_q: Untyped, r: Untyped) => r.send("leaf"));
      const sub = (express as Untyped)();
      sub.get("/page/:n", (_q: Untyped, r: Untyped) => r.send("page"));
      app.use("/admin/:who", sub);
      app.use("/lazy/:t", (q: Untyped, r: Untyped, next: Untyped) => leaf(q, r, next));
      app.use(/^\/t[a-z]+/, leaf);
      app.use("/deep/:a", Router().use("/:b", Router().use("/c", leaf)));
      app.get(wild, (_q: Untyped, r: Untyped) => r.send("wild"));
      app.all("/guarded/:id", (_q: Untyped, _r: Untyped, next: Untyped) => next());
      app.use("/guarded", (_q: Untyped, r: Untyped) => r.status(401).end());
      const server = createServer(app);
      const watching = watch(app);
      const client = await serve(server);
      const paths = ["/admin/ada/page/3", "/lazy/secret/leaf/9", "/tsecret/leaf/9", "/deep/x/y/c/leaf/9"];
      for (const path of [...paths, "/wild/secret/x", "/guarded/secret"]) await client.ask(path);
      await client.ask("/admin/ada/page/3", { method: "OPTIONS" });
      await until(() => counted(watching) === 7, { what: "7 requests" });
      const told = routes(watching);
      for (const route of ["/admin/:who/page/:n", "/deep/:a/:b/c/leaf/:id", "/lazy/:t/leaf/:id", wild, ""]) {
        expect(told).toContain(route);
      }
      expect(told).toHaveLength(6);
      expect(told.join()).toContain("/^\\/t[a-z]+/");
      expect(counted(watching, { "http.route": "", "http.response.status_code": "401" })).toBe(1);
      expect(watching.figures.sentText()).not.toContain("secret");
    },
  );

  it("are at most 200 for one server, the rest share a name", async () => {
    const app = (express5 as Untyped)();
    for (let i = 0; i < 230; i++) app.get(`/r${i}`, (_q: Untyped, r: Untyped) => r.end());
    const watching = watch(app);
    const client = await serve(createServer(app));
    const agent = client.agent();
    for (let i = 0; i < 230; i++) await client.ask(`/r${i}`, { agent });
    await until(() => counted(watching) === 230, { what: "230 requests" });
    expect(routes(watching)).toHaveLength(201);
    expect(counted(watching, { "http.route": "_other" })).toBe(30);
  });
});

describe("an application off Node's servers", () => {
  it("is Hono's by its fetch: counted until there is a response", async () => {
    const app = new Hono().get("/item/:id", (c) => c.text("item")).get("/boom", () => Promise.reject("no error"));
    const watching = watch(app);
    for (let i = 0; i < 3; i++) expect(await (await app.request("/item/7")).text()).toBe("item");
    expect((await app.fetch(new Request("http://a/none"))).status).toBe(404);
    await expect(Promise.resolve(app.request("/boom"))).rejects.toBe("no error");
    await until(() => counted(watching) === 4, { what: "4 requests" });
    expect(counted(watching, { "http.route": "/item/:id", "http.response.status_code": "200" })).toBe(3);
    expect(routes(watching)).toEqual(["", "/item/:id"]);
    expect(watching.link.sum("http.server.aborted_requests")).toBe(1);
    expect(watching.link.sum(ACTIVE)).toBe(0);
  });

  it("is Hono's where a handler throws what is no error at once: that comes out, and nothing stays under way", async () => {
    const app = new Hono().get("/thrown", () => {
      throw "no error";
    });
    const watching = watch(app);
    const meet = (): unknown => app.fetch(new Request("http://a/thrown"));
    for (let i = 0; i < 3; i++) expect(meet).toThrow("no error");
    await until(() => watching.link.sum("http.server.aborted_requests") === 3, { what: "3 requests without reply" });
    expect(watching.link.sum(ACTIVE)).toBe(0);
  });

  it("is Hono's where nobody catches what a handler rejects with: that is told to the process as without", async () => {
    const told: unknown[] = [];
    const hear = (reason: unknown): void => void told.push(reason);
    // The runner's own listener would take it for a failure of the test.
    const others = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection").on("unhandledRejection", hear);
    closers.push(() => {
      process.off("unhandledRejection", hear);
      for (const other of others) process.on("unhandledRejection", other);
    });
    const app = new Hono().get("/boom", () => Promise.reject("nobody's"));
    watch(app);
    void app.fetch(new Request("http://a/boom"));
    await until(() => told.length > 0, { what: "the unhandled rejection" });
    expect(told).toEqual(["nobody's"]);
  });
});

describe("status codes", () => {
  it("are told apart as registered, a few others too, the rest by their class, and what is none not at all", async () => {
    const server = createServer((request, response) => {
      const [, kind, code] = (request.url ?? "").split("/");
      if (kind === "status") response.writeHead(Number(code));
      if (kind === "odd") {
        response.flushHeaders();
        response.statusCode = code === "nan" ? Math.random() : ({ toString: () => "a secret" } as never);
      }
      response.end();
    });
    const watching = watch(server);
    const client = await serve(server);
    for (let code = 200; code < 1000; code++) await client.ask(`/status/${code}`);
    for (let i = 0; i < 5; i++) await client.ask("/odd/nan");
    await client.ask("/odd/object");
    await afterLast(watching, client);
    expect(counted(watching)).toBe(807);
    const codes = watching.link.labels(DURATION, "http.response.status_code");
    expect(codes.size).toBeLessThan(100);
    for (const code of ["200", "404", "418", "503", "2xx", "5xx", "9xx", "_other"]) expect(codes).toContain(code);
    expect(counted(watching, { "http.response.status_code": "_other" })).toBe(6);
  });
});

describe("Fastify", () => {
  it("is watched on every address it listens on, 404 and hooks included", async () => {
    const app = fastify();
    app.addHook("onRequest", async (request, reply) => (request.url === "/no" ? reply.code(401).send() : undefined));
    app.get("/item/:id", async () => "item");
    await app.listen({ port: 0, host: "localhost" });
    closers.push(() => app.close());
    const watching = watch(app);
    let asked = 0;
    for (const { address, family, port } of app.addresses() as unknown as AddressInfo[]) {
      const host = family === "IPv6" ? `[${address}]` : address;
      for (const path of ["/item/7", "/none", "/no"]) {
        await (await fetch(`http://${host}:${port}${path}`)).text();
        asked++;
      }
    }
    await until(() => counted(watching) === asked, { what: `${asked} requests` });
    expect(routes(watching)).toEqual(["", "/item/:id"]);
  });
});

describe("a handler that throws", () => {
  it("ends the process as it would unwatched", async () => {
    const ends: unknown[] = [];
    for (const watched of ["no", "yes"]) {
      const child = fork(new URL("./fixtures/http-crash.mjs", import.meta.url), [watched], { silent: true });
      let text = "";
      child.stderr?.on("data", (part) => {
        text += part;
      });
      const [code] = await once(child, "close");
      ends.push([code, text.includes("Error: thrown by the handler")]);
    }
    expect(ends).toEqual([
      [1, true],
      [1, true],
    ]);
  });
});

describe("faults of the probe", () => {
  it("leave every answer as it is, and switch counting off after ten", async () => {
    const handler: RequestListener = (_request, response) => void response.end("fine");
    const server = createServer(handler);
    // What Node publishes about a connection becomes unreadable.
    server.on("connection", (socket) => {
      Object.defineProperty(socket, "bytesRead", {
        configurable: true,
        get() {
          throw new Error("unreadable");
        },
      });
    });
    const watching = createWatching();
    closers.push(() => watching.probe.close());
    const attachment = watching.probe.attach(server);
    const client = await serve(server);
    for (let i = 0; i < 12; i++) expect((await client.ask("/")).body).toBe("fine");
    expect(watching.faults).toHaveLength(2);
    expect(attachment.finding.state).toBe("partial");
    expect(attachment.finding.notes[0]).toContain("switched off");
  });
});
