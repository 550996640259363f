import { Redis as Upstash } from "@upstash/redis";
import { type CacheClient, type CacheCommand, cacheContract, findRedis, startUpstash } from "@wsight/testkit";
import { Redis as Redis6 } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createClient as createClient6 } from "redis";
import { createClient as createClient5 } from "redis5";
import { describe } from "vitest";
import { methodOf, openIoredis, openNodeRedis, watchCache } from "./cache-support.ts";

describe.skipIf(findRedis() === null)("clients of a cache (needs redis-server)", () => {
  const tcp = { transactionsAreCommands: true };
  cacheContract({ library: "ioredis 5", open: (server, as) => openIoredis(Redis5, server, as), ...tcp }, watchCache);
  cacheContract({ library: "ioredis 6", open: (server, as) => openIoredis(Redis6, server, as), ...tcp }, watchCache);
  cacheContract(
    { library: "redis 5", open: (server, as) => openNodeRedis(createClient5, server, as), ...tcp },
    watchCache,
  );
  cacheContract(
    { library: "redis 6", open: (server, as) => openNodeRedis(createClient6, server, as), ...tcp },
    watchCache,
  );
  cacheContract(
    {
      library: "@upstash/redis",
      async open(redis, guest) {
        const server = await startUpstash(redis, guest === undefined ? {} : { refuse: ["INFO"] });
        return openUpstash(server);
      },
      transactionsAreCommands: false,
    },
    watchCache,
  );
});

function openUpstash(server: Awaited<ReturnType<typeof startUpstash>>): CacheClient {
  const client = new Upstash({ url: server.url, token: server.token, automaticDeserialization: false });
  const call = (on: object, [name = "", ...args]: CacheCommand): Promise<unknown> =>
    methodOf(on, name.toLowerCase())(...shaped(name, args));
  const batch = <T extends object>(on: T, commands: readonly CacheCommand[]): T => {
    for (const command of commands) void call(on, command);
    return on;
  };
  return {
    target: client,
    command: async (command) => call(client, command),
    pipeline: (commands) => batch(client.pipeline(), commands).exec(),
    transaction: (commands) => batch(client.multi(), commands).exec(),
    close: () => server.stop(),
  };
}

/** How Upstash's client takes the arguments of these. */
function shaped(name: string, args: readonly string[]): unknown[] {
  const [first, second, third] = args;
  if (name === "HSET") return [first, { [second ?? ""]: third }];
  if (name === "EVAL" || name === "EVALSHA") return [first, [], []];
  return [...args];
}
