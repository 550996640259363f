import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import fastify from "fastify";
import { Hono } from "hono";
import { makeCertificate } from "./certificate.ts";

/** A small application of some framework: `GET /api/users`, `POST /upload`, `GET /dashboards`, and nothing else. */
export interface App {
  /** What its author passes to `monitor` as `server`. */
  readonly target: unknown;
  readonly server: Server;
  readonly url: string;
  close(): Promise<unknown>;
}

/** How each framework's application is started. */
export const APPS: readonly { readonly name: string; readonly start: () => Promise<App> }[] = [
  { name: "http", start: async () => listening(createServer(plain)) },
  { name: "https", start: async () => listening(createHttpsServer(makeCertificate(), plain)) },
  { name: "Express 4", start: async () => startExpress("express4") },
  { name: "Express 5", start: async () => startExpress("express") },
  { name: "Fastify 5", start: startFastify },
  { name: "Hono", start: startHono },
];

const USERS = { users: ["ada", "grace"] };

/** Waits until a server listens on a free port. */
export async function listening(server: Server, target: unknown = server): Promise<App> {
  if (!server.listening) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
  }
  const { port } = server.address() as AddressInfo;
  return {
    target,
    server,
    url: `${"setSecureContext" in server ? "https" : "http"}://127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const plain: RequestListener = async (request, response) => {
  const json = (value: unknown): unknown =>
    response.writeHead(200, { "content-type": "application/json", "x-app": "yes" }).end(JSON.stringify(value));
  if (request.url === "/api/users") json(USERS);
  else if (request.url === "/dashboards") json({ mine: true });
  else if (request.url === "/upload") json({ bytes: await count(request) });
  else response.writeHead(404).end("no such page");
};

async function count(request: IncomingMessage): Promise<number> {
  let bytes = 0;
  for await (const part of request) bytes += (part as Buffer).length;
  return bytes;
}

interface ReplyLike {
  set(name: string, value: string): ReplyLike;
  json(value: unknown): void;
}

interface ExpressLike {
  get(path: string, handle: (request: IncomingMessage, response: ReplyLike) => unknown): void;
  post(path: string, handle: (request: IncomingMessage, response: ReplyLike) => unknown): void;
  listen(port: number, host: string): Server;
}

async function startExpress(version: "express" | "express4"): Promise<App> {
  // @ts-expect-error it ships no types
  const make = version === "express" ? import("express") : import("express4");
  const app: ExpressLike = (await make).default();
  app.get("/api/users", (_request, response) => response.set("x-app", "yes").json(USERS));
  app.get("/dashboards", (_request, response) => response.json({ mine: true }));
  app.post("/upload", async (request, response) => response.json({ bytes: await count(request) }));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  return listening(server);
}

async function startFastify(): Promise<App> {
  const app = fastify({ forceCloseConnections: true });
  app.get("/api/users", async (_request, reply) => reply.header("x-app", "yes").send(USERS));
  app.get("/dashboards", async () => ({ mine: true }));
  app.addContentTypeParser("*", async (_request: unknown, payload: IncomingMessage) => count(payload));
  app.post("/upload", async (request) => ({ bytes: request.body }));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { ...(await listening(app.server, app)), close: () => app.close() };
}

async function startHono(): Promise<App> {
  const app = new Hono();
  app.get("/api/users", (context) => context.json(USERS, 200, { "x-app": "yes" }));
  app.get("/dashboards", (context) => context.json({ mine: true }));
  app.post("/upload", async (context) => context.json({ bytes: (await context.req.arrayBuffer()).byteLength }));
  const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }) as Server;
  await once(server, "listening");
  return listening(server);
}
