// Echo over loopback: server CPU per message with each way of watching, as a
// ratio to the same server unwatched. Servers run side by side on one core and
// are driven in turns, so that what disturbs the machine disturbs all alike.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { VARIANTS } from "./end-to-end/variants.mjs";
import { percentile, table } from "./report.mjs";

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 12);
const ROUND_MS = 600;
const CONNECTIONS = 50;
const MESSAGE = JSON.stringify({ room: "general", text: "x".repeat(80), at: 1234567890123 });
const pinned = spawnSync("taskset", ["-c", "0", "true"]).status === 0;
if (pinned) spawnSync("taskset", ["-pc", "1", String(process.pid)]);

async function start(library, variant) {
  const path = new URL("./end-to-end/server.mjs", import.meta.url).pathname;
  const server = fork(
    path,
    [library, variant],
    pinned ? { execPath: "taskset", execArgv: ["-c", "0", process.execPath] } : {},
  );
  const [{ port }] = await once(server, "message");
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => CLIENTS[library](port)));
  return { variant, server, clients, main: [], whole: [] };
}

const CLIENTS = {
  async ws(port) {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`);
    await once(socket, "open");
    return {
      send: () => socket.send(MESSAGE),
      onReply: (fn) => socket.on("message", fn),
      close: () => socket.terminate(),
    };
  },
  async "socket.io"(port) {
    const socket = io(`http://127.0.0.1:${port}`, { transports: ["websocket"], forceNew: true });
    await new Promise((resolve) => socket.once("connect", resolve));
    return {
      send: () => socket.emit("echo", MESSAGE),
      onReply: (fn) => socket.on("echo", fn),
      close: () => socket.disconnect(),
    };
  },
};

async function drive(subject) {
  let running = true;
  for (const client of subject.clients) {
    if (!client.driven) client.onReply(() => client.next?.());
    client.driven = true;
    client.next = () => running && client.send();
    client.send();
  }
  subject.server.send({ type: "start" });
  await new Promise((resolve) => setTimeout(resolve, ROUND_MS));
  running = false;
  subject.server.send({ type: "stop" });
  const [{ blocks }] = await once(subject.server, "message");
  return blocks;
}

for (const library of Object.keys(VARIANTS)) {
  const subjects = [];
  for (const variant of Object.keys(VARIANTS[library])) subjects.push(await start(library, variant));
  for (let round = -1; round < ROUNDS; round++) {
    for (const subject of subjects) {
      const blocks = await drive(subject);
      if (round < 0) continue;
      subject.main.push(...blocks.map(([main]) => main));
      subject.whole.push(...blocks.map(([, whole]) => whole));
    }
  }
  const [control] = subjects;
  const ratio = (list, base, q) => (percentile(list, q) / percentile(base, q)).toFixed(2);
  table(
    `End-to-end echo, ${library}: server CPU per message ÷ without (${ROUNDS} rounds of ${ROUND_MS} ms, ${CONNECTIONS} connections${pinned ? ", pinned" : ""})`,
    ["watched by", "µs/message p25", "app thread ÷ none p25", "p5", "whole process ÷ none p25"],
    subjects.map(({ variant, main, whole }) => [
      variant,
      (percentile(main, 0.25) / 1000).toFixed(2),
      ratio(main, control.main, 0.25),
      ratio(main, control.main, 0.05),
      ratio(whole, control.whole, 0.25),
    ]),
  );
  for (const { server, clients } of subjects) {
    for (const client of clients) client.close();
    server.send({ type: "close" });
    await once(server, "exit");
  }
}
