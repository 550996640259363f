// A day of an application's seconds through the public writer: what a sample
// costs in CPU and bytes, how long questions take, memory and start, and the
// same day in VictoriaMetrics and Prometheus, where they are installed.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { table } from "./report.mjs";
import { runPeer } from "./store/peer.mjs";
import { PROMETHEUS } from "./store/prometheus.mjs";
import { VICTORIA_METRICS } from "./store/victoria-metrics.mjs";
import { runWsight } from "./store/wsight.mjs";

const HOUR_MS = 3_600_000;
/** `SERIES x HOURS`, separated by commas. A whole day of 2,000 takes twenty minutes: `BENCH_SIZES=2000x24`. */
const SIZES = (process.env.BENCH_SIZES ?? "200x24,2000x2").split(",").map((size) => size.split("x").map(Number));
/** Which stores. */
const ONLY = process.env.BENCH_ONLY?.split(",") ?? ["wsight", "VictoriaMetrics", "Prometheus"];
const PEERS = [VICTORIA_METRICS, PROMETHEUS].filter(({ name, program }) => ONLY.includes(name) && existsSync(program));

for (const [count, hours] of SIZES) {
  const endAt = Math.floor(Date.now() / HOUR_MS - 1) * HOUR_MS;
  const setup = { count, seconds: Math.round(hours * 3_600), startAt: endAt - hours * HOUR_MS };
  const wsight = ONLY.includes("wsight") ? await within((dataDir) => runWsight({ ...setup, dataDir })) : null;
  const peers = [];
  for (const peer of PEERS) peers.push(await within((dataDir) => runPeer(peer, { ...setup, dataDir })));
  report(count, hours, wsight, peers);
}

async function within(run) {
  const dataDir = await mkdtemp(join(tmpdir(), "wsight-bench-store-"));
  try {
    return await run(dataDir);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

function report(count, hours, wsight, peers) {
  const all = [...(wsight === null ? [] : [{ ...wsight, ...summaryOf(wsight) }]), ...peers];
  const seconds = hours * 3_600;
  const each = (value) => all.map((one) => value(one));
  const rows = [
    ["samples", ...each(({ samples }) => million(samples))],
    ["M samples/s a core", ...each(({ samples, cpu }) => (samples / cpu / 1_000).toFixed(2))],
    ["times faster than real time", ...each(({ wall }) => (seconds / (wall / 1_000)).toFixed(0))],
    ["MB on disk", ...each(({ bytes }) => (bytes / 1e6).toFixed(1))],
    ["B a sample of its own", ...each(({ samples, bytes }) => (bytes / samples).toFixed(2))],
    ["B a second and series of the day", ...each(({ bytes }) => (bytes / seconds / count).toFixed(2))],
    ["memory after writing / asked, MB", ...each(({ rss, rssAsked }) => `${rss.toFixed(0)} / ${rssAsked.toFixed(0)}`)],
    ["start until it answers, ms", ...each(({ start }) => start.toFixed(0))],
    ...Object.keys(all[0].times).map((name) => [`${name}, ms`, ...each(({ times }) => times[name].toFixed(2))]),
  ];
  table(`${count} series for ${hours} h at 1 s`, ["", ...all.map(({ name }) => name)], rows);
  if (wsight !== null) reportTiers(wsight);
}

/** Bytes are those of the database's files; CPU is that of both processes. */
function summaryOf({ writerCpu, storeCpu, stats }) {
  return { cpu: writerCpu + storeCpu, bytes: stats.bytes };
}

function reportTiers({ samples, writerCpu, storeCpu, stats }) {
  const rows = stats.tiers.map(({ stepMs, samples: held, bytes }) => [
    `${stepMs / 1_000} s`,
    million(held),
    (bytes / Math.max(1, held)).toFixed(2),
    (bytes / samples).toFixed(3),
  ]);
  const tiers = stats.tiers.reduce((sum, { bytes }) => sum + bytes, 0);
  rows.push(["all", "", "", (tiers / samples).toFixed(3)]);
  table(
    "wsight's tiers, without the database's own overhead",
    ["tier", "samples", "B a sample", "B a second and series"],
    rows,
  );
  const share = (ms) => `${((ms * 1e6) / samples).toFixed(0)} ns`;
  console.log(`\nCPU a sample: writer ${share(writerCpu)}, store's process ${share(storeCpu)}.`);
}

function million(samples) {
  return `${(samples / 1e6).toFixed(2)} M`;
}
