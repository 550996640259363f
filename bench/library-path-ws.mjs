// Library path of ws: receive and reply over an in-memory stream, without
// system calls. Every variant has a process of its own, so that none shapes the
// compiled code of another; blocks of messages are run in turns, and the
// fastest block of each counts, since neighbours only ever make it slower. All
// of it is done a few times over with fresh processes, because what V8 chooses
// to inline differs by some per cent from one process to the next.

import { fork } from "node:child_process";
import { once } from "node:events";
import { VARIANTS } from "./library-path/ws-variants.mjs";
import { table } from "./report.mjs";

const BLOCK = 20_000;
const WARM_UP_MS = 9_000;
const ROUNDS = 40;
const GENERATIONS = 3;
const CONNECTIONS = 10_000;

function start(name) {
  const file = new URL("./library-path/ws-child.mjs", import.meta.url).pathname;
  return fork(file, [name], { execArgv: ["--expose-gc"] });
}

async function ask(child, question) {
  child.send(question);
  const [answer] = await once(child, "message");
  return answer;
}

const results = Object.keys(VARIANTS).map((name) => ({ name, bests: [], heap: Infinity, buffers: Infinity }));

async function generation() {
  const running = results.map((result) => ({ result, child: start(result.name), best: Infinity }));
  // The probe adapts its sampling once a second, one step at a time.
  for (const until = Date.now() + WARM_UP_MS; Date.now() < until; ) {
    for (const { child } of running) await ask(child, { ask: "run", size: BLOCK });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const one of running) one.best = Math.min(one.best, await ask(one.child, { ask: "run", size: BLOCK }));
  }
  for (const { result, child, best } of running) {
    result.bests.push(best);
    const { heap, buffers } = await ask(child, { ask: "memory", size: CONNECTIONS });
    result.heap = Math.min(result.heap, heap);
    result.buffers = Math.min(result.buffers, buffers);
    child.disconnect();
  }
}

for (let i = 0; i < GENERATIONS; i++) await generation();

const [none] = results;
const best = ({ bests }) => Math.min(...bests);
table(
  `ws, receive + reply in memory: fastest block of ${BLOCK} messages of ${GENERATIONS} × ${ROUNDS}`,
  [
    "variant",
    "ns a message",
    "÷ none",
    "÷ none, each generation",
    "heap B a connection over none",
    "buffer B a connection over none",
  ],
  results.map((result) => [
    result.name,
    best(result).toFixed(0),
    (best(result) / best(none)).toFixed(2),
    result.bests.map((ns, i) => (ns / none.bests[i]).toFixed(2)).join(" "),
    (result.heap - none.heap).toFixed(0),
    (result.buffers - none.buffers).toFixed(0),
  ]),
);
