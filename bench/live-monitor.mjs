// The live monitor over Socket.IO with 1,000 subscribed clients: what a second
// costs the hub, beside plain Socket.IO that emits the same payloads at the
// same beats and does nothing else, and the hub alone.
import { setTimeout as wait } from "node:timers/promises";
import { io } from "socket.io-client";
import { ask, end, hear, pinned, start } from "./children.mjs";
import { table } from "./report.mjs";

const CLIENTS = Number(process.env.BENCH_VIEWERS ?? 1000);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 30);
const SETTLE_MS = 2000;
const EVENTS = ["basic-metrics", "database-metrics", "cache-metrics", "network-metrics", "system-metrics"];
/** One payload of each event, as the hub tells a busy application. */
async function record() {
  const server = start("./live-monitor/server.mjs", [JSON.stringify({ kind: "hub" })], "0");
  const { port, token } = await hear(server);
  await wait(8000);
  const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], auth: { token } });
  const payloads = {};
  for (const event of EVENTS) socket.once(event, (payload) => (payloads[event] = payload));
  while (Object.keys(payloads).length < EVENTS.length) await wait(10);
  socket.disconnect();
  await end(server);
  return payloads;
}

async function measure(kind, clients, payloads) {
  const server = start("./live-monitor/server.mjs", [JSON.stringify({ kind, payloads })], "0");
  const { port, token } = await hear(server);
  const crowd =
    clients === 0 ? null : start("./live-monitor/clients.mjs", [JSON.stringify({ port, token, count: clients })], "1");
  if (crowd !== null) await hear(crowd);
  await wait(SETTLE_MS);
  // From the middle of a second to the middle of another: whole beats.
  await wait(1500 - (Date.now() % 1000));
  crowd?.send("start");
  const before = await ask(server, "cpu");
  await wait(SECONDS * 1000);
  const after = await ask(server, "cpu");
  const { bytes } = crowd === null ? { bytes: 0 } : await ask(crowd, "stop");
  await end(...(crowd === null ? [server] : [crowd, server]));
  return { cpuMs: (after.cpuMs - before.cpuMs) / SECONDS, bytes: clients === 0 ? 0 : bytes / clients / SECONDS };
}

const payloads = await record();
const bare = await measure("socket.io", CLIENTS, payloads);
const idle = await measure("hub", 0);
const hub = await measure("hub", CLIENTS);
const row = (name, { cpuMs, bytes }) => [
  name,
  cpuMs.toFixed(1),
  (cpuMs / bare.cpuMs).toFixed(2),
  bytes === 0 ? "–" : bytes.toFixed(0),
];
table(
  `${CLIENTS.toLocaleString("en")} clients subscribed to everything, ${SECONDS} s${pinned ? ", server and clients pinned to a core each" : ""}`,
  ["server", "CPU of its process, ms a second", "÷ plain Socket.IO", "bytes a client and second"],
  [
    row("Socket.IO: io.emit of the same payloads", bare),
    row("wsight: the hub with nobody listening", idle),
    row("wsight: the hub with all of them", hub),
    row("wsight: what listening adds", { cpuMs: hub.cpuMs - idle.cpuMs, bytes: hub.bytes }),
  ],
);
