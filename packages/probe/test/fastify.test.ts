import { contractReplies, httpContract, inContext } from "@wsight/testkit";
import fastify, { type FastifyInstance } from "fastify";
import { createSubject } from "./http-support.ts";

async function addRoutes(app: FastifyInstance): Promise<void> {
  app.addHook("onRequest", (request, reply, next) => {
    if (request.raw.url === "/blocked") void reply.code(403).send("blocked");
    else inContext(next);
  });
  app.addContentTypeParser("*", (_request, payload, done) => {
    payload.resume();
    payload.on("end", () => done(null, null));
  });
  app.get("/ok", async () => "ok");
  app.get("/fresh", (_request, reply) => reply.code(304).send());
  app.all("/any", async () => "any");
  app.get("/files/:number(^\\d+$)", async () => "file");
  app.get("/passed/:tenant", (_request, reply) => reply.callNotFound());
  app.get("/slow", () => contractReplies.slow());
  for (const name of ["chunks", "stream", "big"] as const) {
    app.get(`/${name}`, (_request, reply) => {
      reply.hijack();
      contractReplies[name](reply.raw);
    });
  }
  app.route({ url: "/hang", method: ["GET", "POST"], handler: () => new Promise(() => undefined) });
  app.get("/context", (...args) => contractReplies.context(args.length, args[0].raw, args[1].raw));
  await app.register(
    async (api) => {
      api.get("/users/:id", async () => "user");
      api.post("/users", { schema: {} }, async (_request, reply) => reply.code(201).send("made"));
      api.get("/boom", async () => {
        throw new Error("boom");
      });
    },
    { prefix: "/api/:tenant" },
  );
  for (const prefix of ["/twice-a", "/twice-b"]) {
    await app.register(async (twice) => void twice.get("/:id", async () => "twice"), { prefix });
  }
}

httpContract({
  name: "Fastify 5",
  server: "fastify",
  routes: {
    ok: "/ok",
    user: "/api/:tenant/users/:id",
    users: "/api/:tenant/users",
    any: "/any",
    file: "/files/:number(^\\d+$)",
    boom: "/api/:tenant/boom",
    blocked: "",
    passedOn: "/passed/:tenant",
    twice: ["/twice-a/:id", "/twice-b/:id"],
  },
  start(watch) {
    const app = fastify({ forceCloseConnections: true });
    return createSubject({
      server: app.server,
      target: app,
      watch,
      addRoutes: () => addRoutes(app),
      listen: () => app.listen({ port: 0, host: "127.0.0.1" }),
      close: () => app.close(),
    });
  },
});
