import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { decodeProbeFrame } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import fastify from "fastify";
import { Hono } from "hono";
import { Server } from "socket.io";
import { io as connectIo } from "socket.io-client";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { type Monitor, type MonitorOptions, type MonitorTargets, monitor } from "wsight";

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function watch(targets: MonitorTargets, options: MonitorOptions = {}): Promise<Monitor> {
  const monitored = await monitor(targets, { port: 0, data: null, quiet: true, intervalMs: 100, ...options });
  cleanups.push(() => monitored.close());
  return monitored;
}

async function listening(server: HttpServer): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Reads what a probe tells: HTTP requests that ended, and those that are being answered. */
function read({ probe }: Monitor): () => { requests: number; active: number } {
  const metrics = new Map<number, string>();
  const values = new Map<number, number>();
  probe.connect({
    send(message) {
      const frame = decodeProbeFrame(message);
      if (frame.type === "names") for (const { id, series } of frame.names) metrics.set(id, series.metric.name);
      if (frame.type !== "snapshot") return true;
      for (const [id, value] of frame.gauges) values.set(id, value);
      for (const [id, { count }] of frame.histograms) values.set(id, count);
      return true;
    },
    onFrame() {},
    close() {},
  });
  const sum = (name: string): number =>
    [...values].reduce((all, [id, value]) => (metrics.get(id) === name ? all + value : all), 0);
  return () => ({ requests: sum("http.server.request.duration"), active: sum("http.server.active_requests") });
}

const found = ({ findings }: Monitor): string[] => findings.map(({ library, server }) => `${library} ${server}`);

describe("what is watched as HTTP", () => {
  it("is the server that was named, or else those that io and wss hang on, each once", async () => {
    const server = createServer();
    const io = new Server(server);
    const wss = new WebSocketServer({ server, path: "/echo" });
    cleanups.push(() => io.close());
    expect(found(await watch({ io, wss }, { hub: false }))).toEqual(["socket.io socket.io", "ws ws", "http http"]);
  });

  it("is the application alone where there is one, and the server's name wins where both are", async () => {
    const server = createServer();
    const io = new Server(server);
    cleanups.push(() => io.close());
    const first = await watch({ io, app: new Hono() }, { hub: false });
    expect(found(first)).toEqual(["socket.io socket.io", "hono hono"]);
    await first.close();
    expect(found(await watch({ app: new Hono(), server }, { hub: false }))).toEqual(["hono hono", "http http"]);
  });

  it("is a Fastify instance with its routes, passed as server or as app or as both", async () => {
    for (const name of ["server", "app", "both"]) {
      const app = fastify();
      cleanups.push(() => app.close());
      const targets = name === "both" ? { app, server: app } : { [name]: app };
      const monitored = await watch(targets, { hub: false });
      expect(found(monitored)).toEqual(["fastify fastify"]);
      await monitored.close();
    }
  });

  it("is refused with the line to write instead", async () => {
    const said = (targets: object): Promise<string> =>
      monitor(targets, { hub: false, quiet: true }).then(
        () => "",
        (error: Error) => error.message,
      );
    expect(await said({ app: createServer() })).toContain("await monitor({ server })");
    expect(await said({ app: { use() {}, callback() {}, listen() {} } })).toContain("Koa");
    expect(await said({ app: Object.assign(() => undefined, { use() {}, handle() {}, stack: [] }) })).toContain(
      "a router of Express",
    );
    expect(await said({ server: new Hono() })).toContain("const server = serve({ fetch: app.fetch");
    expect(await said({ app: {} })).toContain("expected an application of Express, Fastify or Hono");
  });

  it("needs no hub on this machine, but a mount does", async () => {
    const server = createServer();
    expect(found(await watch({ server }, { hub: false }))).toEqual(["http http"]);
    await expect(watch({ server }, { hub: false, mount: "/" })).rejects.toThrow("expected a hub on this machine");
  });
});

describe("requests to the dashboard on the application's own port", () => {
  it("are not counted, those of the application beside them are", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    const io = new Server(server);
    cleanups.push(() => io.close());
    const url = await listening(server);
    const monitored = await watch({ io, server }, { mount: "/" });
    const figures = read(monitored);
    for (const path of ["/dashboard", "/api/nodes", "/api/openapi.json", "/own", "/dashboard", "/own"]) {
      await (await fetch(url + path)).text();
    }
    const socket = connectIo(url, { transports: ["polling"], forceNew: true });
    await new Promise<void>((resolve) => socket.once("connect", resolve));
    socket.disconnect();
    await (await fetch(`${url}/own`)).text();
    await until(() => figures().requests >= 3, { what: "3 requests" });
    expect(figures()).toEqual({ requests: 3, active: 0 });
  });
});
