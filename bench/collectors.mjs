// What reading the host and the process costs: CPU of a process that does
// nothing else, less that of one that does nothing at all, side by side. In
// one pair a page asks for the process table each second.

import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { table } from "./report.mjs";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const WARM_UP_SECONDS = 10;
const VARIANTS = [
  "control",
  "without the host",
  "wsight",
  "wsight, process table",
  "systeminformation",
  "systeminformation, process table",
];
const WHAT = {
  control: "nothing (control)",
  "without the host": "wsight: the process alone (event loop, heap, collections, handles), snapshots",
  wsight: "wsight: all collectors at their default tiers, snapshots",
  "wsight, process table": "wsight: the same, and the process table asked for each second",
  systeminformation: "systeminformation: CPU, memory, disks, network each second",
  "systeminformation, process table": "systeminformation: processes each second",
};

/** CPU time of all threads of a process so far, ms, and of the programs that it started and that have ended. */
function cpuOf(pid) {
  let ns = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    ns += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]);
  }
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return ns / 1e6 + (Number(fields[13]) + Number(fields[14])) * 10;
}

const children = new Map();
for (const variant of VARIANTS) {
  const child = fork(new URL("./collectors/process.mjs", import.meta.url).pathname, [variant]);
  await once(child, "message");
  children.set(variant, child);
}
await wait(WARM_UP_SECONDS * 1000);
const begin = performance.now();
const before = new Map([...children].map(([variant, { pid }]) => [variant, cpuOf(pid)]));
await wait(SECONDS * 1000);
const took = (variant) => cpuOf(children.get(variant).pid) - before.get(variant);
const elapsed = performance.now() - begin;
const shares = new Map(VARIANTS.map((variant) => [variant, took(variant) / elapsed]));

const reports = new Map();
for (const [variant, child] of children) {
  child.send("report");
  const [report] = await once(child, "message");
  reports.set(variant, report);
  child.disconnect();
}

const percent = (share) => `${(share * 100).toFixed(2)} %`;
const { processes } = reports.get("wsight, process table");
table(
  `Reading at default tiers, share of one core over ${SECONDS} s, on a host of ${processes} processes (budget: 1 %)`,
  ["what", "CPU", "less the control", "answers"],
  VARIANTS.map((variant) => [
    WHAT[variant],
    percent(shares.get(variant)),
    percent(shares.get(variant) - shares.get("control")),
    reports.get(variant).answers || "",
  ]),
);
table(
  "Collectors by their own clock",
  ["what", "tier", "ms a read", "share of one core"],
  reports
    .get("wsight")
    .rows.map(({ name, at, seconds, intervalMs }) => [
      name,
      at,
      (seconds * 1000).toFixed(3),
      percent(seconds / (intervalMs / 1000)),
    ]),
);
