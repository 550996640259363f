// Time on the application's event loop that the probe takes each second with
// 10,000 open connections: the longest stretch it holds the loop ("slice") and
// the sum, beside scraping a prom-client registry that has a gauge per user.

import { fork } from "node:child_process";
import { once } from "node:events";
import { performance } from "node:perf_hooks";
import { createProbe } from "@wsight/probe";
import { decodeProbeFrame } from "@wsight/protocol";
import prom from "prom-client";
import { WebSocketServer } from "ws";
import { percentile, table } from "./report.mjs";

const CONNECTIONS = Number(process.env.BENCH_CONNECTIONS ?? 10_000);
const SECONDS = 12;
const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(wss, "listening");
let user = 0;
const snapshots = [];
let ownMeasure;
let ownId;
const probe = createProbe({ service: "bench", getUser: () => `user-${user++}` });
probe.attach(wss);
probe.connect({
  send(message) {
    const frame = decodeProbeFrame(message);
    if (frame.type === "names") {
      const isOwn = ({ series }) => series.metric.name === "wsight.probe.snapshot.duration";
      ownId = frame.names.find(isOwn)?.id ?? ownId;
    }
    if (frame.type === "snapshot") {
      snapshots.push(message.length);
      ownMeasure = frame.histograms.find(([id]) => id === ownId)?.[1] ?? ownMeasure;
    }
    return true;
  },
  onFrame() {},
  close() {},
});

const path = new URL("./snapshot/clients.mjs", import.meta.url).pathname;
const clients = fork(path, [String(wss.address().port), String(CONNECTIONS)]);
await once(clients, "message");

/** CPU time so far, ms: what neighbours take from the core does not count. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Stretches for which the loop was held, by a chain of immediates that would run without pause. */
async function held(seconds) {
  const stretches = [];
  const until = performance.now() + seconds * 1000;
  let before = cpu();
  while (performance.now() < until) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = cpu();
    if (now - before > 0.25) stretches.push(now - before);
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
  ["loop held by", "longest stretch, ms CPU", "p99", "sum, ms CPU per s"],
  [
    row("wsight, each second", withProbe),
    row("nothing (control: GC, timers)", without),
    [
      "a snapshot, by the probe's own clock",
      (ownMeasure.max * 1000).toFixed(2),
      (ownMeasure.quantile(0.99) * 1000).toFixed(2),
      (ownMeasure.mean() * 1000).toFixed(2),
    ],
    [
      "prom-client scrape, a label per user",
      percentile(scrapes, 1).toFixed(2),
      "",
      percentile(scrapes, 0.5).toFixed(2),
    ],
  ],
);
clients.disconnect();
wss.close();
