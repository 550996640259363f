// What watching costs a request: the same server with and without, in processes
// of their own, run in turns. First in memory, without system calls, where the
// fastest block counts; then over loopback, by CPU time a request.
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { ask, pinned, start } from "./children.mjs";
import { NAMES, WAYS } from "./http/servers.mjs";
import { percentile, table } from "./report.mjs";

const BLOCK = 2000;
const WARM_UP_BLOCKS = 20;
const BLOCKS = 40;
const GENERATIONS = 2;
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 24);
const ROUND_MS = 250;
const CONNECTIONS = 50;
const REQUEST =
  "GET /api/acme/users/7 HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\nUser-Agent: bench\r\n\r\n";
if (pinned) spawnSync("taskset", ["-pc", "1", String(process.pid)]);

const open = (library, way) => start("./http/child.mjs", [library, way], "0");

async function inMemory(library) {
  const results = WAYS.map((way) => ({ way, bests: [] }));
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const running = results.map((result) => ({ result, child: open(library, result.way), best: Infinity }));
    for (let i = -WARM_UP_BLOCKS; i < BLOCKS; i++) {
      for (const one of running) {
        const took = await ask(one.child, { ask: "memory", size: BLOCK });
        if (i >= 0) one.best = Math.min(one.best, took);
      }
    }
    for (const { result, child, best } of running) {
      result.bests.push(best);
      child.disconnect();
    }
  }
  return results;
}

/** A client that asks again as soon as it is answered. */
async function openClient(port) {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  const client = { running: false, ask: () => socket.write(REQUEST), close: () => socket.destroy() };
  // Replies are small: each comes in one piece.
  socket.on("data", () => client.running && client.ask());
  return client;
}

async function overLoopback(library) {
  const subjects = [];
  for (const way of WAYS) {
    const child = open(library, way);
    const port = await ask(child, { ask: "listen" });
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => openClient(port)));
    subjects.push({ way, child, clients, each: [] });
  }
  for (let round = -2; round < ROUNDS; round++) {
    // In turns that change, so that nobody always comes after the same one.
    for (const { child, clients, each } of subjects.toSorted(() => Math.random() - 0.5)) {
      for (const client of clients) {
        client.running = true;
        client.ask();
      }
      child.send({ ask: "start" });
      await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
      const figures = await ask(child, { ask: "stop" });
      for (const client of clients) client.running = false;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (round >= 0) each.push(figures.each);
    }
  }
  for (const { child, clients } of subjects) {
    for (const client of clients) client.close();
    child.disconnect();
  }
  return subjects;
}

const parts = process.env.BENCH_PARTS?.split(",") ?? ["memory", "loopback"];
for (const library of process.env.BENCH_ONLY?.split(",") ?? NAMES) {
  if (parts.includes("memory")) {
    const [none, ...others] = await inMemory(library);
    const best = ({ bests }) => Math.min(...bests);
    table(
      `${library}: one request in memory, fastest of ${GENERATIONS} × ${BLOCKS} blocks`,
      ["watched by", "µs", "÷ none", "÷ none, each generation"],
      [none, ...others].map((one) => [
        one.way,
        (best(one) / 1000).toFixed(2),
        (best(one) / best(none)).toFixed(3),
        one.bests.map((ns, i) => (ns / none.bests[i]).toFixed(2)).join(" "),
      ]),
    );
  }
  if (parts.includes("loopback")) {
    const [none, ...others] = await overLoopback(library);
    const at = (one, q) => percentile(one.each, q);
    table(
      `${library}: one request over loopback, CPU of the server, ${ROUNDS} rounds of ${ROUND_MS} ms${pinned ? ", pinned" : ""}`,
      ["watched by", "µs p25", "÷ none p5", "÷ none p25", "÷ none p50"],
      [none, ...others].map((one) => [
        one.way,
        (at(one, 0.25) / 1000).toFixed(1),
        ...[0.05, 0.25, 0.5].map((q) => (at(one, q) / at(none, q)).toFixed(3)),
      ]),
    );
  }
}
