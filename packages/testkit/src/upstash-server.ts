import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { askRedis, type RedisPlace, type RespReply } from "./resp.ts";

/** An HTTP server that speaks Upstash's REST protocol in front of a Redis. */
export interface UpstashServer {
  readonly url: string;
  readonly token: string;
  /** Requests taken so far. */
  readonly requests: () => number;
  stop(): Promise<void>;
}

/** How it differs from a plain one. */
export interface UpstashServerOptions {
  /** Commands that are answered with an error, in capitals. @default none */
  readonly refuse?: readonly string[];
}

const TOKEN = "a-token-of-the-tests";

/** Starts one on a port of its own; `redis` may stop, start and freeze meanwhile. */
export async function startUpstash(redis: RedisPlace, options: UpstashServerOptions = {}): Promise<UpstashServer> {
  let requests = 0;
  const server = createServer((request, response) => {
    requests++;
    void answer(request, redis, options)
      .catch((error: unknown): Answer => ({ status: 500, body: { error: String(error) } }))
      .then(({ status, body }) => send(response, status, body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    token: TOKEN,
    requests: () => requests,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

async function answer(request: IncomingMessage, redis: RedisPlace, options: UpstashServerOptions): Promise<Answer> {
  if (request.headers.authorization !== `Bearer ${TOKEN}`)
    return { status: 401, body: { error: "WRONGPASS invalid or missing auth token" } };
  let text = "";
  for await (const chunk of request) text += String(chunk);
  const body = JSON.parse(text) as readonly unknown[];
  const encode = request.headers["upstash-encoding"] === "base64" ? base64 : (reply: RespReply): unknown => reply;
  const part = (reply: RespReply | undefined): { result?: unknown; error?: string } =>
    reply instanceof Error ? { error: reply.message } : { result: encode(reply ?? null) };
  const ask = (commands: readonly (readonly unknown[])[]): Promise<readonly RespReply[]> =>
    askAllowed(redis, commands, options.refuse ?? []);

  if (request.url === "/pipeline") {
    const replies = await ask(body as readonly (readonly unknown[])[]);
    return { status: 200, body: replies.map(part) };
  }
  if (request.url === "/multi-exec") {
    const replies = await ask([["MULTI"], ...(body as readonly (readonly unknown[])[]), ["EXEC"]]);
    const results = replies.at(-1);
    if (Array.isArray(results)) return { status: 200, body: results.map(part) };
    return { status: 400, body: { error: results instanceof Error ? results.message : "ERR discarded" } };
  }
  const [reply] = await ask([body]);
  return { status: reply instanceof Error ? 400 : 200, body: part(reply) };
}

async function askAllowed(
  redis: RedisPlace,
  commands: readonly (readonly unknown[])[],
  refused: readonly string[],
): Promise<readonly RespReply[]> {
  const name = String(commands[0]?.[0]).toUpperCase();
  if (refused.includes(name)) return [new Error(`ERR Command is not available: '${name}'`)];
  return askRedis(redis, commands);
}

/** As the service does: every string but `OK`. */
function base64(reply: RespReply): unknown {
  if (typeof reply === "string") return reply === "OK" ? reply : Buffer.from(reply).toString("base64");
  return Array.isArray(reply) ? reply.map(base64) : reply;
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
