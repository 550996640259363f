import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { until } from "@wsight/testkit";
// @ts-expect-error it ships no types
import express from "express";
import { expect, onTestFinished, test } from "vitest";
import { createWatching } from "./http-support.ts";

const ROUTE: unique symbol = Symbol.for("wsight.route") as never;

/** Asks each path once, and says under which routes that was counted. */
async function routesOf(
  listener: Parameters<typeof createServer>[1],
  paths: readonly string[],
): Promise<readonly string[]> {
  const { probe, link } = createWatching();
  const server = createServer(listener);
  probe.attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    probe.close();
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  for (const path of paths) await (await fetch(`http://127.0.0.1:${port}${path}`)).text();
  const counted = (): string[] =>
    [...link.labels("http.server.request.duration", "http.route")].flatMap((route) => {
      const { count } = link.histogram("http.server.request.duration", { "http.route": route });
      return new Array<string>(count).fill(route);
    });
  await until(() => counted().length === paths.length, { what: "the requests" });
  return counted().sort();
}

test("a router of one's own says the pattern at the request, and nothing else is taken for one", async () => {
  const said: Readonly<Record<string, unknown>> = {
    "/users/7": "/users/:id",
    "/number": 7,
    "/object": { path: "/object" },
    "/null": null,
  };
  const routes = await routesOf(
    (request: IncomingMessage & { route?: unknown; [ROUTE]?: unknown }, response) => {
      // What others put there may be a concrete path.
      request.route = { path: request.url };
      request[ROUTE] = said[request.url ?? ""];
      response.end();
    },
    ["/users/7", "/number", "/object", "/null", "/none"],
  );
  expect(routes).toEqual(["", "", "", "", "/users/:id"]);
});

test("a route of Express, which does not know what it is mounted below, is not taken for the pattern", async () => {
  const app = express();
  const router = express.Router();
  router.get("/users/:id", (_request: IncomingMessage, response: ServerResponse) => response.end());
  app.use("/tenants/:tenant", router);
  expect(await routesOf(app, ["/tenants/acme/users/7"])).toEqual([""]);
});
