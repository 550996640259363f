import { asFields, describe, WsightError } from "@wsight/protocol";
import type { MonitorTargets } from "./monitor-options.ts";
import { type AppServer, findServer, parseServer, serversBelow } from "./mount/app-server.ts";
import { nearest } from "./nearest.ts";

/** One thing to watch. */
export interface Target {
  /** How the caller wrote it, for messages: `targets.wss[1]`. */
  readonly where: string;
  readonly value: object;
}

interface TargetKind {
  readonly what: string;
  /** Calls and fields that tell it from what people pass by mistake: all of one of these lists. */
  readonly has: readonly (readonly string[])[];
  /** What people pass by mistake, and what to write: the first whose names are all there. */
  readonly mistakes?: readonly { readonly has: readonly string[]; readonly say: string }[];
}

/** Name of the target that carries the dashboard; it is watched too. */
const SERVER = "server";

/** What may be passed to be watched under which name, in the order it is watched: a pool before what works on it. */
const KINDS: Readonly<Record<string, TargetKind>> = {
  io: {
    what: "a Socket.IO server (new Server(…) of socket.io), or an array of them",
    has: [["of", "sockets", "attach"]],
  },
  wss: { what: "a WebSocketServer of ws, or an array of them", has: [["handleUpgrade", "shouldHandle", "clients"]] },
  app: {
    what: "an application of Express, Fastify or Hono, or an array of them",
    has: [
      ["use", "handle", "listen"],
      ["inject", "addHook", "ready"],
      ["fetch", "routes", "use"],
    ],
    mistakes: [
      { has: ["headersTimeout", "listen"], say: "a http.Server: await monitor({ server })" },
      {
        has: ["use", "callback", "listen"],
        say: "an app without routes of its own (Koa): const server = app.listen(3000); await monitor({ server })",
      },
      { has: ["use", "handle", "stack"], say: "a router of Express: pass the app that uses it" },
    ],
  },
  pool: { what: "a Pool of pg, or an array of them", has: [["connect", "query", "totalCount", "idleCount"]] },
  redis: {
    what: "a client of ioredis, redis or @upstash/redis, or an array of them",
    has: [
      ["sendCommand", "duplicate"],
      ["pipeline", "hget", "scan"],
    ],
  },
  prisma: { what: "a PrismaClient, or an array of them", has: [["$extends", "$connect"]] },
  queue: {
    what: "a Queue of BullMQ, or an array of them",
    has: [["addBulk", "getJobCounts", "getRanges"]],
    mistakes: [
      { has: ["getNextJob", "isRunning"], say: "a Worker: await monitor({ worker })" },
      { has: ["run", "clientName"], say: "a QueueEvents: await monitor({ queueEvents })" },
      { has: ["add", "addBulk", "addNode"], say: "a FlowProducer: pass the queues that it adds to, and their workers" },
    ],
  },
  worker: {
    what: "a Worker of BullMQ, or an array of them",
    has: [["getNextJob", "startStalledCheckTimer", "isRunning"]],
    mistakes: [{ has: ["addBulk", "getJobCounts"], say: "a Queue: await monitor({ queue })" }],
  },
  queueEvents: {
    what: "a QueueEvents of BullMQ, or an array of them",
    has: [["run", "clientName", "checkConnectionError"]],
    mistakes: [{ has: ["addBulk", "getJobCounts"], say: "a Queue: await monitor({ queue })" }],
  },
};

/**
 * Parses what `monitor` was given to watch. `undefined` counts as not given.
 * @throws WsightError `BAD_OPTION` for unknown names and wrong values
 */
export function parseTargets(targets: unknown): readonly Target[] {
  const names = [...Object.keys(KINDS), SERVER];
  const fields = asFields("BAD_OPTION", "targets", targets);
  for (const name of Object.keys(fields)) if (!names.includes(name)) throw unknownName("targets", name, names);
  return Object.entries(KINDS).flatMap(([name, kind]) => {
    const value = fields[name];
    if (value === undefined) return [];
    if (!Array.isArray(value)) return [parseTarget(`targets.${name}`, kind, value)];
    return value.map((item: unknown, i) => parseTarget(`targets.${name}[${i}]`, kind, item));
  });
}

/**
 * Finds the server that the dashboard is to be mounted on: `targets.server`,
 * else, when a place was named, the one that what is watched hangs on.
 * @param wanted whether a place was named
 * @returns `null` when nobody wants it mounted
 * @throws WsightError `BAD_OPTION` saying what to write instead
 */
export function parseAppServer(targets: MonitorTargets, wanted: boolean, watched: readonly Target[]): AppServer | null {
  if (targets.server !== undefined) return parseServer("targets.server", targets.server);
  return wanted ? findServer(watched.map(({ value }) => value)) : null;
}

/**
 * What is watched as HTTP beside `targets.app`: the server that was named; else, without any `app`, those that `io`
 * and `wss` hang on.
 */
export function serversToWatch(targets: MonitorTargets, watched: readonly Target[]): readonly object[] {
  if (targets.server !== undefined) return [parseServer("targets.server", targets.server).watched];
  return targets.app === undefined ? serversBelow(watched.map(({ value }) => value)) : [];
}

/** Says which names there are, and the one that was probably meant. */
export function unknownName(where: string, name: string, names: readonly string[]): WsightError {
  const near = nearest(name, names);
  const hint = near === undefined ? "" : `. Did you mean ${near}?`;
  return new WsightError("BAD_OPTION", `${where}: expected ${names.join(", ")}, got ${describe(name)}${hint}`);
}

function parseTarget(where: string, kind: TargetKind, value: unknown): Target {
  if (isThing(value) && kind.has.some((names) => names.every((name) => name in value))) return { where, value };
  const mistake = isThing(value)
    ? kind.mistakes?.find(({ has }) => has.every((name) => name in value))?.say
    : undefined;
  throw new WsightError("BAD_OPTION", `${where}: expected ${kind.what}, got ${mistake ?? nameOf(value)}`);
}

function isThing(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}

/** A class name tells people more than "an object". */
function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return describe(value);
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "Object" ? `an instance of ${name}` : describe(value);
}
