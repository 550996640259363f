// What looking at connections costs the application's event loop: 20,000
// Socket.IO connections over in-memory streams, asked for pages the way a hub
// asks. Prints how long answers take and the longest stretch that one holds the
// loop, beside the same seconds without questions.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { PerformanceObserver } from "node:perf_hooks";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { createProbe } from "@wsight/probe";
import { Server } from "socket.io";
import { percentile, table } from "./report.mjs";

const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 20_000);
const QUESTIONS = Number(process.env.BENCH_QUESTIONS ?? 40);
/** An order stands for two seconds; a question after that has to look anew. */
const ORDER_MS = 2100;

/** A client's frame: masked with zeros, which leaves the payload readable. */
function frame(text) {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

class MemorySocket extends Duplex {
  remoteAddress = "127.0.0.1";
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
  _writev(_chunks, done) {
    done();
  }
}

const io = new Server(createServer(), { transports: ["websocket"], serveClient: false, pingInterval: 1e8 });
let users = 0;
const probe = createProbe({ service: "bench", getUser: () => `user-${(users++ * 7919) % CONNECTIONS}` });
probe.attach(io);
io.on("connection", (socket) => {
  socket.join(["lobby", `table ${users % 500}`]);
  socket.on("chat", () => undefined);
});

function open() {
  const socket = new MemorySocket();
  const headers = {
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  };
  const url = "/socket.io/?EIO=4&transport=websocket";
  io.engine.handleUpgrade({ method: "GET", url, headers, socket, connection: socket }, socket, Buffer.alloc(0));
  return socket;
}

const sockets = [];
while (sockets.length < CONNECTIONS) {
  const some = Array.from({ length: Math.min(1000, CONNECTIONS - sockets.length) }, open);
  await turn();
  for (const socket of some) socket.push(frame("40"));
  sockets.push(...some);
  while (io.of("/").sockets.size < sockets.length) await turn();
}
for (let i = 0; i < sockets.length * 3; i++) {
  sockets[(i * i) % sockets.length].push(frame(`42["chat","${i}"]`));
  if (i % 1000 === 0) await turn();
}

const waiting = new Map();
let hear;
probe.connect({
  send(message) {
    if (typeof message !== "string" || !message.startsWith('{"type":"answer"')) return true;
    const answer = JSON.parse(message);
    waiting.get(answer.id)?.({ ...answer, bytes: message.length });
    return true;
  },
  onFrame(listener) {
    hear = listener;
  },
  close() {},
});
let id = 0;
function ask(query) {
  id++;
  return new Promise((resolve) => {
    waiting.set(id, resolve);
    const whole = { filter: { text: [], ...query.filter }, sort: "opened", descending: true, offset: 0, limit: 50 };
    hear({ type: "request", id, ask: { kind: "connections", query: { ...whole, ...query, filter: whole.filter } } });
  });
}

/** CPU time of the main thread so far, ms: neither what neighbours take from the core counts, nor helpers of the collector of garbage. */
function cpu() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ", 1)[0]) / 1e6;
}

/** Stretches for which the loop was held while `work` ran, by a chain of immediates that runs without pause. */
async function held(work) {
  let running = true;
  const done = work().finally(() => {
    running = false;
  });
  const stretches = [];
  for (let before = cpu(); running; ) {
    await turn();
    const now = cpu();
    stretches.push(now - before);
    before = now;
  }
  await done;
  return stretches;
}

/** Pauses that the collector of garbage took, ms; they fall into whatever stretch allocates. */
const collections = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) collections.push(duration);
}).observe({ entryTypes: ["gc"] });

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const QUERIES = {
  "first page, newest first": () => ({}),
  "first page by user": () => ({ sort: "user", descending: false }),
  "first page by rate": () => ({ sort: "in" }),
  "search for part of a name": (i) => ({ filter: { text: [`er-${i}7`] } }),
  "room and transport": () => ({ filter: { room: "table 7", transport: "websocket" } }),
  "page at 15,000 by id": () => ({ sort: "id", offset: Math.floor(CONNECTIONS * 0.75), limit: 200 }),
};
const rows = [];
for (const [name, query] of Object.entries(QUERIES)) {
  const times = [];
  const stretches = [];
  // A different server filter makes a different order, so that each question looks anew.
  for (let i = 0; i < QUESTIONS; i++) {
    const { filter, ...rest } = query(i);
    const unique = { minAgeMs: i / 1000, ...filter };
    stretches.push(
      ...(await held(async () => {
        const begin = performance.now();
        const { answer, error } = await ask({ ...rest, filter: unique });
        if (error !== undefined) throw new Error(error.message);
        if (answer.open !== CONNECTIONS) throw new Error(`expected ${CONNECTIONS} open, got ${answer.open}`);
        times.push(performance.now() - begin);
      })),
    );
    await pause(20);
  }
  rows.push([
    name,
    ...[0.5, 0.95].map((q) => percentile(times, q).toFixed(1)),
    percentile(stretches, 1).toFixed(1),
    percentile(stretches, 0.99).toFixed(2),
  ]);
}
const first = await ask({});
const again = [];
for (let offset = 0; offset < 500; offset += 50) {
  const begin = performance.now();
  await ask({ offset });
  again.push(performance.now() - begin);
}
rows.push(["the next pages of the same order", ...[0.5, 0.95].map((q) => percentile(again, q).toFixed(1)), "", ""]);
await pause(ORDER_MS);
const idle = await held(() => pause(10_000));
rows.push([
  "no question (snapshots, collection of garbage)",
  "",
  "",
  percentile(idle, 1).toFixed(1),
  percentile(idle, 0.99).toFixed(2),
]);
console.log(
  `\nPauses of the collector of garbage meanwhile, wall clock: ${collections.length}, the longest ${percentile(collections, 1).toFixed(1)} ms`,
);
table(
  `Questions about ${CONNECTIONS.toLocaleString("en")} open connections of one process; a page of 50 is ${first.bytes.toLocaleString("en")} bytes`,
  ["question", "answer p50 ms", "p95 ms", "longest stretch, ms CPU", "p99 stretch"],
  rows,
);
process.exit(0);
