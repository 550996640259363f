import type { Integration } from "../integration.ts";
import { express } from "./express.ts";
import { fastify } from "./fastify.ts";
import { hono } from "./hono.ts";
import { http, https } from "./http.ts";
import { ioredis } from "./ioredis.ts";
import { nodeRedis } from "./node-redis.ts";
import { pg } from "./pg.ts";
import { prisma } from "./prisma.ts";
import { socketIo } from "./socket-io.ts";
import { upstash } from "./upstash.ts";
import { ws } from "./ws.ts";

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
];
