import { AsyncLocalStorage } from "node:async_hooks";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Histogram, Labels } from "@wsight/protocol";
import { afterEach, describe, expect, it } from "vitest";
import { createHttpClient, type HttpClient } from "./http-client.ts";
import { until } from "./until.ts";

/** What a hub would know of the figures, as the contract reads them. */
export interface HttpFigures {
  readonly sum: (metric: string, where?: Labels) => number;
  readonly histogram: (metric: string, where?: Labels) => Histogram;
  /** Everything that was sent so far, as text. */
  readonly sentText: () => string;
}

/** A running application of a variant. */
export interface HttpSubject {
  readonly port: number;
  readonly server: Server;
  readonly figures: HttpFigures;
  /** Watches everything that {@link HttpVariant.start} watched, once more. */
  readonly watchAgain: () => void;
  /** Stops watching. */
  readonly detach: () => void;
  /** Objects that watching may touch: server, application, router. */
  readonly touched: readonly object[];
  readonly close: () => Promise<void>;
}

/** Patterns as they should be told; `""` where the variant has no routes. */
export interface HttpRoutes {
  readonly ok: string;
  readonly user: string;
  readonly users: string;
  readonly any: string;
  readonly file: string;
  readonly boom: string;
  /** Middleware answers `/blocked`. */
  readonly blocked: string;
  /** A route that passes its request on, which nobody takes then. */
  readonly passedOn: string;
  /** Mounted at two places. */
  readonly twice: readonly [string, string];
}

/** An integration under the contract. */
export interface HttpVariant {
  readonly name: string;
  readonly secure?: boolean;
  readonly routes: HttpRoutes;
  /** Name its series carry. */
  readonly server: string;
  /** False where the application is only found by the requests that reach it. @default true */
  readonly seesServer?: boolean;
  /** Starts the application of {@link contractReplies}; `watch` says when it is watched. */
  readonly start: (watch: "before routes" | "after listen" | "never") => Promise<HttpSubject>;
}

const DURATION = "http.server.request.duration";
const ACTIVE = "http.server.active_requests";
const ABORTED = "http.server.aborted_requests";
const IO = "http.server.io";
const BIG = Buffer.alloc(4_000_000, "x");

/** A value that a tenant's path carries and that must never be told. */
const TENANT = "tenant-c0ffee";
const USER = "user-1337";

const store = new AsyncLocalStorage<string>();

/** Runs what a server does with a request in an asynchronous context of its own. */
export function inContext<T>(fn: () => T): T {
  return store.run("context of the application", fn);
}

/** What the replies of a variant's routes are, so that all variants do the same; `raw` are Node's own. */
export const contractReplies = {
  async slow(): Promise<string> {
    await wait(60);
    return "slow";
  },
  /** Begins a reply that never ends. */
  stream(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("begun");
  },
  chunks(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write("one ");
    response.write("two ");
    response.end("three");
  },
  big(response: ServerResponse): void {
    response.end(BIG);
  },
  /** What a handler may notice. */
  async context(args: number, request: IncomingMessage, response: ServerResponse): Promise<string> {
    const before = store.getStore();
    await wait(1);
    const seen = (thing: object): string[] => Reflect.ownKeys(thing).map(String).sort();
    const listeners = (thing: { eventNames(): (string | symbol)[]; listenerCount(name: string | symbol): number }) =>
      thing.eventNames().map((name) => `${String(name)} ${thing.listenerCount(name)}`);
    return JSON.stringify({
      args,
      store: [before, store.getStore()],
      request: [seen(request), listeners(request)],
      response: [seen(response), listeners(response)],
      socket: [seen(request.socket), listeners(request.socket)],
      constructors: [request, response, request.socket].map((thing) => thing.constructor.name),
    });
  },
} as const;

/** Runs the contract of integrations that watch HTTP against one of them. */
export function httpContract(variant: HttpVariant): void {
  const { routes, server: name } = variant;
  const closers: (() => unknown)[] = [];

  afterEach(async () => {
    for (const close of closers.splice(0)) await close();
  });

  async function start(
    watch: Parameters<HttpVariant["start"]>[0] = "after listen",
  ): Promise<HttpSubject & { client: HttpClient }> {
    const subject = await variant.start(watch);
    const client = createHttpClient(subject.port, variant.secure);
    closers.push(() => client.close(), subject.close);
    return Object.assign(subject, { client });
  }

  const requests = ({ figures }: HttpSubject, where: Labels = {}): number => figures.histogram(DURATION, where).count;
  const told = (subject: HttpSubject, count: number, where: Labels = {}): Promise<unknown> =>
    until(() => requests(subject, where) >= count, { what: `${count} requests ${JSON.stringify(where)}` });
  const label = (method: string, status: number, route: string): Labels => ({
    "http.server": name,
    "http.request.method": method,
    "http.response.status_code": String(status),
    "http.route": route,
  });

  describe(`${variant.name}: HTTP requests`, () => {
    it("are counted by method, status and route, exactly", async () => {
      const subject = await start();
      const { ask } = subject.client;
      const agent = subject.client.agent();
      for (let i = 0; i < 3; i++) await ask("/ok", { agent });
      await ask("/ok", { method: "HEAD" });
      await ask(`/api/${TENANT}/users/${USER}`, { agent });
      await ask(`/api/${TENANT}/users?token=${TENANT}`, { method: "POST", body: "{}" });
      await ask("/any", { method: "PUT" });
      await ask("/any", { method: "DELETE" });
      await ask("/files/42");
      await ask(`/nothing/${TENANT}`, { agent });
      await ask("/blocked");
      await ask("/fresh", { agent });
      await ask("/chunks", { agent });
      await ask(`/passed/${TENANT}`);
      await ask("/ok", { method: "PROPFIND" });
      const expected: [Labels, number][] = [
        [label("GET", 200, routes.ok), 3],
        [label("HEAD", 200, routes.ok), 1],
        [label("GET", 200, routes.user), 1],
        [label("POST", 201, routes.users), 1],
        [label("PUT", 200, routes.any), 1],
        [label("DELETE", 200, routes.any), 1],
        [label("GET", 200, routes.file), 1],
        [label("GET", 403, routes.blocked), 1],
        [label("GET", 404, routes.passedOn), routes.passedOn === "" ? 2 : 1],
      ];
      await told(subject, 15);
      if (routes.ok !== "") {
        for (const [where, count] of expected) expect([where, requests(subject, where)]).toEqual([where, count]);
      }
      expect(requests(subject)).toBe(15);
      expect(requests(subject, { "http.response.status_code": "304" })).toBe(1);
      expect(requests(subject, { "http.request.method": "_OTHER" })).toBe(1);
      expect(subject.figures.sum(ABORTED)).toBe(0);
      expect(subject.figures.sum(ACTIVE)).toBe(0);
    });

    it("never tell a path, a parameter, a query or an id", async () => {
      const subject = await start("before routes");
      const { ask } = subject.client;
      await ask(`/api/${TENANT}/users/${USER}?secret=${TENANT}`);
      await ask(`/${TENANT}`);
      await ask(`/api/${TENANT}`);
      await ask(`/api/${TENANT}/boom`);
      await ask(`/twice-a/${TENANT}`);
      await ask(`/twice-b/${TENANT}`);
      await ask(`/API/${TENANT}/users/${USER}`);
      await ask(`/api/${TENANT}/users/%ff`);
      await told(subject, 8);
      expect(subject.figures.sentText()).not.toContain(TENANT);
      expect(subject.figures.sentText()).not.toContain(USER);
    });

    it("of what is mounted twice, or fails below a mount with a parameter, are told by pattern", async () => {
      const subject = await start("before routes");
      const { ask } = subject.client;
      await ask(`/twice-a/${TENANT}`);
      await ask(`/twice-b/${TENANT}`);
      await ask(`/twice-b/${TENANT}`);
      const failed = await ask(`/api/${TENANT}/boom`);
      expect(failed.status).toBe(500);
      await told(subject, 4);
      if (routes.ok === "") return;
      expect(requests(subject, label("GET", 200, routes.twice[0]))).toBe(1);
      expect(requests(subject, label("GET", 200, routes.twice[1]))).toBe(2);
      expect(requests(subject, label("GET", 500, routes.boom))).toBe(1);
    });

    it("take as long as an independent clock says", async () => {
      const subject = await start();
      const agent = subject.client.agent();
      let seconds = 0;
      for (let i = 0; i < 5; i++) {
        const begin = performance.now();
        await subject.client.ask("/slow", { agent });
        seconds += (performance.now() - begin) / 1000;
      }
      await told(subject, 5);
      const { sum, count, max } = subject.figures.histogram(DURATION);
      expect(count).toBe(5);
      // Timers may fire a millisecond early; the client sees the way there and back too.
      expect(sum).toBeGreaterThan(5 * 0.058);
      expect(sum).toBeLessThan(seconds);
      expect(max).toBeLessThan(0.5);
    });

    it("that are pipelined, or come by ten connections at once, are counted one by one", async () => {
      const subject = await start();
      const socket = await subject.client.connect();
      socket.write("GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\n\r\n".repeat(3));
      await Promise.all(Array.from({ length: 10 }, () => subject.client.ask("/slow")));
      await told(subject, 16);
      expect(requests(subject)).toBe(16);
      expect(subject.figures.sum(ACTIVE)).toBe(0);
      expect(subject.figures.sum(ABORTED)).toBe(0);
    });

    it("are active while they are being answered, and aborted when the client leaves", async () => {
      const subject = await start();
      const { client, figures } = subject;
      const cut: Socket[] = [];
      for (const path of ["/hang", "/hang", "/stream"]) cut.push(await writing(client, path));
      cut.push(await writing(client, "/hang", "POST", "Content-Length: 100\r\n", "half"));
      // Two more wait behind one that is not answered.
      cut.push(await writing(client, "/hang", "GET", "", "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2)));
      await until(() => figures.sum(ACTIVE) === 7, { what: "7 active requests" });
      for (const [i, socket] of cut.entries()) {
        if (i % 2 === 0 || variant.secure === true) socket.destroy();
        else socket.resetAndDestroy();
      }
      await until(() => figures.sum(ABORTED) === 7, { what: "7 aborted requests" });
      await client.ask("/ok");
      await told(subject, 1);
      expect(figures.sum(ACTIVE)).toBe(0);
      expect(figures.sum(ABORTED)).toBe(7);
      expect(requests(subject)).toBe(1);
      expect(figures.sum(ABORTED, { "http.request.method": "POST" })).toBe(1);
    });

    it("whose reply is cut off half way are aborted, though Node says that it was sent", async () => {
      const subject = await start();
      const socket = await writing(subject.client, "/big");
      socket.pause();
      await until(() => subject.figures.sum(ACTIVE) === 1, { what: "an active request" });
      socket.destroy();
      await until(() => subject.figures.sum(ABORTED) === 1, { what: "an aborted request" });
      expect(requests(subject)).toBe(0);
      expect(subject.figures.sum(ACTIVE)).toBe(0);
    });

    it("do not make the number of active ones drift, however they end", async () => {
      const subject = await start();
      const { client, figures } = subject;
      for (let round = 0; round < 4; round++) {
        const sockets = await Promise.all(
          Array.from({ length: 10 }, (_, i) => writing(client, i % 2 === 0 ? "/hang" : "/stream")),
        );
        await client.ask("/ok");
        for (const socket of sockets) socket.destroy();
      }
      await until(() => figures.sum(ABORTED) === 40, { what: "40 aborted requests" });
      expect(figures.sum(ACTIVE)).toBe(0);
      await told(subject, 4);
      expect(requests(subject)).toBe(4);
    });

    it("are counted with every byte of their connections", async () => {
      const subject = await start();
      const socket = await subject.client.connect();
      let received = 0;
      socket.on("data", (chunk: Buffer) => {
        received += chunk.length;
      });
      const question = "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";
      for (let i = 0; i < 5; i++) {
        socket.write(question);
        await once(socket, "data");
      }
      socket.write(question.replace("Host: a", "Host: a\r\nConnection: close"));
      await once(socket, "close");
      const sent = 5 * question.length + question.length + "Connection: close\r\n".length;
      const direction = (text: string): Labels => ({ "network.io.direction": text });
      await until(() => subject.figures.sum(IO, direction("receive")) >= sent, { what: "all bytes" });
      await told(subject, 6);
      expect(subject.figures.sum(IO, direction("receive"))).toBe(sent);
      expect(subject.figures.sum(IO, direction("transmit"))).toBe(received);
    });

    it("are answered by handlers that notice nothing", async () => {
      const seen: string[] = [];
      for (const watch of ["never", "before routes", "after listen"] as const) {
        const subject = await start(watch);
        const { body } = await subject.client.ask("/context", { agent: subject.client.agent() });
        seen.push(body);
        if (watch !== "never") await told(subject, 1);
      }
      expect(JSON.parse(seen[0] as string).store).toEqual(Array(2).fill("context of the application"));
      expect(seen[1]).toBe(seen[0]);
      expect(seen[2]).toBe(seen[0]);
    });

    it("fail as they would unwatched", async () => {
      const plain = await start("never");
      const watched = await start("before routes");
      for (const path of [`/api/${TENANT}/boom`, "/nothing", "/blocked"]) {
        const [a, b] = [await plain.client.ask(path), await watched.client.ask(path)];
        expect([b.status, b.body]).toEqual([a.status, a.body]);
      }
    });

    it("count once, however often they are watched", async () => {
      const subject = await start();
      subject.watchAgain();
      await subject.client.ask("/ok");
      await subject.client.ask("/nothing");
      await told(subject, 2);
      expect(requests(subject)).toBe(2);
      expect(subject.figures.sum(ACTIVE)).toBe(0);
    });

    it("are left alone after detaching, and nothing of ours stays", async () => {
      const subject = await start("never");
      const agent = subject.client.agent();
      // From the second request on a connection is as it stays.
      await subject.client.ask("/context", { agent });
      const unwatched = (await subject.client.ask("/context", { agent })).body;
      const before = subject.touched.map(fingerprint);
      subject.watchAgain();
      await subject.client.ask("/ok", { agent });
      await subject.client.ask(`/api/${TENANT}/users/${USER}`, { agent });
      await told(subject, 2);
      subject.detach();
      expect((await subject.client.ask("/context", { agent })).body).toBe(unwatched);
      expect(subject.touched.map(fingerprint)).toEqual(before);
      for (const name of ["http.server.request.start", "http.server.response.finish"]) {
        expect([name, channel(name).hasSubscribers]).toEqual([name, false]);
      }
      expect(requests(subject)).toBe(2);
    });

    it("find their server among the components, while it listens", async () => {
      const subject = await start();
      await subject.client.ask("/ok");
      const where = { "component.kind": "network", "component.name": name };
      await until(() => subject.figures.sum("wsight.component.up", where) === 1, { what: "the server to be up" });
      subject.client.close();
      subject.server.closeAllConnections();
      subject.server.close();
      await until(() => subject.figures.sum("wsight.component.up", where) === 0, { what: "the server to be down" });
    });

    it("find out how many connections their server has", async () => {
      const subject = await start();
      const sockets = [await writing(subject.client, "/hang"), await writing(subject.client, "/hang")];
      const open = (): number => subject.figures.sum("http.server.active_connections");
      await until(() => open() === 2, { what: "2 connections" });
      for (const socket of sockets) socket.destroy();
      await until(() => open() === 0, { what: "no connection" });
    });
  });
}

/** A connection on which a request was written. */
async function writing(client: HttpClient, path: string, method = "GET", headers = "", after = ""): Promise<Socket> {
  const socket = await client.connect();
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n${after}`);
  return socket;
}

/** Everything about an object that watching might change. */
function fingerprint(thing: object): unknown {
  const names = [thing, Object.getPrototypeOf(thing) as object].flatMap((one) =>
    Reflect.ownKeys(one).map((key) => {
      const { value, get } = Object.getOwnPropertyDescriptor(one, key) ?? {};
      return [String(key), typeof value === "function" ? value : typeof value, get];
    }),
  );
  const { eventNames, listenerCount } = thing as Partial<Server>;
  const listeners = eventNames?.call(thing).map((event) => [event, listenerCount?.call(thing, event)]);
  return { names, listeners };
}
