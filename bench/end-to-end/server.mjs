// An echo server of one library with one way of watching it, under measurement.
// Reports over IPC what its CPU cost per message in blocks of 60 ms.
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { VARIANTS } from "./variants.mjs";

const [library, variant] = process.argv.slice(2);
const BLOCK_MS = 60;

let messages = 0;
const server = createServer();
const echo = (text) => {
  messages++;
  return JSON.stringify({ ...JSON.parse(text), server: true });
};
const close = await VARIANTS[library][variant](server, echo);
server.listen(0, "127.0.0.1", () => process.send({ type: "listening", port: server.address().port }));

/** CPU time of the main thread, ns; of the whole process where the kernel does not tell. */
function mainThreadCpu() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1").split(" ")[0]);
  } catch {
    const { user, system } = process.cpuUsage();
    return (user + system) * 1000;
  }
}

function wholeCpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

let timer;
const blocks = [];
process.on("message", async ({ type }) => {
  if (type === "start") {
    blocks.length = 0;
    let before = { main: mainThreadCpu(), whole: wholeCpu(), messages };
    timer = setInterval(() => {
      const now = { main: mainThreadCpu(), whole: wholeCpu(), messages };
      const count = now.messages - before.messages;
      if (count > 50) blocks.push([(now.main - before.main) / count, (now.whole - before.whole) / count]);
      before = now;
    }, BLOCK_MS);
  } else if (type === "stop") {
    clearInterval(timer);
    process.send({ type: "blocks", blocks });
  } else {
    await close?.();
    process.disconnect();
    server.close();
    server.closeAllConnections();
    setTimeout(() => process.exit(0), 50);
  }
});
