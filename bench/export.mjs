// Memory and speed of an export: the same data directory with one hour, four and
// sixteen hours of 100 series at one second. The process of `wsight export` and
// the one of the store that it starts are watched by what the kernel says of
// their largest memory; a file copy of the same bytes is the control for speed.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLibsqlStore } from "@wsight/hub";
import { findMetric, Histogram } from "@wsight/protocol";
import { table } from "./report.mjs";

const SERIES = 100;
const HOURS = (process.env.BENCH_HOURS ?? "1,4,16").split(",").map(Number);
const START = 1_790_000_000_000 - (1_790_000_000_000 % 3_600_000);
const BIN = new URL("../packages/wsight/bin/wsight.js", import.meta.url).pathname;
const KINDS = ["websocket.server.messages", "websocket.server.active_connections", "websocket.server.rtt"].map(
  findMetric,
);

/** Ten of a hundred are distributions. */
const ALL = Array.from({ length: SERIES }, (_, i) => ({
  metric: KINDS[i % 10 === 9 ? 2 : i % 2],
  labels: { "ws.server": `${i}` },
}));

function samplesOf(at) {
  return ALL.map((series, i) => {
    const value = ((at / 1000) * 31 + i * 17) % 1000;
    const one = { node: "chat/1", series, at, intervalMs: 1000 };
    if (series.metric.kind !== "histogram")
      return { ...one, min: value, max: value, sum: value, count: 1, last: value };
    const histogram = new Histogram();
    for (let n = 0; n < 20; n++) histogram.record(0.001 * (1 + ((value + n * 7) % 50)));
    const { min, max, sum, count } = histogram;
    return { ...one, min, max, sum, count, last: 0, histogram: histogram.encode() };
  });
}

/** Largest memory so far of a process and all it started, bytes each; 0 once it is gone. */
function largest(pid) {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function childrenOf(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}

/** Runs the command line; how long it took, and the largest memory of it and of what it started. */
async function watched(args) {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [BIN, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  let own = 0;
  let store = 0;
  const timer = setInterval(() => {
    own = Math.max(own, largest(child.pid));
    for (const pid of childrenOf(child.pid)) store = Math.max(store, largest(pid));
  }, 20);
  const [code] = await once(child, "close");
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args.join(" ")}: ${code}`);
  return { seconds: (performance.now() - startedAt) / 1000, own, store };
}

const MIB = 2 ** 20;
const mib = (bytes) => `${(bytes / MIB).toFixed(0)} MiB`;
const rows = [];
for (const hours of HOURS) {
  const dir = mkdtempSync(join(tmpdir(), "wsight-bench-"));
  const store = await createLibsqlStore({ dataDir: join(dir, "one"), retention: { "1s": 400 * 86_400_000 } });
  for (let second = 0; second < hours * 3600; second += 50) {
    const batch = [];
    for (let i = second; i < second + 50; i++) batch.push(...samplesOf(START + i * 1000));
    await store.append(batch);
  }
  await store.close();
  const seconds = hours * 3600 * SERIES;
  for (const format of ["ndjson", "csv"]) {
    const out = join(dir, `history.${format}`);
    const {
      seconds: took,
      own,
      store: process,
    } = await watched(["export", "--data", join(dir, "one"), "--format", format, "--out", out]);
    const bytes = statSync(out).size;
    rows.push([
      `export ${format}`,
      `${hours} h`,
      seconds.toLocaleString("en"),
      mib(bytes),
      took.toFixed(1),
      mib(own),
      mib(process),
    ]);
  }
  const {
    seconds: took,
    own,
    store: process,
  } = await watched(["import", join(dir, "history.ndjson"), "--data", join(dir, "two")]);
  rows.push([
    "import ndjson",
    `${hours} h`,
    seconds.toLocaleString("en"),
    mib(statSync(join(dir, "history.ndjson")).size),
    took.toFixed(1),
    mib(own),
    mib(process),
  ]);
  const startedAt = performance.now();
  await copyFile(join(dir, "history.ndjson"), join(dir, "copy"));
  rows.push(["copying that file", `${hours} h`, "", "", ((performance.now() - startedAt) / 1000).toFixed(1), "", ""]);
  rmSync(dir, { recursive: true, force: true });
}
table(
  `${SERIES} series at one second, a tenth of them distributions`,
  ["", "time", "samples of a second", "file", "s", "largest memory of the command", "of the store's process"],
  rows,
);
