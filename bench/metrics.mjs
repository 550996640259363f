// What an answer of /metrics costs the hub: CPU, and the longest stretch that it
// holds the event loop, by number of series, connections and scrapers. Beside
// it prom-client: the same series, and a gauge per user.

import { createAsks, createCurrent, createExposition, createIngest } from "@wsight/hub";
import { encodeLinkText, findMetric, Histogram, SnapshotEncoder } from "@wsight/protocol";
import prom from "prom-client";
import { percentile, table } from "./report.mjs";

const ROUNDS = 15;
const START = 1_790_000_000_000;
/** One in so many series is a distribution, as with a real application. */
const HISTOGRAM_EVERY = 4;

/** A hub's state with so many series, of nodes with 200 each, and so many connections. */
function fill(series, connections) {
  const clock = { time: START, now: () => clock.time };
  const current = createCurrent({ clock, hubRow: () => ({}) });
  const ingest = createIngest({ current, clock, asks: createAsks() });
  const perNode = 200;
  const links = [];
  for (let node = 0; node < series / perNode; node++) {
    const link = ingest.open(() => {});
    links.push(link);
    const hello = { version: 1, service: "chat", instance: `${node}`, epoch: 1, startedAt: START, pid: 1, host: "h" };
    const rest = { runtime: "r", intervalMs: 1000, findings: [], capacity: null };
    link.receive(encodeLinkText({ type: "hello", ...hello, ...rest }));
    const names = Array.from({ length: perNode }, (_, id) => ({ id, series: seriesOf(id) }));
    link.receive(encodeLinkText({ type: "names", epoch: 1, names, retired: [] }));
    const encoder = new SnapshotEncoder();
    encoder.begin();
    for (const {
      id,
      series: { metric },
    } of names) {
      if (metric.kind === "histogram") encoder.histogram(id, distribution(id));
      else if (metric.kind === "counter") encoder.counter(id, id * 1000 + 1);
      else encoder.gauge(id, id === 1 ? connections : id + 0.5);
    }
    link.receive(encoder.finish({ epoch: 1, seq: 1, at: START, keyframe: true }));
  }
  let seq = 1;
  /** Another second in which every process reports. */
  function next() {
    clock.time += 1000;
    seq++;
    for (const link of links) {
      const encoder = new SnapshotEncoder();
      encoder.begin();
      encoder.gauge(1, connections + seq);
      link.receive(encoder.finish({ epoch: 1, seq, at: clock.time, keyframe: false }));
    }
    current.closeSecond(clock.time - 1000);
  }
  return { current, next };
}

function seriesOf(id) {
  if (id === 1) return { metric: findMetric("websocket.server.active_connections"), labels: {} };
  if (id % HISTOGRAM_EVERY === 0) {
    const labels = { "ws.library": "ws", "ws.server": "main", event: `event ${id}` };
    return { metric: findMetric("websocket.server.handler.duration"), labels };
  }
  const labels = { "ws.library": "ws", "ws.server": "main", direction: "in", kind: "event", event: `event ${id}` };
  return { metric: findMetric("websocket.server.messages"), labels };
}

function distribution(seed) {
  const histogram = new Histogram();
  for (let i = 0; i < 500; i++) histogram.record(0.0005 * 1.01 ** ((i * 7 + seed) % 600));
  return histogram;
}

/** The same series in prom-client, its buckets as many as ours. */
function fillProm(series) {
  const registry = new prom.Registry();
  const labelNames = ["service", "node", "ws_library", "ws_server", "event"];
  const buckets = Array.from({ length: 20 }, (_, i) => 2 ** (i - 13));
  const histogram = new prom.Histogram({
    name: "handler_seconds",
    help: "h",
    labelNames,
    buckets,
    registers: [registry],
  });
  const counter = new prom.Counter({ name: "messages_total", help: "h", labelNames, registers: [registry] });
  for (let i = 0; i < series; i++) {
    const labels = {
      service: "chat",
      node: `chat/${i % 200}`,
      ws_library: "ws",
      ws_server: "main",
      event: `event ${i}`,
    };
    if (i % HISTOGRAM_EVERY !== 0) counter.inc(labels, i);
    else for (let n = 0; n < 20; n++) histogram.observe(labels, 0.001 * n);
  }
  return registry;
}

function fillUsers(users) {
  const registry = new prom.Registry();
  const gauge = new prom.Gauge({ name: "connections", help: "h", labelNames: ["user"], registers: [registry] });
  for (let user = 0; user < users; user++) gauge.set({ user: `user-${user}` }, 1);
  return registry;
}

/** CPU and longest stretch without a turn of the event loop, ms, and bytes of the answer; the median of rounds. */
async function measure(ask, before = () => {}) {
  const cpu = [];
  const stretches = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    before();
    await new Promise(setImmediate);
    let longest = 0;
    let turnAt = performance.now();
    let over = false;
    const watch = () => {
      const now = performance.now();
      longest = Math.max(longest, now - turnAt);
      turnAt = now;
      if (!over) setImmediate(watch);
    };
    setImmediate(watch);
    const from = process.cpuUsage();
    const answer = await ask();
    const { user, system } = process.cpuUsage(from);
    over = true;
    await new Promise(setImmediate);
    bytes = answer.length;
    cpu.push((user + system) / 1000);
    stretches.push(longest);
  }
  return { cpu: percentile(cpu, 0.5), stretch: percentile(stretches, 0.5), bytes };
}

const ms = (value) => (value < 0.1 ? value.toFixed(3) : value.toFixed(1));
const row = (name, { cpu, stretch, bytes }) => [name, ms(cpu), ms(stretch), `${(bytes / 1024).toFixed(0)} KiB`];
const columns = ["an answer", "CPU ms", "longest stretch of the loop, ms", "size"];

for (const series of [200, 2_000, 20_000]) {
  const rows = [];
  for (const format of ["openmetrics", "protobuf"]) {
    const { current, next } = fill(series, 10_000);
    const exposition = createExposition({ current });
    rows.push(row(`wsight, ${format}, first of a second`, await measure(() => exposition.scrape(format, false), next)));
    if (format === "openmetrics") {
      const many = () =>
        Promise.all(Array.from({ length: 100 }, () => exposition.scrape(format, false))).then(([one]) => one);
      rows.push(row("the same, 100 scrapers within one second, all together", await measure(many, next)));
    }
  }
  const registry = fillProm(series);
  rows.push(row("prom-client, each time", await measure(() => registry.metrics())));
  table(`${series.toLocaleString("en")} series, a quarter of them distributions`, columns, rows);
}

const rows = [];
for (const connections of [100, 10_000, 1_000_000]) {
  const { current, next } = fill(200, connections);
  const exposition = createExposition({ current });
  const name = `wsight, ${connections.toLocaleString("en")} connections`;
  rows.push(row(name, await measure(() => exposition.scrape("openmetrics", false), next)));
}
for (const users of [100, 10_000]) {
  const registry = fillUsers(users);
  rows.push(
    row(
      `prom-client, a gauge for each of ${users.toLocaleString("en")} users`,
      await measure(() => registry.metrics()),
    ),
  );
}
table("One process, by its connections", columns, rows);
