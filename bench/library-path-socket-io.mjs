// Library path of Socket.IO: receive and reply, and broadcast per recipient,
// over in-memory streams, without system calls. Every variant has a process of
// its own, so that none shapes the compiled code of another; blocks of messages
// are run in turns, and the fastest block of each counts, since neighbours only
// ever make it slower.

import { fork } from "node:child_process";
import { once } from "node:events";
import { VARIANTS } from "./library-path/socket-io-variants.mjs";
import { table } from "./report.mjs";

const BLOCK = { run: 4_000, broadcast: 40 };
const WARM_UP_MS = 12_000;
const ROUNDS = Number(process.env.ROUNDS ?? 60);
const CONNECTIONS = 5_000;
const wanted = process.argv.slice(2);

const children = Object.keys(VARIANTS)
  .filter((name) => wanted.length === 0 || name === "none" || wanted.includes(name))
  .map((name) => ({ name, process: start(name), run: Infinity, broadcast: Infinity, memory: null }));

function start(name) {
  const file = new URL("./library-path/socket-io-child.mjs", import.meta.url).pathname;
  return fork(file, [name], { execArgv: ["--expose-gc"] });
}

async function ask(child, question) {
  child.process.send(question);
  const [answer] = await once(child.process, "message");
  return answer;
}

async function race(kind) {
  // The probe adapts its sampling once a second, one step at a time.
  for (const until = Date.now() + WARM_UP_MS; Date.now() < until; ) {
    for (const child of children) await ask(child, { ask: kind, size: BLOCK[kind] });
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const child of children)
      child[kind] = Math.min(child[kind], await ask(child, { ask: kind, size: BLOCK[kind] }));
  }
}

for (const child of children) child.memory = await ask(child, { ask: "memory", size: CONNECTIONS });
for (const child of children) child.process.disconnect();
for (const child of children) child.process = start(child.name);
await race("run");
await race("broadcast");
for (const child of children) child.process.disconnect();

const [none] = children;
table(
  `Socket.IO in memory, fastest of ${ROUNDS} blocks`,
  [
    "variant",
    "ns a message, receive + reply",
    "÷ none",
    "ns a recipient, broadcast to 500",
    "÷ none",
    "heap bytes a connection, over none",
    "buffer bytes a connection, over none",
  ],
  children.map(({ name, run, broadcast, memory }) => [
    name,
    run.toFixed(0),
    (run / none.run).toFixed(2),
    broadcast.toFixed(0),
    (broadcast / none.broadcast).toFixed(2),
    (memory.heap - none.memory.heap).toFixed(0),
    (memory.buffers - none.memory.buffers).toFixed(0),
  ]),
);
