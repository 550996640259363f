// What a mounted dashboard costs the application's other requests: CPU of the
// application's own thread per request over loopback, with the dashboard
// mounted ÷ without, and the bare cost of telling a request from ours.

import { fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import { monitor } from "wsight";
import { percentile, table } from "./report.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 40);
const BLOCK_REQUESTS = 2000;

const answer = (_request, response) => response.end("hello");
const servers = { without: createServer(answer), "at /": createServer(answer), "at /ops": createServer(answer) };
const monitors = [];
for (const [name, server] of Object.entries(servers)) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  if (name === "without") continue;
  monitors.push(await monitor({ server }, { port: 0, data: null, quiet: true, mount: name.slice(3) }));
}

/** CPU time of this thread, ms, as the kernel counts it: the hub's thread and neighbours do not count. */
function threadCpu() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1e6;
}

const clients = fork(new URL("./mount/clients.mjs", import.meta.url).pathname);
await once(clients, "message");

async function block(server) {
  clients.send({ port: server.address().port, requests: BLOCK_REQUESTS });
  const before = threadCpu();
  await once(clients, "message");
  return ((threadCpu() - before) / BLOCK_REQUESTS) * 1000;
}

const names = Object.keys(servers);
const perRequest = Object.fromEntries(names.map((name) => [name, []]));
for (const name of names) for (let i = 0; i < 4; i++) await block(servers[name]);
for (let round = 0; round < ROUNDS; round++)
  for (const name of names) perRequest[name].push(await block(servers[name]));

const median = (list) => percentile(list, 0.5);
const ratio = (name) => median(perRequest[name].map((value, round) => value / perRequest.without[round]));
table(
  `A request of the application, CPU of its thread (${ROUNDS} rounds of ${BLOCK_REQUESTS} requests, in turns)`,
  ["dashboard", "µs a request", "÷ without"],
  names.map((name) => [name, median(perRequest[name]).toFixed(1), ratio(name).toFixed(3)]),
);

/** `emit` alone, for a request that nobody answers. */
function emitNs(server, url) {
  server.removeAllListeners("request");
  server.on("request", () => undefined);
  const request = new IncomingMessage(null);
  request.url = url;
  const rounds = [];
  for (let round = 0; round < 30; round++) {
    const startedAt = performance.now();
    for (let i = 0; i < 50_000; i++) server.emit("request", request, null);
    rounds.push(((performance.now() - startedAt) / 50_000) * 1e6);
  }
  return median(rounds);
}

const urls = ["/api/users?page=2", "/socket.io/?EIO=4&transport=polling&t=PqZ", "/"];
table(
  "Telling a request from ours: server.emit of a request nobody answers, ns",
  ["path", ...names],
  urls.map((url) => [url, ...names.map((name) => emitNs(servers[name], url).toFixed(0))]),
);

clients.disconnect();
for (const monitored of monitors) await monitored.close();
for (const server of Object.values(servers)) server.close().closeAllConnections();
