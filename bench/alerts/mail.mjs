// From the breach to a mail that a server on loopback has accepted, through everything: probe, hub, the end of the
// second, the rule, the desk's process, SMTP. And from the commit alone. The control is the mail client by itself,
// without anything being kept. Nothing waits for a group here, and the alert need not last.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { createAlertDesk, createHub, signToken } from "@wsight/hub";
import { encodeLinkText, findMetric, SnapshotEncoder } from "@wsight/protocol";
import { startSmtpServer, until } from "@wsight/testkit";
import { createTransport } from "nodemailer";
import { percentile, table } from "../report.mjs";

const MAILS = Number(process.env.BENCH_MAILS ?? 300);
const BREACHES = Number(process.env.BENCH_BREACHES ?? 200);
const SECRET = "a-secret-for-benches-of-at-least-32-characters";
const METRIC = findMetric("websocket.server.active_connections");
const BREACH_MS = 150;

const server = await startSmtpServer();
const config = { host: server.host, port: server.port, security: "none", from: "a@example.org", to: ["b@example.org"] };

/** When a mail whose text matches was accepted, by what the match caught. */
const acceptedAt = new Map();
server.onMail(({ text }) => {
  const key = /(?:subject|ws\.server)=(\S+?)(?=[,\s<]|$)/.exec(text)?.[1];
  if (key !== undefined && !acceptedAt.has(key)) acceptedAt.set(key, performance.now());
});

async function alone() {
  const transport = createTransport({
    host: config.host,
    port: config.port,
    pool: true,
    maxConnections: 1,
    ignoreTLS: true,
  });
  const took = [];
  for (let i = 0; i < MAILS; i++) {
    const from = performance.now();
    await transport.sendMail({ from: config.from, to: config.to, subject: "a", text: `subject=alone-${i}` });
    took.push(performance.now() - from);
  }
  transport.close();
  return took;
}

async function fromCommit() {
  const dataDir = await mkdtemp(join(tmpdir(), "wsight-bench-"));
  const desk = createAlertDesk({ dataDir, secret: SECRET, instance: "bench", onError: console.error });
  await desk.saveChannel({ id: "mail", name: "Mail", type: "email", enabled: true, config, secrets: {} }, null);
  const took = [];
  for (let i = 0; i < MAILS; i++) {
    const key = `commit-${i}`;
    const from = performance.now();
    await desk.commit({ instances: [], forgotten: [], episodes: [], notices: [draft(key)] });
    await until(() => acceptedAt.has(key), { what: key });
    took.push(acceptedAt.get(key) - from);
  }
  await desk.close();
  await rm(dataDir, { recursive: true, force: true });
  return took;
}

function draft(key) {
  const notice = {
    kind: "firing",
    episodeId: key,
    seq: 1,
    fingerprint: null,
    ruleId: null,
    name: "bench",
    severity: "critical",
    labels: { subject: key },
    summary: "bench",
    description: "",
    metric: "",
    unit: "",
    value: null,
    limit: null,
    peak: null,
    firedAt: null,
    endedAt: null,
    endReason: null,
    culprits: [],
    runbookUrl: "",
    url: "",
    at: Date.now(),
  };
  return { dedupeKey: key, channelId: "mail", groupKey: key, groupWaitSec: 0, groupIntervalSec: 0, notice };
}

async function fromBreach() {
  const dataDir = await mkdtemp(join(tmpdir(), "wsight-bench-"));
  const hub = await createHub({ port: 0, dataDir, secret: SECRET, env: {}, dashboardDir: "/nonexistent" });
  const authorization = `Bearer ${await signToken({ sub: "admin", role: "admin", ttlMs: 3_600_000 }, SECRET)}`;
  const call = async (method, path, body) => {
    const headers = { authorization, "content-type": "application/json" };
    const answer = await fetch(`${hub.url}${path}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  };
  await call("POST", "/api/alerts/channels", { name: "Mail", type: "email", config });
  await call("PUT", "/api/alerts/routes", { groupBy: ["ws.server"], groupWaitSec: 0, groupIntervalSec: 10 });
  const limit = { metric: METRIC.name, agg: "last", windowSec: 1, op: "gt", warn: 10, groupBy: ["ws.server"] };
  const times = { forSec: 0, keepFiringSec: 600, everySec: 1, minSamples: 1, repeatSec: 0 };
  await call("POST", "/api/alerts/rules", { id: "bench", name: "bench", ...limit, ...times });
  const probe = createProbe(hub);
  const beat = setInterval(() => probe.tell(), 1_000);
  await wait(2_000);
  const breachedAt = new Map();
  for (let i = 0; i < BREACHES; i++) {
    const key = `breach-${i}`;
    breachedAt.set(key, performance.now());
    probe.breach(key);
    await wait(BREACH_MS);
  }
  await until(() => [...breachedAt.keys()].every((key) => acceptedAt.has(key)), {
    what: "all mails",
    timeoutMs: 30_000,
  });
  clearInterval(beat);
  await hub.close();
  await rm(dataDir, { recursive: true, force: true });
  return [...breachedAt].map(([key, at]) => acceptedAt.get(key) - at);
}

/** A process whose servers go beyond the limit one after another. */
function createProbe(hub) {
  const link = hub.openLink(() => {});
  const epoch = 1;
  const encoder = new SnapshotEncoder();
  let [series, seq] = [0, 0];
  const who = { service: "bench", instance: "a", pid: 1, host: "h", runtime: "r" };
  const hello = { type: "hello", version: 1, ...who, epoch, startedAt: Date.now(), intervalMs: 1000 };
  link.receive(encodeLinkText({ ...hello, findings: [], capacity: null }));
  const tell = () => {
    encoder.begin();
    for (let id = 0; id < series; id++) encoder.gauge(id, 50);
    link.receive(encoder.finish({ epoch, seq: ++seq, at: Date.now(), keyframe: true }));
  };
  return {
    tell,
    breach(key) {
      const name = { id: series++, series: { metric: METRIC, labels: { "ws.library": "ws", "ws.server": key } } };
      link.receive(encodeLinkText({ type: "names", epoch, names: [name], retired: [] }));
      tell();
    },
  };
}

const parts = [
  ["the mail client alone (control)", await alone()],
  ["commit → accepted mail", await fromCommit()],
  ["breach → accepted mail", await fromBreach()],
];
await server.stop();
table(
  "mail: ms until a server on loopback has accepted it (a second is evaluated when it has ended: 0 to 1 s of the last row, and what the hub leaves probes to tell it)",
  ["", "mails", "first", "p50", "p99", "longest"],
  parts.map(([name, took]) => [
    name,
    took.length,
    ...[took[0], percentile(took, 0.5), percentile(took, 0.99), Math.max(...took)].map((ms) => ms.toFixed(1)),
  ]),
);
