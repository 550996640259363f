// What watching a client of Redis costs a command: CPU of the application's own
// thread per command over loopback, watched ÷ not, and what subscribing to the
// library's own diagnostics channels costs, in turns in one process.

import diagnostics from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { Redis as Upstash } from "@upstash/redis";
import { createProbe } from "@wsight/probe";
import { startRedis, startUpstash } from "@wsight/testkit";
import { Redis as Redis6 } from "ioredis";
import { Redis as Redis5 } from "ioredis5";
import { createClient as createClient6 } from "redis";
import { createClient as createClient5 } from "redis5";
import { percentile, table } from "./report.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 60);
const AT_ONCE = 50;
const COMMANDS = 2000;

const redis = await startRedis();
const upstash = await startUpstash(redis);
const probe = createProbe({ intervalMs: 100, mediumIntervalMs: 5000, slowIntervalMs: 30_000 });

async function openNodeRedis(createClient) {
  const client = createClient({ socket: { host: redis.host, port: redis.port } });
  await client.connect();
  return client;
}

const LIBRARIES = {
  "ioredis 5": { open: () => new Redis5(redis.port), channel: "ioredis:command", close: (c) => c.disconnect() },
  "ioredis 6": { open: () => new Redis6(redis.port), channel: "ioredis:command", close: (c) => c.disconnect() },
  "redis 5": { open: () => openNodeRedis(createClient5), channel: "node-redis:command", close: (c) => c.destroy() },
  "redis 6": { open: () => openNodeRedis(createClient6), channel: "node-redis:command", close: (c) => c.destroy() },
  "@upstash/redis": {
    open: () => new Upstash({ url: upstash.url, token: upstash.token }),
    channel: null,
    close: () => undefined,
    commands: 150,
  },
};

/** CPU time of this thread, µs, as the kernel counts it: neighbours and other threads do not count. */
function threadCpu() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1000;
}

/** `AT_ONCE` callers, each with one command under way. */
async function single(client, commands) {
  let left = commands;
  const caller = async () => {
    while (left-- > 0) await client.get("key");
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
}

/** Pipelines of `AT_ONCE` commands, one after another. */
async function pipelined(client, commands) {
  for (let sent = 0; sent < commands; sent += AT_ONCE) {
    const pipeline = "multi" in client && !("pipeline" in client) ? client.multi() : client.pipeline();
    for (let i = 0; i < AT_ONCE; i++) pipeline.get("key");
    await (pipeline.execAsPipeline?.() ?? pipeline.exec());
  }
}

async function block(run, client, commands) {
  const before = threadCpu();
  await run(client, commands);
  return (threadCpu() - before) / commands;
}

/** The least that a subscriber does who counts commands and their time. */
const seen = { calls: 0, ms: 0 };
const subscriber = {
  start: (context) => {
    context.begin = performance.now();
  },
  asyncEnd: (context) => {
    seen.calls++;
    seen.ms += performance.now() - context.begin;
  },
};

/** The quarter of the rounds that neighbours disturbed least. */
const quiet = (list) => percentile(list, 0.25);
const ratio = (list, control) => (quiet(list) / quiet(control)).toFixed(3);
const rows = [];
for (const [library, { open, channel, close, commands = COMMANDS }] of Object.entries(LIBRARIES)) {
  if (process.env.BENCH_ONLY !== undefined && !process.env.BENCH_ONLY.split(",").includes(library)) continue;
  const [plain, peer, watched] = [await open(), await open(), await open()];
  await plain.set("key", "a value of usual length");
  probe.attach(watched, { name: library.replaceAll(/[^\w]/g, "") });
  const tracing = channel === null ? null : diagnostics.tracingChannel(channel);
  for (const [work, run] of Object.entries({ single, pipelined })) {
    const turns = { without: plain, watched, ...(tracing === null ? {} : { channels: peer }) };
    const cost = Object.fromEntries(Object.keys(turns).map((name) => [name, []]));
    for (let round = -10; round < ROUNDS; round++) {
      // Who is first pays for the garbage of who was last.
      for (const [name, client] of Object.entries(turns).sort(() => Math.random() - 0.5)) {
        if (name === "channels") tracing.subscribe(subscriber);
        const micros = await block(run, client, commands);
        if (name === "channels") tracing.unsubscribe(subscriber);
        if (round >= 0) cost[name].push(micros);
      }
    }
    const { without, watched: ours, channels } = cost;
    const native = channels === undefined ? "–" : ratio(channels, without);
    rows.push([library, work, quiet(without).toFixed(2), ratio(ours, without), native]);
  }
  for (const client of [plain, peer, watched]) close(client);
}
probe.close();
await upstash.stop();
await redis.stop();

table(
  `A GET, CPU of the application's thread (${ROUNDS} rounds of ${COMMANDS} commands, in random turns, ${AT_ONCE} at once)`,
  ["client", "commands", "µs a command", "watched ÷ without", "its own channels ÷ without"],
  rows,
);
