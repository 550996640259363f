// One second of 200 metrics to 100, 1,000 and 10,000 viewers: what it costs the
// server, how many bytes it takes, and how late it comes. wsight's hub, over
// WebSockets and over server-sent events, beside plain `ws` and Socket.IO that
// send the same figures to everybody and do nothing else.
import { setTimeout as wait } from "node:timers/promises";
import { ask, end, hear, pinned, start } from "./children.mjs";
import { METRICS } from "./fanout/figures.mjs";
import { percentile, table } from "./report.mjs";

const CROWDS = (process.env.BENCH_VIEWERS ?? "100,1000,10000").split(",").map(Number);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const SETTLE_MS = 1000;
const PER_PROCESS = 5000;
const ADDRESSES_PER_PROCESS = 2;
const SUBJECTS = [
  ["wsight over WebSocket", "hub", "hub"],
  ["wsight over server-sent events", "hub", "hub-sse"],
  ["ws: send of the same bytes", "ws-bytes", "ws-bytes"],
  ["ws: send of 2 KB JSON", "ws-json", "ws-json"],
  ["Socket.IO: io.emit of the same metrics", "socket.io", "socket.io"],
].filter(([, , transport]) => (process.env.BENCH_ONLY ?? transport).split(",").includes(transport));
async function gather(transport, { port, token }, viewers) {
  const processes = [];
  for (let first = 0; first < viewers; first += PER_PROCESS) {
    const firstAddress = 2 + processes.length * ADDRESSES_PER_PROCESS;
    const count = Math.min(PER_PROCESS, viewers - first);
    processes.push(
      start("./fanout/viewers.mjs", [JSON.stringify({ transport, port, token, count, firstAddress })], "1"),
    );
  }
  await Promise.all(processes.map(hear));
  return processes;
}

/** CPU of the server, ms per second, over some seconds. */
async function cpuPerSecond(server, during) {
  const before = await ask(server, "cpu");
  const startedAt = performance.now();
  await during();
  const { cpuMs } = await ask(server, "cpu");
  return ((cpuMs - before.cpuMs) * 1000) / (performance.now() - startedAt);
}

async function measure(kind, transport, viewers) {
  const server = start("./fanout/server.mjs", [kind], "0");
  const address = await hear(server);
  const processes = await gather(transport, address, viewers);
  await wait(SETTLE_MS);
  // From the middle of a second to the middle of another: whole ticks.
  await wait(1500 - (Date.now() % 1000));
  for (const child of processes) child.send("start");
  const cpuMs = await cpuPerSecond(server, () => wait(SECONDS * 1000));
  const heard = await Promise.all(processes.map((child) => ask(child, "stop")));
  await end(...processes, server);
  const delaysMs = heard.flatMap((one) => one.delaysMs);
  const ticks = delaysMs.length / viewers / SECONDS;
  return {
    cpuMs: cpuMs / ticks,
    bytes: heard.reduce((sum, one) => sum + one.bytes, 0) / viewers / SECONDS / ticks,
    ticks,
    p50: percentile(delaysMs, 0.5),
    p99: percentile(delaysMs, 0.99),
  };
}

for (const viewers of CROWDS) {
  const rows = [];
  for (const [name, kind, transport] of SUBJECTS) {
    const { cpuMs, bytes, ticks, p50, p99 } = await measure(kind, transport, viewers);
    rows.push([
      name,
      cpuMs.toFixed(1),
      ((cpuMs * 1000) / viewers).toFixed(1),
      bytes.toFixed(0),
      `${p50} / ${p99}`,
      ticks.toFixed(2),
    ]);
  }
  table(
    `${METRICS} metrics each second to ${viewers.toLocaleString("en")} viewers, ${SECONDS} s${pinned ? ", server and viewers pinned to a core each" : ""}`,
    [
      "server",
      "CPU of its process, ms per tick",
      "µs per viewer",
      "bytes per viewer and tick",
      "tick to viewer p50 / p99, ms",
      "ticks each second",
    ],
    rows,
  );
}
