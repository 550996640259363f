import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { contractReplies, httpContract, inContext } from "@wsight/testkit";
import { Hono } from "hono";
import { createSubject, listening } from "./http-support.ts";

type App = Hono<{ Bindings: HttpBindings }>;

/** Text bit by bit; after a `null` it never goes on. */
function begun(...parts: (string | null)[]): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      for (const part of parts) if (part !== null) controller.enqueue(part);
      if (!parts.includes(null)) controller.close();
    },
  });
}

function addRoutes(app: App): void {
  app.use("*", (_c, next) => inContext(next));
  app.use("/blocked/*", async (c, next) => (c.req.path === "/blocked" ? c.text("blocked", 403) : next()));
  app.get("/ok", (c) => c.text("ok"));
  app.get("/fresh", (c) => c.body(null, 304));
  app.all("/any", (c) => c.text("any"));
  app.get("/files/:number{[0-9]+}", (c) => c.text("file"));
  app.get("/passed/:tenant", (_c, next) => next());
  app.get("/slow", async (c) => c.text(await contractReplies.slow()));
  app.get("/chunks", () => new Response(begun("one ", "two ", "three").pipeThrough(new TextEncoderStream())));
  app.get("/stream", (c) => c.body(begun("begun", null).pipeThrough(new TextEncoderStream())));
  app.get("/big", (c) => c.text("x".repeat(4_000_000)));
  app.all("/hang", () => new Promise<Response>(() => undefined));
  app.get("/context", async (...args) => {
    const [c] = args;
    const { incoming, outgoing } = c.env;
    return c.text(await contractReplies.context(args.length, incoming as IncomingMessage, outgoing as ServerResponse));
  });
  const api: App = new Hono();
  const users: App = new Hono();
  users.get("/:id", (c) => c.text("user"));
  users.post("/", (c) => c.text("made", 201));
  api.route("/users", users);
  api.get("/boom", () => {
    throw new Error("boom");
  });
  api.onError((error, c) => c.text(error.message, 500));
  app.route("/api/:tenant", api);
  const twice: App = new Hono();
  twice.get("/:id", (c) => c.text("twice"));
  app.route("/twice-a", twice);
  app.route("/twice-b", twice);
}

httpContract({
  name: "Hono",
  server: "hono",
  routes: {
    ok: "/ok",
    user: "/api/:tenant/users/:id",
    users: "/api/:tenant/users",
    any: "/any",
    file: "/files/:number{[0-9]+}",
    boom: "/api/:tenant/boom",
    blocked: "",
    passedOn: "",
    twice: ["/twice-a/:id", "/twice-b/:id"],
  },
  start(watch) {
    const app: App = new Hono();
    const server = createAdaptorServer({ fetch: app.fetch }) as Server;
    return createSubject({
      server,
      target: app,
      touched: [app.router],
      watch,
      addRoutes: () => addRoutes(app),
      listen: () => listening(server),
    });
  },
});
