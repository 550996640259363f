// The demo's application in a process of its own, monitored or (control) not.
// Answers the bench: `heap` bytes after a collection, `hold` to watch how long the event loop is held.
import { once } from "node:events";
import { monitor } from "wsight";
import { startApplication } from "../../packages/wsight/dist/demo/application.js";

const { port, instance, secret, monitored } = JSON.parse(process.argv[2]);
const app = await startApplication({ port: 0, seed: 1, onError: () => undefined });
const watch = monitored
  ? await monitor(
      { io: app.io, wss: app.wss },
      {
        service: "demo",
        instance,
        port,
        secret,
        data: null,
        quiet: true,
        getUser: app.userOf,
        getEvent: app.eventOf,
        requestsPerMinute: 100_000,
      },
    )
  : null;

/** CPU time so far, ms: what neighbours take from the core does not count. */
function cpu() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

let holding = null;
async function hold() {
  const stretches = [];
  holding = stretches;
  let before = cpu();
  while (holding === stretches) {
    await new Promise((resolve) => setImmediate(resolve));
    const now = cpu();
    if (now - before > 0.25) stretches.push(now - before);
    before = now;
  }
}

const answers = {
  heap: () => {
    globalThis.gc();
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  hold: () => void hold(),
  release: () => {
    const stretches = holding ?? [];
    holding = null;
    return stretches;
  },
  sockets: () => app.wss.clients.size + app.io.engine.clientsCount,
};
process.on("message", (question) => process.send({ question, answer: answers[question]() }));
process.send({ question: "ready", answer: { appPort: Number(new URL(app.url).port), url: watch?.url ?? null } });
await once(process, "disconnect");
process.exit(0);
