import { createServer } from "node:http";
import { contractReplies, type HttpRoutes, httpContract, inContext } from "@wsight/testkit";
// @ts-expect-error it ships no types
import express5 from "express";
// @ts-expect-error it ships no types
import express4 from "express4";
import { createSubject, listening } from "./http-support.ts";

// biome-ignore lint/suspicious/noExplicitAny: two versions of one library without types of their own
type Untyped = any;

const ROUTES: HttpRoutes = {
  ok: "/ok",
  user: "/api/:tenant/users/:id",
  users: "/api/:tenant/users",
  any: "/any",
  file: "/^\\/files\\/(\\d+)$/",
  boom: "/api/:tenant/boom",
  blocked: "",
  passedOn: "",
  twice: ["/twice-a/:id", "/twice-b/:id"],
};

function addRoutes(express: Untyped, app: Untyped): void {
  app.use((_q: Untyped, _r: Untyped, next: () => void) => inContext(next));
  app.get("/ok", (_q: Untyped, r: Untyped) => r.send("ok"));
  app.get("/fresh", (_q: Untyped, r: Untyped) => r.status(304).end());
  app.all("/any", (_q: Untyped, r: Untyped) => r.send("any"));
  app.get(/^\/files\/(\d+)$/, (_q: Untyped, r: Untyped) => r.send("file"));
  app.use("/blocked", (_q: Untyped, r: Untyped) => r.status(403).send("blocked"));
  app.get("/passed/:tenant", (_q: Untyped, _r: Untyped, next: () => void) => next());
  app.get("/slow", async (_q: Untyped, r: Untyped) => r.send(await contractReplies.slow()));
  app.get("/chunks", (_q: Untyped, r: Untyped) => contractReplies.chunks(r));
  app.get("/stream", (_q: Untyped, r: Untyped) => contractReplies.stream(r));
  app.get("/big", (_q: Untyped, r: Untyped) => contractReplies.big(r));
  app.all("/hang", () => undefined);
  app.get("/context", async (...args: Untyped[]) =>
    args[1].send(await contractReplies.context(args.length, args[0], args[1])),
  );
  const users = express.Router({ mergeParams: true });
  users.get("/:id", (_q: Untyped, r: Untyped) => r.send("user"));
  users.post("/", (_q: Untyped, r: Untyped) => r.status(201).send("made"));
  const api = express.Router({ mergeParams: true });
  api.use("/users", users);
  api.get("/boom", () => {
    throw new Error("boom");
  });
  app.use("/api/:tenant", api);
  const twice = express.Router();
  twice.get("/:id", (_q: Untyped, r: Untyped) => r.send("twice"));
  app.use("/twice-a", twice);
  app.use("/twice-b", twice);
  app.use((error: Error, _q: Untyped, r: Untyped, _next: unknown) => r.status(500).send(error.message));
}

for (const [name, express] of [
  ["Express 4", express4],
  ["Express 5", express5],
] as const) {
  httpContract({
    name,
    server: "express",
    routes: ROUTES,
    start(watch) {
      const app = (express as Untyped)();
      app.set("env", "test");
      const server = createServer(app);
      return createSubject({
        server,
        target: app,
        watch,
        addRoutes: () => addRoutes(express, app),
        listen: () => listening(server),
      });
    },
  });
}
