// An application with a queue and a worker of BullMQ in one process: adds jobs and works on them when it is told to,
// and answers with what that took of its own thread.
import { pbkdf2Sync } from "node:crypto";
import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { MessageChannel, Worker as Thread } from "node:worker_threads";
import { createPortLink, createProbe } from "@wsight/probe";
import { Queue, Worker } from "bullmq";

const [variant, kind, port] = process.argv.slice(2);
const connection = { host: "127.0.0.1", port: Number(port) };
const name = `bench-${variant}-${kind}`;
const AT_ONCE = 50;

/** The other end of the link: reads nothing, and says that it keeps what it got as a hub does, each 20 ms at most. */
const HUB = `
const { workerData } = require("node:worker_threads");
let newest = 0;
let timer = null;
function tell() {
  timer = null;
  workerData.postMessage(JSON.stringify({ type: "jobs-ack", seq: newest, taken: newest }));
}
workerData.on("message", (message) => {
  if (typeof message !== "string" || !message.startsWith('{"type":"jobs"')) return;
  newest = Number(/"seq":(\\d+)/.exec(message)[1]);
  timer ??= setTimeout(tell, 20);
});`;

const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: true } });
const WORK = {
  nothing: async () => undefined,
  progress: (job) => job.updateProgress(50),
  // About a millisecond of this thread.
  millisecond: async () => void pbkdf2Sync("a", "b", 4400, 32, "sha256"),
};
const worker = new Worker(name, WORK[kind], { connection, concurrency: 10 });
await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);

if (variant !== "bare") {
  const probe = createProbe();
  const { port1, port2 } = new MessageChannel();
  const thread = new Thread(HUB, { eval: true, workerData: port2, transferList: [port2] });
  thread.unref();
  probe.connect(createPortLink(port1));
  if (variant === "watched") {
    probe.attach(queue);
    probe.attach(worker);
  }
}

/** CPU time of this thread, µs, as the kernel counts it. */
function threadCpu() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ")[0]) / 1000;
}

async function run(count) {
  let done = 0;
  const all = new Promise((resolve) => {
    worker.on("completed", function hear() {
      if (++done < count) return;
      worker.off("completed", hear);
      resolve();
    });
  });
  let left = count;
  const caller = async () => {
    while (left-- > 0) await queue.add("document", { file: "a.pdf", user: "u-1", pages: 12 });
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  await all;
}

process.on("message", async (count) => {
  const begin = performance.now();
  const cpu = threadCpu();
  await run(count);
  process.send({ micros: (threadCpu() - cpu) / count, perSecond: (count * 1000) / (performance.now() - begin) });
});
process.on("disconnect", () => process.exit());
process.send("ready");
