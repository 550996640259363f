// A peer: a server of its own, fed with the same day, asked the same over HTTP.
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { cpuOf, medianOf, rssOf } from "./cost.mjs";
import { PeerDay } from "./peer-day.mjs";
import { questions, ROUNDS } from "./questions.mjs";

/** Seconds of one request. */
const CHUNK_SECONDS = 120;

/**
 * Runs a peer. `peer` says how it is started and fed: `program`, `flags(dir,
 * port)`, `ready` (a path), `encode(chunk, startAt)` → `{ path, headers, body }`,
 * `settle(url)` before its bytes are counted, `bytes(url, dir)`.
 */
export async function runPeer(peer, { count, seconds, startAt, dataDir }) {
  let server = await start(peer, dataDir);
  const day = new PeerDay(count);
  let samples = 0;
  let wall = 0;
  const cpuBefore = cpuOf(server.pid);
  for (let second = 0; second < seconds; second += CHUNK_SECONDS) {
    const length = Math.min(CHUNK_SECONDS, seconds - second);
    const from = startAt + second * 1_000;
    const chunk = day.next(from, length);
    const before = performance.now();
    for (const { path, headers, body } of peer.encode(chunk, from)) {
      const reply = await fetch(server.url + path, { method: "POST", headers, body });
      if (!reply.ok) throw new Error(`${peer.name}: ${reply.status} ${await reply.text()}`);
    }
    wall += performance.now() - before;
    samples += chunk.length * length;
  }
  await peer.settle(server.url);
  const cpu = cpuOf(server.pid) - cpuBefore;
  const bytes = await peer.bytes(server.url, dataDir);
  const rss = rssOf(server.pid);
  await server.stop();
  const began = performance.now();
  server = await start(peer, dataDir);
  const startMs = performance.now() - began;
  const times = {};
  for (const [name, { promql }] of Object.entries(questions({ count, endAt: startAt + seconds * 1_000 }))) {
    times[name] = await medianOf(ROUNDS, async (round) => {
      const answer = await (await fetch(server.url + promql(round))).json();
      if (answer.status !== "success" || answer.data.result.length === 0) {
        throw new Error(`${peer.name}: ${name}: ${promql(round)} ${JSON.stringify(answer).slice(0, 300)}`);
      }
    });
  }
  const rssAsked = rssOf(server.pid);
  await server.stop();
  return { name: peer.name, samples, cpu, wall, bytes, rss, rssAsked, start: startMs, times };
}

async function start(peer, dataDir) {
  const port = await freePort();
  const child = spawn(peer.program, peer.flags(dataDir, port), { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const url = `http://127.0.0.1:${port}`;
  for (const until = Date.now() + 120_000; ; await wait(5)) {
    if ((await fetch(url + peer.ready).catch(() => null))?.ok) break;
    if (Date.now() > until || child.exitCode !== null) throw new Error(`${peer.name} does not start`);
  }
  const stop = () => {
    child.kill("SIGTERM");
    return ended;
  };
  return { pid: child.pid, url, stop };
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
