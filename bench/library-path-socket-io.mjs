// Library path of Socket.IO: receive and reply, and broadcast per recipient,
// over in-memory streams, without system calls. Every variant has processes of
// its own, so that none shapes the compiled code of another. Blocks of messages
// are run in turns, and the fastest block of a process counts, since neighbours
// only ever make it slower; of several processes the median counts, since what
// the compiler makes of the same code differs from process to process.

import { fork } from "node:child_process";
import { once } from "node:events";
import { VARIANTS } from "./library-path/socket-io-variants.mjs";
import { percentile, table } from "./report.mjs";

const BLOCK = { run: 4_000, broadcast: 40 };
/** For each variant: the compiler needs a while, and the probe adapts its sampling once a second, one step at a time. */
const WARM_UP_MS = 4_000;
const ROUNDS = Number(process.env.ROUNDS ?? 40);
const GENERATIONS = Number(process.env.GENERATIONS ?? 3);
const CONNECTIONS = 5_000;
const wanted = process.argv.slice(2);

const variants = Object.keys(VARIANTS)
  .filter((name) => wanted.length === 0 || name === "none" || wanted.includes(name))
  .map((name) => ({ name, run: [], broadcast: [], memory: null }));

function start({ name }) {
  const file = new URL("./library-path/socket-io-child.mjs", import.meta.url).pathname;
  return fork(file, [name], { execArgv: ["--expose-gc"] });
}

async function ask(child, question) {
  child.send(question);
  const [answer] = await once(child, "message");
  return answer;
}

async function race(kind, children) {
  const block = { ask: kind, size: BLOCK[kind] };
  for (const until = Date.now() + WARM_UP_MS * children.length; Date.now() < until; ) {
    for (const child of children) await ask(child, block);
  }
  const fastest = children.map(() => Infinity);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, child] of children.entries()) fastest[i] = Math.min(fastest[i], await ask(child, block));
  }
  for (const [i, variant] of variants.entries()) variant[kind].push(fastest[i]);
}

for (const variant of variants) {
  const child = start(variant);
  variant.memory = await ask(child, { ask: "memory", size: CONNECTIONS });
  child.disconnect();
}
for (let generation = 0; generation < GENERATIONS; generation++) {
  const children = variants.map(start);
  await race("run", children);
  await race("broadcast", children);
  for (const child of children) child.disconnect();
}

const [none] = variants;
const median = (list) => percentile(list, 0.5);
table(
  `Socket.IO in memory, fastest of ${ROUNDS} blocks, median of ${GENERATIONS} processes`,
  [
    "variant",
    "ns a message, receive + reply",
    "÷ none",
    "ns a recipient, broadcast to 500",
    "÷ none",
    "heap bytes a connection, over none",
    "buffer bytes a connection, over none",
  ],
  variants.map(({ name, run, broadcast, memory }) => [
    name,
    median(run).toFixed(0),
    (median(run) / median(none.run)).toFixed(2),
    median(broadcast).toFixed(0),
    (median(broadcast) / median(none.broadcast)).toFixed(2),
    (memory.heap - none.memory.heap).toFixed(0),
    (memory.buffers - none.memory.buffers).toFixed(0),
  ]),
);
