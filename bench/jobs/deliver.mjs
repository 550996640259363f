// From a worker's process to the browser of a job's owner: a call there, through its probe, the link and the hub, to
// 1,000 users over Socket.IO, each hearing of its own job alone. Beside it, a server of plain Socket.IO that gets the
// same payload from the same process over a WebSocket, and emits it to the room of its user. Both have all their
// clients all the time and are driven in turns.
import { setTimeout as wait } from "node:timers/promises";
import { ask, end, hear, pinned, start } from "../children.mjs";
import { percentile, table } from "../report.mjs";

const USERS = Number(process.env.BENCH_USERS ?? 1000);
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 6);
const ROUND_MS = 5000;
const RATES = (process.env.BENCH_RATES ?? "1000,3000").split(",").map(Number);
const KINDS = ["socket.io", "hub"];

async function open(kind, payload) {
  const server = start("./jobs/deliver-server.mjs", [JSON.stringify({ kind, users: USERS })], "0");
  const { port, tokens, probeToken } = await hear(server);
  const crowd = start("./jobs/deliver-clients.mjs", [], "1");
  crowd.send({ port, tokens });
  await hear(crowd);
  const worker = start(
    "./jobs/deliver-worker.mjs",
    [JSON.stringify({ kind, port, probeToken, users: USERS, payload })],
    "1",
  );
  await hear(worker);
  return { kind, server, crowd, worker };
}

/** @param rate events a second, over all users; 0: one of each at once */
async function drive({ server, crowd, worker }, rate, ms) {
  await ask(crowd, "start");
  const before = await ask(server, "cpu");
  const { sent } = await ask(worker, { rate, ms });
  // What is still on its way.
  await wait(1000);
  const after = await ask(server, "cpu");
  const { took, strangers, sample } = await ask(crowd, "stop");
  return { sent, took, strangers, sample, cpuMs: after.cpuMs - before.cpuMs };
}

const hub = await open("hub", null);
// The payload that the control emits is one of the hub's.
const { sample } = await drive(hub, 1000, 2000);
const control = await open("socket.io", sample);
await drive(control, 1000, 2000);
const subjects = { hub, "socket.io": control };

const rows = [];
for (const rate of [...RATES, 0]) {
  const found = Object.fromEntries(KINDS.map((kind) => [kind, { sent: 0, took: [], cpuMs: 0, strangers: 0 }]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed()) {
      const one = await drive(subjects[kind], rate, ROUND_MS);
      const sum = found[kind];
      sum.sent += one.sent;
      sum.cpuMs += one.cpuMs;
      sum.strangers += one.strangers;
      for (const took of one.took) sum.took.push(took);
    }
  }
  for (const kind of KINDS) {
    const { sent, took, cpuMs, strangers } = found[kind];
    rows.push([
      rate === 0 ? `${USERS} at once` : `${rate.toLocaleString("en")} a second`,
      kind === "hub" ? "wsight" : "plain Socket.IO",
      `${took.length} of ${sent}`,
      ...[0.5, 0.99, 1].map((q) => (percentile(took, q) / 1000).toFixed(1)),
      ((cpuMs * 1000) / sent).toFixed(0),
      strangers,
    ]);
  }
}
await end(...KINDS.flatMap((kind) => [subjects[kind].worker, subjects[kind].crowd, subjects[kind].server]));
table(
  `Events of jobs to ${USERS.toLocaleString("en")} users, ${ROUNDS} rounds of ${ROUND_MS / 1000} s${pinned ? "; servers on one core, worker and clients on the other" : ""}`,
  ["events", "by", "arrived", "p50, ms", "p99, ms", "longest, ms", "server's CPU an event, µs", "at the wrong user"],
  rows,
);
