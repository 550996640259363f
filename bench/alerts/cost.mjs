// What evaluating rules costs the hub's thread: 1,000 rules with 20 instances each, every figure another one (no two
// rules share what they read), and the same with 100 different figures. Beside it what the same second costs when
// nobody asks: the control. Slices are as the hub makes them: the next one begins after others had their turn.
import { createAsks, createCurrent, createIngest, createLiveObserver, DEFAULT_RULES } from "@wsight/hub";
import { encodeLinkText, findMetric, Histogram, SnapshotEncoder } from "@wsight/protocol";
import { percentile, table } from "../report.mjs";

const START = 1_790_000_000_000;
const NODES = 20;
const RULES = 1000;
const WARM_SECONDS = 330;
const MEASURED_SECONDS = 40;
const SLICE_MS = 4;
const BUDGET_MS = 50;
const NOTHING_FIRES = { fires: () => false };

const GAUGES = ["process.uptime", "websocket.server.active_connections", "system.memory.utilization"];
const EVENTS = ["chat", "typing", "join", "leave", "ack"];

function seriesOfNode() {
  const ws = { "ws.library": "ws", "ws.server": "0" };
  const of = (metric, labels = {}) => ({ metric: findMetric(metric), labels });
  return [
    of(GAUGES[0]),
    of(GAUGES[1], { ...ws, transport: "websocket" }),
    of(GAUGES[2]),
    of("websocket.server.connection.limit"),
    of("system.disk.io", { "disk.io.direction": "read" }),
    ...EVENTS.map((event) => of("websocket.server.messages", { ...ws, direction: "in", kind: "event", event })),
    ...EVENTS.map((event) => of("websocket.server.handler.errors", { ...ws, event })),
    of("websocket.server.message.latency", { source: "handler" }),
    of("nodejs.eventloop.lag"),
  ];
}

/** A hub that hears of 20 busy processes. */
function createFleet() {
  const clock = { time: START, now: () => clock.time };
  const current = createCurrent({ clock, hubRow: () => ({}) });
  const ingest = createIngest({ current, clock, asks: createAsks() });
  const series = seriesOfNode();
  const nodes = Array.from({ length: NODES }, (_, node) => {
    const link = ingest.open(() => {});
    const hello = { version: 1, service: "chat", instance: `${node}`, epoch: 1, startedAt: START, pid: 1, host: "h" };
    const rest = { runtime: "r", intervalMs: 1000, findings: [], capacity: null };
    link.receive(encodeLinkText({ type: "hello", ...hello, ...rest }));
    const names = series.map((one, id) => ({ id, series: one }));
    link.receive(encodeLinkText({ type: "names", epoch: 1, names, retired: [] }));
    const values = series.map(({ metric }) => (metric.kind === "histogram" ? new Histogram() : 0));
    return { link, values };
  });
  let seq = 0;
  const next = () => {
    seq++;
    clock.time = START + seq * 1000 + 500;
    for (const { link, values } of nodes) {
      const encoder = new SnapshotEncoder();
      encoder.begin();
      for (const [id, { metric }] of series.entries()) {
        if (metric.kind === "histogram") {
          values[id] = values[id].clone();
          for (let i = 0; i < 50; i++) values[id].record(0.001 * Math.exp(3 * Math.random()));
          encoder.histogram(id, values[id]);
        } else if (metric.kind === "counter") {
          values[id] += Math.floor(Math.random() * (metric.name.endsWith("errors") ? 2 : 200));
          encoder.counter(id, values[id]);
        } else encoder.gauge(id, metric.unit === "1" ? 0.5 + Math.random() / 10 : 80 + Math.floor(Math.random() * 40));
      }
      link.receive(encoder.finish({ epoch: 1, seq, at: clock.time, keyframe: seq === 1 }));
    }
    clock.time = START + (seq + 1) * 1000;
    current.closeSecond(clock.time - 1000);
    return clock.time - 1000;
  };
  return { current, next };
}

/** As people have them: means, rates, percentiles, ratios by their Wilson bound, quotients, several conditions at once. */
const KINDS = [
  { metric: GAUGES[1], agg: "mean" },
  { metric: GAUGES[2], agg: "max" },
  { metric: "websocket.server.messages", agg: "rate" },
  { metric: "websocket.server.messages", agg: "increase", filter: { where: { event: "chat" } } },
  { metric: "websocket.server.message.latency", agg: "p95" },
  { metric: "nodejs.eventloop.lag", agg: "p99" },
  { metric: "websocket.server.error_ratio", agg: "value", wilson: true },
  { metric: "websocket.server.pool.utilization", agg: "value" },
  { metric: GAUGES[0], agg: "last", kind: "no_data", warn: null },
  {
    metric: GAUGES[1],
    agg: "mean",
    kind: "composite",
    warn: null,
    expression: {
      all: [
        { when: { metric: GAUGES[1], agg: "mean", filter: {}, windowSec: 30, op: "gt", limit: 100 } },
        { when: { metric: "nodejs.eventloop.lag", agg: "p99", filter: {}, windowSec: 30, op: "gt", limit: 0.1 } },
      ],
    },
  },
];

/** @param figures how many different ones there are */
function rulesWith(figures) {
  return Array.from({ length: RULES }, (_, i) => {
    const kind = KINDS[i % KINDS.length];
    const windowSec = 30 + (Math.floor(i / KINDS.length) % Math.ceil(figures / KINDS.length)) * 2;
    return {
      ...DEFAULT_RULES[0],
      filter: {},
      warn: 0.9,
      crit: null,
      ...kind,
      id: `r${i}`,
      groupBy: ["node"],
      windowSec,
    };
  });
}

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Evaluates all rules once, in slices; milliseconds by the clock and of CPU, longest slice likewise. */
function evaluate(observer, rules, at) {
  const told = { clock: 0, cpu: 0, longest: 0, longestCpu: 0, instances: 0 };
  let began = performance.now();
  let beganCpu = cpuMs();
  const endSlice = (now) => {
    const cpu = cpuMs() - beganCpu;
    told.clock += now - began;
    told.cpu += cpu;
    told.longest = Math.max(told.longest, now - began);
    told.longestCpu = Math.max(told.longestCpu, cpu);
    began = performance.now();
    beganCpu = cpuMs();
  };
  for (const rule of rules) {
    told.instances += observer.observe(rule, at, NOTHING_FIRES).length;
    const now = performance.now();
    if (now - began >= SLICE_MS) endSlice(now);
  }
  endSlice(performance.now());
  return told;
}

function measure(figures) {
  const { current, next } = createFleet();
  const observer = createLiveObserver({ current, history: null, onError: console.error });
  const rules = rulesWith(figures);
  for (let second = 0; second < WARM_SECONDS; second++) {
    const at = next();
    if (second % 10 === 0 || second >= WARM_SECONDS - 20) evaluate(observer, rules, at);
  }
  const told = Array.from({ length: MEASURED_SECONDS }, () => evaluate(observer, rules, next()));
  observer.close();
  const all = (name) => told.map((one) => one[name]);
  return { figures, instances: told[0].instances, all };
}

const rows = [100, 1000].map(measure);
table(
  `Rules: ${RULES} of them over ${NODES} processes, each second (budget: ${BUDGET_MS} ms, slices of ${SLICE_MS} ms)`,
  [
    "different figures",
    "instances",
    "ms an evaluation p50",
    "p99",
    "of CPU p50",
    "longest slice p50",
    "longest of all",
    "of CPU",
    "ns an instance",
    "budget",
  ],
  rows.map(({ figures, instances, all }) => [
    figures,
    instances,
    percentile(all("clock"), 0.5).toFixed(1),
    percentile(all("clock"), 0.99).toFixed(1),
    percentile(all("cpu"), 0.5).toFixed(1),
    percentile(all("longest"), 0.5).toFixed(1),
    Math.max(...all("longest")).toFixed(1),
    Math.max(...all("longestCpu")).toFixed(1),
    Math.round((percentile(all("cpu"), 0.5) * 1e6) / instances),
    percentile(all("clock"), 0.5) <= BUDGET_MS ? "kept" : "exceeded",
  ]),
);
