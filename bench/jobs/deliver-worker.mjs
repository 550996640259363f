// A worker of an application, in a process of its own: tells how far the job of each user is, through `monitor()`, or
// as plain messages. When it told, on the clock that all processes share, is part of what it tells.
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { WebSocket } from "ws";
import { monitor } from "wsight";

const { kind, port, probeToken, users, payload } = JSON.parse(process.argv[2]);
const STEPS = 20;
const BEAT_MS = 10;

/** µs. */
const now = () => Number(process.hrtime.bigint() / 1000n);
const stamp = () => `@${now()}@`;

async function tellHub() {
  const { probe } = await monitor(
    {},
    { service: "bench", hub: `ws://127.0.0.1:${port}`, token: probeToken, quiet: true },
  );
  const lives = new Array(users).fill(0);
  const queue = (user) => {
    const jobId = `${user}-${++lives[user]}`;
    probe.jobQueued(`user-${user}`, { jobId, queue: "bench", name: "ocr", sizeBytes: 1e6 });
    probe.jobStarted(jobId, { queue: "bench", worker: "w" });
  };
  for (let user = 0; user < users; user++) queue(user);
  // Until the probe is linked and told them.
  await wait(3000);
  return {
    tell(user, step) {
      const jobId = `${user}-${lives[user]}`;
      if (step < STEPS) probe.jobProgress(jobId, (100 * step) / STEPS, stamp(), { queue: "bench" });
      else {
        probe.jobCompleted(jobId, stamp(), true, { queue: "bench" });
        queue(user);
      }
    },
    flush() {},
  };
}

async function tellSocketIo() {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/tell`);
  await once(socket, "open");
  let waiting = [];
  return {
    tell(user) {
      waiting.push([`user-${user}`, "job-progress", { ...payload, jobId: `${user}-1`, stage: stamp() }]);
    },
    flush() {
      socket.send(JSON.stringify(waiting));
      waiting = [];
    },
  };
}

const { tell, flush } = await (kind === "hub" ? tellHub() : tellSocketIo());
// Jobs are at different steps, so that as many end each second.
const steps = Array.from({ length: users }, (_, user) => user % STEPS);
let next = 0;

function tellNext() {
  steps[next] = (steps[next] % STEPS) + 1;
  tell(next, steps[next]);
  next = (next + 1) % users;
}

process.on("message", async ({ rate, ms }) => {
  let sent = 0;
  const startedAt = performance.now();
  do {
    const due = rate === 0 ? sent + users : Math.floor((rate * (performance.now() - startedAt)) / 1000);
    for (; sent < due; sent++) tellNext();
    flush();
    await wait(rate === 0 ? 1000 : BEAT_MS);
  } while (performance.now() - startedAt < ms);
  process.send({ sent });
});
process.once("disconnect", () => process.exit(0));
process.send("ready");
