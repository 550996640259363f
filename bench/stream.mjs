// One JSON message a second of a host's figures and processes to 1, 100 and
// 1,000 clients of /ws/metrics over loopback: how late it comes, and what it
// costs the process. Once with the embedded store, once with a database that is
// away: the beat must not know the difference.
import { setTimeout as wait } from "node:timers/promises";
import { ask, end, hear, start } from "./children.mjs";
import { percentile, table } from "./report.mjs";

const CROWDS = (process.env.BENCH_CLIENTS ?? "0,1,100,1000").split(",").map(Number);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 10);
const SETTLE_MS = 3000;
const KINDS = [
  ["embedded", "embedded"],
  ["postgres-away", "PostgreSQL, away"],
];

async function measure(kind, count) {
  const server = start("./stream/server.mjs", [kind]);
  const address = await hear(server);
  const clients = start("./stream/clients.mjs", [JSON.stringify({ ...address, count })]);
  await hear(clients);
  await wait(SETTLE_MS);
  // From the middle of a second to the middle of another: whole beats.
  await wait(1500 - (Date.now() % 1000));
  clients.send("start");
  const before = await ask(server, "cpu");
  await wait(SECONDS * 1000);
  const { cpuMs } = await ask(server, "cpu");
  const heard = await ask(clients, "stop");
  await end(clients, server);
  return { ...heard, cpuMs: (cpuMs - before.cpuMs) / SECONDS };
}

for (const [kind, name] of KINDS) {
  const rows = [];
  let idleMs = 0;
  for (const count of CROWDS) {
    const { bytes, fromTickMs, fromMadeMs, cpuMs } = await measure(kind, count);
    if (count === 0) idleMs = cpuMs;
    const two = (list) =>
      list.length === 0 ? "–" : `${percentile(list, 0.5).toFixed(1)} / ${percentile(list, 0.99).toFixed(1)}`;
    rows.push([
      count,
      (fromTickMs.length / Math.max(1, count) / SECONDS).toFixed(2),
      two(fromTickMs),
      two(fromMadeMs),
      count === 0 ? "–" : (bytes / fromTickMs.length).toFixed(0),
      cpuMs.toFixed(1),
      (cpuMs - idleMs).toFixed(1),
    ]);
  }
  table(
    `/ws/metrics each second for ${SECONDS} s, store: ${name}`,
    [
      "clients",
      "messages each second",
      "tick to client p50 / p99, ms",
      "made to client p50 / p99, ms",
      "bytes a message",
      "CPU of the whole process, ms a second",
      "above no client",
    ],
    rows,
  );
}
