// What it costs the client to load a server: wsight's own framing beside the
// clients that people write load tests with, against the same servers. Then
// how true its figures are, how soon it starts, and how many it can hold.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { WebSocket, WebSocketServer } from "ws";
import { resolvePlan, runLoad } from "../packages/load/dist/index.js";
import { end, hear, pinned, start } from "./children.mjs";
import { percentile, table } from "./report.mjs";

const CONNECT = Number(process.env.BENCH_CONNECTIONS ?? 4000);
const ECHO_MS = Number(process.env.BENCH_ECHO_MS ?? 3000);
const HOLD = Number(process.env.BENCH_HOLD ?? 50_000);
const SUBJECTS = [
  ["wsight ws", "lean"],
  ["ws", "lean"],
  ["wsight ws", "ws"],
  ["ws", "ws"],
  ["wsight socket.io", "socket.io"],
  ["socket.io-client", "socket.io"],
];
/** Collects garbage before it measures. */
const GC = ["--expose-gc"];

async function clientCosts() {
  const rows = [];
  for (const [client, kind] of SUBJECTS) {
    const server = start("./load/servers.mjs", [kind], "0", GC);
    const { port } = await hear(server);
    const child = start("./load/clients.mjs", [client, String(port)], "1", GC);
    await hear(child);
    child.send({ type: "connect", count: CONNECT });
    const connect = await hear(child);
    child.send({ type: "echo", ms: ECHO_MS });
    const echo = await hear(child);
    rows.push([
      client,
      kind,
      (connect.cpuMicros / CONNECT).toFixed(0),
      (CONNECT / (connect.ms / 1000)).toFixed(0),
      (connect.bytes / 1024).toFixed(1),
      (echo.cpuMicros / echo.answers).toFixed(1),
      (echo.answers / (echo.ms / 1000)).toFixed(0),
      ((echo.cpuMicros / 1000 / echo.ms) * 100).toFixed(0),
    ]);
    await end(child, server);
  }
  table(
    `Cost to the client (${CONNECT} connections, then 100 with 10 messages of 64 bytes under way each${pinned ? ", client and server on a core each" : ""})`,
    [
      "client",
      "server",
      "µs CPU a connection",
      "connections/s",
      "KB a connection",
      "µs CPU an echo",
      "echoes/s",
      "client CPU %",
    ],
    rows,
  );
}

/** What nearly every peer does: the next message leaves a pause after the answer to the last. */
async function closedLoop(url, connections, pauseMs, ms) {
  const values = [];
  const until = performance.now() + ms;
  await Promise.all(
    Array.from({ length: connections }, async () => {
      const socket = new WebSocket(url);
      await once(socket, "open");
      while (performance.now() < until) {
        const at = performance.now();
        socket.send("x");
        await once(socket, "message");
        values.push(performance.now() - at);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
      socket.terminate();
    }),
  );
  return values;
}

async function accuracy() {
  const rows = [];
  const fixture = "../packages/load/test/fixtures/stalling-server.mjs";
  const cases = [
    ["answers after 20 ms", [20, 0, 0], ["20", "20", "20"]],
    ["stands still for 1 s of 9", [0, 4000, 1000], ["0", "550", "910"]],
  ];
  for (const [name, [delay, after, stall], truth] of cases) {
    const server = start(fixture, [delay, after, stall].map(String), "0", GC);
    const { port } = await hear(server);
    const url = `ws://127.0.0.1:${port}`;
    const options = { connections: 100, interval: 0.1, duration: 9, ramp: 1, reply: "echo" };
    const { messages } = await runLoad(
      resolvePlan({ url, profile: "custom", message: "{{id}} {{n}} {{mark}}", ...options }),
    );
    await end(server);
    const again = start(fixture, [delay, after, stall].map(String), "0", GC);
    const values = await closedLoop(`ws://127.0.0.1:${(await hear(again)).port}`, 100, 100, 9000);
    await end(again);
    const { p50, p95, p99 } = messages.latency;
    rows.push([name, "by arithmetic", ...truth]);
    rows.push([name, "wsight load", ...[p50, p95, p99].map((ms) => ms.toFixed(2))]);
    rows.push([name, "closed loop of ws clients", ...[0.5, 0.95, 0.99].map((q) => percentile(values, q).toFixed(2))]);
  }
  table("Truth: 1,000 messages a second over 100 connections, ms", ["server", "tool", "p50", "p95", "p99"], rows);
}

function memoryOf(pid) {
  const read = (file, name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))?.[1] ?? 0) / 1024;
  return { rss: read("status", "VmHWM"), pss: read("smaps_rollup", "Pss") };
}

async function startUp() {
  const rows = [];
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await once(server, "listening");
  server.on("connection", (socket) => socket.on("message", (data) => socket.send(String(data))));
  const cli = new URL("../packages/wsight/bin/wsight.js", import.meta.url).pathname;
  for (let round = 0; round < 3; round++) {
    const at = performance.now();
    const url = `ws://127.0.0.1:${server.address().port}`;
    const args = [cli, "load", "light", "--duration", "1", "--url", url, "--reply", "echo"];
    const child = spawn(process.execPath, args, { stdio: "ignore" });
    await once(server, "connection");
    const first = performance.now() - at;
    await once(server, "connection");
    const loaded = performance.now() - at;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const engine = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ")[0]);
    const [parent, worker] = [memoryOf(child.pid), memoryOf(engine)];
    await once(child, "exit");
    rows.push([
      first.toFixed(0),
      loaded.toFixed(0),
      parent.rss.toFixed(0),
      worker.rss.toFixed(0),
      (parent.pss + worker.pss).toFixed(0),
    ]);
  }
  server.close();
  table(
    "Start of wsight load light, three times",
    ["ms to first connection", "ms to load", "MB RSS command", "MB RSS load process", "MB of both (PSS)"],
    rows,
  );
}

async function hold() {
  if (HOLD === 0) return;
  const servers = start("./load/servers.mjs", ["lean", String(Math.ceil(HOLD / 14_000))], undefined, GC);
  const { port } = await hear(servers);
  let open = 0;
  let allAt = 0;
  const began = performance.now();
  const plan = resolvePlan({
    url: `ws://127.0.0.1:${port}`,
    profile: "custom",
    connections: HOLD,
    interval: 30,
    duration: 10,
    ramp: 25,
    reply: "echo",
  });
  const result = await runLoad(plan, {
    onProgress: ({ connected, elapsedMs }) => {
      if (connected > open) allAt = elapsedMs;
      open = Math.max(open, connected);
    },
  });
  await end(servers);
  const { connections, tool, messages } = result;
  table(
    `${HOLD.toLocaleString("en-US")} connections held on this machine, servers included`,
    [
      "open at once",
      "failed",
      "dropped",
      "s until all",
      "processes",
      "busiest CPU %",
      "messages",
      "lost",
      "p95 ms",
      "s in all",
    ],
    [
      [
        open,
        connections.failed,
        connections.dropped,
        (allAt / 1000).toFixed(1),
        tool.processes,
        (tool.cpu * 100).toFixed(0),
        messages.sent,
        messages.lost,
        messages.latency?.p95.toFixed(1) ?? "",
        ((performance.now() - began) / 1000).toFixed(1),
      ],
    ],
  );
  for (const { reason, count } of connections.failures) console.log(`${count} × ${reason}`);
}

const PARTS = { costs: clientCosts, accuracy, start: startUp, hold };
for (const name of (process.env.BENCH_ONLY ?? Object.keys(PARTS).join()).split(",")) await PARTS[name]();
