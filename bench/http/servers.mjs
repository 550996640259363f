// The servers that are compared: one route with a parameter, of each library,
// watched in one of the ways. Each returns Node's server, not listening yet.
import { createServer } from "node:http";
import { createProbe } from "@wsight/probe";
import prom from "prom-client";

const REPLY = { id: 7, name: "somebody", tags: ["a", "b"] };
const SECONDS = 1e-9;

/** What people write with prom-client: one histogram by method, route and status. */
function promTimer() {
  const histogram = new prom.Histogram({
    name: "http_request_duration_seconds",
    help: "seconds",
    labelNames: ["method", "route", "status_code"],
    registers: [new prom.Registry()],
  });
  return () => {
    const began = process.hrtime.bigint();
    return (method, route, status) =>
      histogram.observe({ method, route, status_code: status }, Number(process.hrtime.bigint() - began) * SECONDS);
  };
}

const LIBRARIES = {
  async http(around) {
    const server = createServer((request, response) => {
      around.before?.(request, response);
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(REPLY));
    });
    return { server, target: server };
  },
  async "express 5"(around) {
    const { default: express } = await import("express");
    const app = express();
    if (around.express) app.use(around.express);
    const router = express.Router();
    router.get("/users/:id", (_request, response) => response.json(REPLY));
    app.use("/api/:tenant", router);
    return { server: createServer(app), target: app };
  },
  async fastify(around) {
    const { default: fastify } = await import("fastify");
    const app = fastify();
    around.fastify?.(app);
    app.get("/api/:tenant/users/:id", async () => REPLY);
    await app.ready();
    return { server: app.server, target: app };
  },
  async hono(around) {
    const { Hono } = await import("hono");
    const { createAdaptorServer } = await import("@hono/node-server");
    const { routePath } = await import("hono/route");
    const app = new Hono();
    if (around.hono) app.use((c, next) => around.hono(c, next, routePath));
    app.get("/api/:tenant/users/:id", (c) => c.json(REPLY));
    return { server: createAdaptorServer({ fetch: app.fetch }), target: app };
  },
};

function byProm() {
  const begin = promTimer();
  return {
    before(request, response) {
      const done = begin();
      response.once("finish", () => done(request.method, "", response.statusCode));
    },
    express(request, response, next) {
      const done = begin();
      response.once("finish", () => done(request.method, request.baseUrl + request.route?.path, response.statusCode));
      next();
    },
    fastify(app) {
      app.addHook("onRequest", (request, _reply, next) => {
        request.promDone = begin();
        next();
      });
      app.addHook("onResponse", (request, reply, next) => {
        request.promDone(request.method, request.routeOptions.url, reply.statusCode);
        next();
      });
    },
    async hono(c, next, routePath) {
      const done = begin();
      await next();
      done(c.req.method, routePath(c, -1), c.res.status);
    },
  };
}

export const NAMES = Object.keys(LIBRARIES);
export const WAYS = ["none", "wsight", "prom-client"];

/** Makes the server of a library, watched in a way. */
export async function makeServer(library, way) {
  const { server, target } = await LIBRARIES[library](way === "prom-client" ? byProm() : {});
  if (way === "wsight") createProbe({ service: "bench" }).attach(target);
  return server;
}
