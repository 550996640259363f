import { type Attachment, createProbe } from "@wsight/probe";
import type { ComponentRow } from "@wsight/protocol";
import type { CacheClient, CacheCommand, CacheWatch, RedisServer } from "@wsight/testkit";
import type { createClient } from "redis";
import { createRecordingLink } from "./recording-link.ts";

/** Watches one client, as the contract wants it. */
export function watchCache(target: object): CacheWatch {
  const probe = createProbe({ intervalMs: 100, mediumIntervalMs: 200, slowIntervalMs: 200, onError: throwAway });
  const link = createRecordingLink();
  let told = "";
  probe.connect({
    ...link,
    send(message) {
      told += typeof message === "string" ? message : Buffer.from(message).toString("latin1");
      return link.send(message);
    },
  });
  const attachment: Attachment = probe.attach(target, { name: "cache" });
  return {
    sum: link.sum,
    histogram: link.histogram,
    labels: link.labels,
    component() {
      const rows = (link.tables.get("components")?.rows ?? []) as readonly ComponentRow[];
      return rows.find(({ name }) => name === "cache") ?? { state: "unknown", error: null, latencySeconds: null };
    },
    finding: () => attachment.finding,
    told: () => told,
    detach: () => attachment.detach(),
    end: () => probe.close(),
  };
}

function throwAway(): void {
  // What the probe says of itself is not what these tests look at.
}

type Login = { readonly user: string; readonly password: string };

/** The calls of ioredis that are used here; versions 5 and 6 have the same. */
interface Ioredis {
  on(event: "error", listener: () => void): unknown;
  disconnect(): void;
  pipeline(commands: unknown[][]): { exec(): Promise<unknown> };
  multi(commands: unknown[][]): { exec(): Promise<unknown> };
}

/** Opens a client of ioredis. */
export async function openIoredis(
  Redis: new (options: object) => Ioredis,
  { host, port }: RedisServer,
  login?: Login,
  options: object = {},
): Promise<CacheClient> {
  const client = new Redis({ host, port, username: login?.user, password: login?.password, ...options });
  client.on("error", throwAway);
  const batch = (commands: readonly CacheCommand[]): unknown[][] =>
    commands.map(([name = "", ...args]) => [name.toLowerCase(), ...args]);
  return {
    target: client,
    command: ([name = "", ...args]) => methodOf(client, name.toLowerCase())(...args),
    pipeline: (commands) => client.pipeline(batch(commands)).exec(),
    transaction: (commands) => client.multi(batch(commands)).exec(),
    close: () => client.disconnect(),
  };
}

/** How node-redis calls these, and how they take their arguments. */
const NODE_REDIS: Readonly<Record<string, readonly [string, (args: readonly string[]) => unknown[]]>> = {
  MGET: ["mGet", (keys) => [keys]],
  EXISTS: ["exists", (keys) => [keys]],
  HSET: ["hSet", (args) => [...args]],
  HGET: ["hGet", (args) => [...args]],
  HMGET: ["hmGet", ([key, ...fields]) => [key, fields]],
  HGETALL: ["hGetAll", (args) => [...args]],
  GETDEL: ["getDel", (args) => [...args]],
  LPUSH: ["lPush", (args) => [...args]],
  EVALSHA: ["evalSha", ([sha]) => [sha]],
  EVAL: ["eval", ([script]) => [script]],
};

/** Opens a client of node-redis. */
export async function openNodeRedis(
  make: (options: Readonly<Record<"socket", object> & Partial<Record<"username" | "password", string>>>) => unknown,
  { host, port }: RedisServer,
  login?: Login,
): Promise<CacheClient> {
  const client = make({
    socket: { host, port },
    ...(login === undefined ? {} : { username: login.user, password: login.password }),
  }) as ReturnType<typeof createClient>;
  client.on("error", throwAway);
  await client.connect();
  const call = (on: object, [name = "", ...args]: CacheCommand): unknown => {
    const [method, shape] = NODE_REDIS[name] ?? [name.toLowerCase(), (plain: readonly string[]) => [...plain]];
    return methodOf(on, method)(...shape(args));
  };
  const batch = (commands: readonly CacheCommand[]): ReturnType<typeof client.multi> => {
    const multi = client.multi();
    for (const command of commands) call(multi, command);
    return multi;
  };
  return {
    target: client,
    command: async (command) => call(client, command),
    pipeline: (commands) => batch(commands).execAsPipeline(),
    transaction: (commands) => batch(commands).exec(),
    close: () => client.destroy(),
  };
}

/** A method by its name, bound to its object. */
export function methodOf(target: object, name: string): (...args: unknown[]) => Promise<unknown> {
  const method: unknown = Reflect.get(target, name);
  if (typeof method !== "function") throw new TypeError(`expected a method ${name}`);
  return (...args) => Reflect.apply(method, target, args) as Promise<unknown>;
}
