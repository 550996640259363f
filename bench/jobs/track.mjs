// What the tracker takes: µs an event, bytes a job, and windows of lists while 100,000 jobs are live. Time is given by
// hand; what an event takes is CPU by the kernel's accounting, garbage collection included. Jobs learn and are estimated as in a hub.
import { createJobLedger, createJobs } from "@wsight/hub";
import { percentile, table } from "../report.mjs";

const JOBS = Number(process.env.BENCH_JOBS ?? 100_000);
const QUEUES = 5;
const USERS = 2000;
const T0 = Date.UTC(2026, 0, 1);
const SOURCE = { source: "app", node: "docs/1" };

let now = T0;
const jobs = createJobs({
  clock: { now: () => now },
  ledger: createJobLedger({ dataDir: null, onError: console.error }),
  onError: console.error,
});
// As gateways do: all is heard, few are looked at.
let heard = 0;
jobs.listen((change) => {
  heard++;
  if (change.userId === "user-7") void change.job.estimate;
});
await new Promise((resolve) => setTimeout(resolve, 20));

let random = 12345;
function chance() {
  random = (random * 1103515245 + 12345) % 2147483648;
  return random / 2147483648;
}

const queueOf = (i) => `queue-${i % QUEUES}`;
const idOf = (i) => `job-${i.toString(36).padStart(8, "0")}`;
const at = (i) => ({ queue: queueOf(i), job: idOf(i), createdAt: T0 + (i % 1000) });

function queued(i) {
  return {
    kind: "queued",
    at: now,
    ...at(i),
    name: ["ocr", "pdf", "mail"][i % 3],
    label: `document ${i}.pdf`,
    userId: `user-${i % USERS}`,
    sizeBytes: Math.floor(1e5 * 1.0001 ** (i % 80_000)),
    plan: ["unlimited", "premium", "normal", "large"][i % 4],
  };
}

/** Microseconds an event, in batches as they come over a link. */
function take(events) {
  const began = process.cpuUsage();
  for (let from = 0; from < events.length; from += 500) {
    jobs.take(events.slice(from, from + 500), SOURCE);
    now += 5;
  }
  const { user, system } = process.cpuUsage(began);
  return (user + system) / events.length;
}

/** The longest that nothing else had its turn, ms. */
function watchGaps() {
  let longest = 0;
  let last = performance.now();
  let on = true;
  const look = () => {
    const at = performance.now();
    longest = Math.max(longest, at - last);
    last = at;
    if (on) setImmediate(look);
  };
  setImmediate(look);
  return () => {
    on = false;
    look();
    return longest;
  };
}

/** Until what is left for quiet moments is done: what is expected of thousands of jobs is found in slices. CPU, µs. */
async function rest() {
  const began = process.cpuUsage();
  for (let busy = 1; busy > 0.3; ) {
    const before = performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 300));
    busy = performance.eventLoopUtilization(before).utilization;
  }
  const { user, system } = process.cpuUsage(began);
  return user + system;
}
function usedBytes() {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

// Something to learn from, and to be warm.
for (let i = 0; i < 10_000; i++) {
  const id = JOBS + i;
  const begin = now;
  take([
    queued(id),
    { kind: "started", at: begin + 5, ...at(id), attempt: 1, worker: `w-${i % 50}` },
    { kind: "completed", at: begin + 5 + 1000 * (1 + chance()), ...at(id), attempt: 1 },
  ]);
}
await rest();

const costs = [];
const before = usedBytes();
const fresh = Array.from({ length: JOBS }, (_, i) => i);
costs.push(["queued", take(fresh.map(queued))]);
costs.push(["what is expected of one, in slices", (await rest()) / JOBS]);
const perJob = (usedBytes() - before) / JOBS;

const active = fresh.slice(0, JOBS / 10);
costs.push([
  "started",
  take(active.map((i) => ({ kind: "started", at: now, ...at(i), attempt: 1, worker: `w-${i % 50}` }))),
]);
for (const percent of [20, 40, 60]) {
  now += 500;
  costs.push([
    `progress ${percent} %`,
    take(active.map((i) => ({ kind: "progress", at: now, ...at(i), attempt: 1, percent, stage: "pages" }))),
  ]);
}
costs.push([
  "told again",
  take(active.map((i) => ({ kind: "started", at: now, ...at(i), attempt: 1, worker: "w-1" }))),
]);
const late = active.slice(0, 2000);
costs.push([
  "out of order",
  take(late.map((i) => ({ kind: "progress", at: now - 700, ...at(i), attempt: 1, percent: 30, stage: "late" }))),
]);
await rest();

const LISTS = {
  "newest changes": {},
  "oldest first, in the middle": { sort: "queuedAt", descending: false, offset: JOBS / 2 },
  "active, by progress": { states: ["active"], sort: "percent" },
  "one queue": { queue: "queue-1", sort: "queuedAt" },
  "by what is left": { sort: "remaining", descending: false },
  "one user": { userId: "user-7" },
  "search: many": { search: "document" },
  "search: few": { search: "document 4711" },
  "search: none": { search: "no such thing" },
};
const rows = [];
for (const [name, parts] of Object.entries(LISTS)) {
  const query = {
    queue: null,
    states: [],
    userId: null,
    search: "",
    sort: "changedAt",
    descending: true,
    offset: 0,
    limit: 100,
    ...parts,
  };
  const first = [];
  const again = [];
  const held = [];
  let page;
  for (let turn = 0; turn < 12; turn++) {
    now += 1100;
    jobs.take([{ kind: "progress", at: now, ...at(turn), attempt: 1, percent: 61 + turn }], SOURCE);
    const gaps = watchGaps();
    page = await jobs.listInTurns(query);
    const gap = gaps();
    const began = process.cpuUsage();
    jobs.list(query);
    const { user, system } = process.cpuUsage(began);
    now += 1100;
    jobs.take([{ kind: "progress", at: now, ...at(turn), attempt: 1, percent: 81 + turn }], SOURCE);
    const before = process.cpuUsage();
    jobs.list(query);
    const fresh = process.cpuUsage(before);
    if (turn < 2) continue;
    first.push((fresh.user + fresh.system) / 1000);
    again.push((user + system) / 1000);
    held.push(gap);
  }
  rows.push([
    name,
    page.matched,
    percentile(first, 0.5).toFixed(1),
    percentile(held, 0.5).toFixed(1),
    Math.max(...held).toFixed(1),
    percentile(again, 0.5).toFixed(1),
  ]);
}

const seconds = [];
for (let turn = 0; turn < 12; turn++) {
  now += 1000;
  const began = performance.now();
  jobs.observe(now);
  jobs.queues();
  jobs.workers();
  jobs.totals();
  if (turn >= 2) seconds.push(performance.now() - began);
}

costs.push([
  "completed",
  take(active.map((i) => ({ kind: "completed", at: now, ...at(i), attempt: 1, result: "{}" }))),
]);

console.log(`${JOBS} jobs in ${QUEUES} queues of ${USERS} users, ${heard} changes heard`);
table(
  "An event",
  ["event", "µs each"],
  costs.map(([name, cost]) => [name, cost.toFixed(2)]),
);
table(
  "A waiting job",
  ["bytes of heap"],
  [[globalThis.gc === undefined ? "run with --expose-gc" : Math.round(perJob)]],
);
table(
  "A window of 100 jobs",
  [
    "query",
    "matched",
    "first look, CPU ms, p50",
    "in slices: longest in one go, ms, p50",
    "max",
    "next viewer, CPU ms",
  ],
  rows,
);
table(
  "Each second, all tables and totals",
  ["ms, p50", "max"],
  [[percentile(seconds, 0.5).toFixed(1), Math.max(...seconds).toFixed(1)]],
);
await jobs.close();
