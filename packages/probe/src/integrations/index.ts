import type { Integration } from "../integration.ts";
import { bullmq } from "./bullmq/bullmq.ts";
import { ioredis } from "./cache/ioredis.ts";
import { nodeRedis } from "./cache/node-redis.ts";
import { upstash } from "./cache/upstash.ts";
import { pg } from "./database/pg.ts";
import { prisma } from "./database/prisma.ts";
import { express } from "./http/express.ts";
import { fastify } from "./http/fastify.ts";
import { hono } from "./http/hono.ts";
import { http, https } from "./http/http.ts";
import { socketIo } from "./socket-io/socket-io.ts";
import { ws } from "./ws/ws.ts";

/** Every library wsight can watch, the more specific ones first. */
export const integrations: readonly Integration[] = [
  socketIo,
  ws,
  fastify,
  express,
  hono,
  http,
  https,
  ioredis,
  nodeRedis,
  upstash,
  pg,
  prisma,
  bullmq,
];
