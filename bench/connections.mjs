// 20,000 real connections on the demo's application, in two processes of one
// hub (a process may have 20,000 descriptors here): how fast the list answers
// search, sort and page; how long a question holds the application's event
// loop; what a connection takes in memory; what the page costs the browser.

import { fork } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { performance } from "node:perf_hooks";
import { signToken } from "@wsight/hub";
import { CHROMIUM_ARGS, findChromium } from "@wsight/testkit";
import { chromium } from "playwright-core";
import { percentile, table } from "./report.mjs";

const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 20_000);
const SERVERS = 2;
const QUESTIONS = 60;
const PAGE_SECONDS = 15;
const SECRET = "only for the bench: 32 characters of no secret";
const TOKEN = "open-sesame";
const SORTS = ["opened", "id", "user", "in", "out", "buffered", "rtt", "messages", "bytes", "lastIn"];

/** A port that nobody has: the processes meet there. */
async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

async function start(file, setting) {
  const path = new URL(`./connections/${file}.mjs`, import.meta.url).pathname;
  const child = fork(path, [JSON.stringify(setting)], { execArgv: ["--expose-gc"] });
  const [first] = await once(child, "message");
  return { child, first };
}

async function ask({ child }, question) {
  child.send(question);
  for (;;) {
    const [message] = await once(child, "message");
    if (message.question === question) return message.answer;
  }
}

async function fill(servers, each) {
  return Promise.all(
    servers.map(({ first }, i) =>
      start("clients", {
        port: first.answer.appPort,
        count: each,
        firstAddress: 2 + i * 8,
        firstUser: i * each,
        token: TOKEN,
      }),
    ),
  );
}

/** Bytes of heap for each connection, with and without the probe: what is above the empty application. */
async function memory(monitored) {
  const server = await start("server", { port: 0, instance: "memory", secret: SECRET, monitored });
  const empty = await ask(server, "heap");
  const each = Math.min(8000, CONNECTIONS / SERVERS);
  const clients = await fill([server], each);
  const full = await ask(server, "heap");
  const sockets = await ask(server, "sockets");
  for (const { child } of [...clients, server]) child.disconnect();
  return (full - empty) / sockets;
}

const withProbe = await memory(true);
const without = await memory(false);

const port = await freePort();
const servers = [];
for (let i = 0; i < SERVERS; i++) {
  servers.push(await start("server", { port, instance: `server-${i + 1}`, secret: SECRET, monitored: true }));
}
const clients = await fill(servers, CONNECTIONS / SERVERS);
const { url } = servers[0].first.answer;
const token = await signToken({ sub: "bench", role: "admin", ttlMs: 3_600_000 }, SECRET);
const headers = { authorization: `Bearer ${token}` };

async function list(query) {
  const begin = performance.now();
  const response = await fetch(`${url}/api/connections?${new URLSearchParams(query)}`, { headers });
  const body = await response.json();
  if (!response.ok) throw new Error(`${response.status} ${JSON.stringify(body)}`);
  return { ms: performance.now() - begin, ...body };
}

for (let left = 50; ; left--) {
  const { open } = await list({ limit: "1" });
  if (open === CONNECTIONS) break;
  if (left === 0) throw new Error(`expected ${CONNECTIONS} connections in the list, got ${open}`);
  await new Promise((resolve) => setTimeout(resolve, 200));
}

const kinds = {
  "search for one user": (i) => ({ q: `user:user-${(i * 331) % CONNECTIONS}` }),
  "search for part of a name": (i) => ({ q: `user-${i}7` }),
  "filter by transport and room": () => ({ q: "tr:websocket room:lobby" }),
  "sort by each column": (i) => ({ sort: SORTS[i % SORTS.length], order: i % 2 ? "asc" : "desc" }),
  "page, all nodes (offset to 10,000)": (i) => ({ sort: "user", offset: String((i * 200) % 10_000), limit: "200" }),
  "page, one node (offset to its end)": (i) => ({
    node: "demo/server-1",
    sort: "opened",
    offset: String((i * 331) % (CONNECTIONS / SERVERS)),
    limit: "200",
  }),
};
const rows = [];
const all = [];
for (const [kind, query] of Object.entries(kinds)) {
  const times = [];
  for (let i = 0; i < QUESTIONS; i++) {
    const { ms, matched, nodes } = await list(query(i));
    if (nodes.some(({ error }) => error !== null)) throw new Error(`${kind}: ${JSON.stringify(nodes)}`);
    if (!(matched >= 0)) throw new Error(`${kind}: matched ${matched}`);
    times.push(ms);
  }
  all.push(...times);
  rows.push([
    kind,
    percentile(times, 0.5).toFixed(1),
    percentile(times, 0.95).toFixed(1),
    percentile(times, 1).toFixed(1),
  ]);
}
// A chain of immediates takes a whole core: watched apart from the times above, and on one process.
const [watched] = servers;
await ask(watched, "hold");
for (let i = 0; i < QUESTIONS; i++) for (const query of Object.values(kinds)) await list(query(i + QUESTIONS));
const asked = await ask(watched, "release");
rows.push([
  "**all**",
  percentile(all, 0.5).toFixed(1),
  percentile(all, 0.95).toFixed(1),
  percentile(all, 1).toFixed(1),
]);
table(
  `List of ${CONNECTIONS.toLocaleString("en")} connections on ${SERVERS} processes, one question after the other`,
  ["question", "p50 ms", "p95 ms", "max ms"],
  rows,
);

await ask(watched, "hold");
await new Promise((resolve) => setTimeout(resolve, 10_000));
const idle = await ask(watched, "release");
const stretch = (name, list) => [
  name,
  percentile(list, 1).toFixed(2),
  percentile(list, 0.99).toFixed(2),
  String(list.length),
];
table(
  "Event loop of the application: stretches of CPU without a pause",
  ["while", "longest, ms", "p99, ms", "above 0.25 ms"],
  [stretch("the list is asked, without pause", asked), stretch("nobody looks (snapshots, application, GC)", idle)],
);

table(
  "Heap of the application for each connection, half ws and half Socket.IO",
  ["", "bytes"],
  [
    ["without wsight", without.toFixed(0)],
    ["with wsight", withProbe.toFixed(0)],
    ["added", (withProbe - without).toFixed(0)],
  ],
);

/** Time on a CPU of the main threads of all renderers, ms. */
async function rendererCpu(system) {
  const { processInfo } = await system.send("SystemInfo.getProcessInfo");
  let ms = 0;
  for (const { type, id } of processInfo) {
    if (type !== "renderer") continue;
    const schedstat = await readFile(`/proc/${id}/task/${id}/schedstat`, "utf8").catch(() => "0");
    ms += Number(schedstat.split(" ", 1)[0]) / 1e6;
  }
  return ms;
}

const executablePath = findChromium();
if (executablePath === null)
  console.log("\nNo Chromium: the page was not measured (bash scripts/services.sh installs it).");
else {
  const browser = await chromium.launch({ executablePath, args: [...CHROMIUM_ARGS] });
  const system = await browser.newBrowserCDPSession();
  const pages = [];
  for (const [name, hash] of Object.entries({ Connections: "connections", Overview: "overview" })) {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${url}/dashboard/`);
    await page.evaluate(
      (bearer) =>
        fetch("../api/session", {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ token: bearer }),
        }),
      token,
    );
    await page.goto(`${url}/dashboard/#/${hash}`);
    await page.reload();
    await new Promise((resolve) => setTimeout(resolve, 8000));
    const session = await page.context().newCDPSession(page);
    await session.send("Performance.enable");
    const read = async () => {
      const { metrics } = await session.send("Performance.getMetrics");
      return Object.fromEntries(metrics.map(({ name: key, value }) => [key, value]));
    };
    const before = await read();
    const cpuBefore = await rendererCpu(system);
    await new Promise((resolve) => setTimeout(resolve, PAGE_SECONDS * 1000));
    const after = await read();
    const cpuAfter = await rendererCpu(system);
    const perSecond = (key) => (((after[key] - before[key]) * 1000) / PAGE_SECONDS).toFixed(1);
    pages.push([
      name,
      cpuAfter > 0 ? ((cpuAfter - cpuBefore) / PAGE_SECONDS).toFixed(1) : "",
      perSecond("TaskDuration"),
      perSecond("ScriptDuration"),
      perSecond("LayoutDuration"),
      (after.JSHeapUsedSize / 1048576).toFixed(1),
    ]);
    await page.close();
  }
  await browser.close();
  table(
    `Page in Chromium, software raster, 1 Hz, ${CONNECTIONS.toLocaleString("en")} connections: main thread, ms per second`,
    ["page", "on CPU", "tasks (wall)", "script", "layout", "heap MB"],
    pages,
  );
}
for (const { child } of [...clients, ...servers]) child.disconnect();
