// Runs the benches one after another, each in a process of its own, and prints
// their tables. `npm run bench -- snapshot end-to-end` runs only those.
import { spawnSync } from "node:child_process";

const BENCHES = {
  "library-path-ws": "library path and memory of ws: with the probe ÷ without, and peers",
  "library-path-socket-io": "library path and memory of Socket.IO: with the probe ÷ without, and peers",
  database: "queries of pg and operations of Prisma against a real PostgreSQL: CPU with the probe ÷ without",
  eta: "estimates of jobs on logs of real ones, against a static table, the last two of a user, a mean",
  bullmq: "jobs of BullMQ on a real Redis from add to completed: CPU and throughput, watched ÷ not",
  "end-to-end": "echo over loopback: server CPU per message ÷ without, and peers",
  cache: "commands of Redis clients: CPU watched ÷ not, and the libraries' own channels",
  connections: "20,000 real connections: the list, the event loop, memory, the page",
  http: "an HTTP request of plain http, Express 5, Fastify and Hono: watched ÷ not, and a peer",
  export: "taking history out and in: memory and time, by how much there is",
  metrics: "what an answer of /metrics costs the hub, by series, connections and scrapers, and a peer",
  mount: "an application's requests with a dashboard mounted ÷ without",
  alerts: "notices on noisy series, cost of 1,000 rules, breach to accepted mail, the badge in a simulated week",
  asks: "questions about 20,000 connections in memory: time to the answer, stretches of the event loop",
  collectors: "reading host and process at the default tiers, and the process table: share of a core, and a peer",
  fanout: "a second of 200 metrics to 100, 1,000 and 10,000 viewers, and peers",
  "live-monitor": "the live monitor over Socket.IO to 1,000 clients ÷ plain Socket.IO with the same payloads",
  store: "a day of seconds through the store's writer: CPU, bytes, questions; VictoriaMetrics and Prometheus",
  jobs: "what jobs cost the hub; from a call in a worker to the browser of its owner, 1,000 users, and plain Socket.IO",
  stream: "the JSON stream of a host: from the beat to the client, and what it costs",
  load: "what a connection and a message cost the load tool and peers; its truth, start and reach",
  snapshot: "time on the event loop each second with 10,000 connections",
};

const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (BENCHES[name] !== undefined) continue;
  console.error(`bench: expected one of ${Object.keys(BENCHES).join(", ")}, got ${name}`);
  process.exit(2);
}
for (const name of wanted.length > 0 ? wanted : Object.keys(BENCHES)) {
  console.log(`\n## ${name}: ${BENCHES[name]}`);
  const { status } = spawnSync(process.execPath, ["--expose-gc", new URL(`./${name}.mjs`, import.meta.url).pathname], {
    stdio: "inherit",
  });
  if (status !== 0) process.exitCode = 1;
}
