// Time on the application's event loop that the probe takes each second with
// 10,000 open connections: the longest stretch it holds the loop ("slice") and
// the sum, beside scraping a prom-client registry that has a gauge per user.

import { once } from "node:events";
import { connect } from "node:net";
import { performance } from "node:perf_hooks";
import { createProbe } from "@wsight/probe";
import prom from "prom-client";
import { WebSocketServer } from "ws";
import { percentile, table } from "./report.mjs";

const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 10_000);
const SECONDS = 12;
const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(wss, "listening");
let user = 0;
const snapshots = [];
const probe = createProbe({ service: "bench", getUser: () => `user-${user++}` });
probe.attach(wss);
probe.connect({
  send(message) {
    if (typeof message !== "string") snapshots.push(message.length);
    return true;
  },
  onFrame() {},
  close() {},
});

const sockets = [];
for (let opened = 0; opened < CONNECTIONS; opened += 250) {
  await Promise.all(
    Array.from({ length: Math.min(250, CONNECTIONS - opened) }, async (_, i) => {
      // At most 4,000 connections from one source address: the kernel's search for a free port is linear.
      const localAddress = `127.0.0.${2 + Math.floor((opened + i) / 4000)}`;
      const socket = connect({ port: wss.address().port, host: "127.0.0.1", localAddress });
      await once(socket, "connect");
      socket.write(HANDSHAKE);
      await once(socket, "data");
      sockets.push(socket);
    }),
  );
}

/** Longest and summed time the loop was held, by a chain of immediates that would run without pause. */
async function held(seconds) {
  const stretches = [];
  const until = performance.now() + seconds * 1000;
  let before = performance.now();
  while (before < until) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = performance.now();
    if (now - before > 0.5) stretches.push(now - before);
    before = now;
  }
  return stretches;
}

const withProbe = await held(SECONDS);
const perSecond = probe.getSummary();
probe.close();
const without = await held(SECONDS);

const register = new prom.Registry();
const gauge = new prom.Gauge({ name: "connections", help: "by user", labelNames: ["user"], registers: [register] });
for (let i = 0; i < CONNECTIONS; i++) gauge.set({ user: `user-${i}` }, 1);
const scrapes = [];
for (let i = 0; i < 5; i++) {
  const begin = performance.now();
  await register.metrics();
  scrapes.push(performance.now() - begin);
}

const row = (name, list) => [
  name,
  percentile(list, 1).toFixed(2),
  percentile(list, 0.99).toFixed(2),
  (list.reduce((a, b) => a + b, 0) / SECONDS).toFixed(2),
];
table(
  `Snapshot of ${CONNECTIONS.toLocaleString("en")} connections (${perSecond.connections.total} open, ${snapshots.length} snapshots of ${percentile(snapshots, 0.5)} B)`,
  ["loop held by", "longest stretch ms", "p99 ms", "sum ms per s"],
  [
    row("wsight, each second", withProbe),
    row("nothing (control: GC, timers)", without),
    [
      "prom-client scrape, a label per user",
      percentile(scrapes, 1).toFixed(2),
      "",
      percentile(scrapes, 0.5).toFixed(2),
    ],
  ],
);
for (const socket of sockets) socket.destroy();
wss.close();
for (const client of wss.clients) client.terminate();
