// One server under measurement, in a process of its own: the hub with a busy
// application behind it, or plain Socket.IO that emits the same payloads at
// the same beats. Tells over IPC what CPU the whole process took.
import { createServer } from "node:http";
import { encodeLinkText, findMetric, Histogram, SnapshotEncoder } from "@wsight/protocol";
import { Server } from "socket.io";
import { eachSecond, listen, startFedHub } from "../fed-hub.mjs";

const { kind, payloads } = JSON.parse(process.argv[2]);
const BEATS = {
  "basic-metrics": 1,
  "database-metrics": 5,
  "cache-metrics": 5,
  "network-metrics": 5,
  "system-metrics": 30,
};

async function startSocketIo() {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"], serveClient: false });
  let second = 0;
  eachSecond(() => {
    second++;
    for (const [event, every] of Object.entries(BEATS)) if (second % every === 0) io.emit(event, payloads[event]);
  }, 0);
  return { port: await listen(server) };
}

/** A shop with 40 routes, 30 operations of its database and 10 of its cache, and the host it runs on. */
function createBusyProbe() {
  const epoch = 7;
  const lines = [];
  const add = (name, labels, next) =>
    lines.push({ name, labels, next, value: kindOf(name) === "histogram" ? new Histogram() : 0 });
  const kindOf = (name) => findMetric(name).kind;
  for (let i = 0; i < 40; i++)
    add(
      "http.server.request.duration",
      {
        "http.server": "http",
        "http.request.method": i % 4 === 0 ? "POST" : "GET",
        "http.route": `/api/thing${i}/:id`,
        "http.response.status_code": ["200", "201", "404", "500"][i % 4],
      },
      () => 0.002 * (1 + Math.random() * 20),
    );
  for (let i = 0; i < 40; i++)
    add(
      "db.client.operation.duration",
      {
        "db.system.name": i < 30 ? "postgresql" : "redis",
        "db.client": i < 30 ? "pg" : "ioredis",
        "db.operation.name": `OP${i}`,
        "db.operation.kind": ["read", "write", "other"][i % 3],
        "db.collection.name": "",
      },
      () => 0.0005 * (1 + Math.random() * 30),
    );
  for (const name of ["redis.cache.hits", "redis.cache.misses"]) add(name, { "db.client": "ioredis" }, () => 1000);
  for (const name of ["system.cpu.utilization", "system.memory.utilization", "system.cpu.load_average.1m"])
    add(name, {}, Math.random);
  const names = lines.map(({ name, labels }, id) => ({ id, series: { metric: findMetric(name), labels } }));
  const hello = {
    version: 1,
    service: "bench",
    instance: "a",
    epoch,
    startedAt: Date.now(),
    pid: 1,
    host: "h",
    runtime: "r",
  };
  const at = Date.now();
  const component = { library: "pg", state: "up", since: at, checkedAt: null, latencySeconds: 0.001, error: null };
  const rows = ["database", "cache", "network", "system"].map((of) => ({ ...component, kind: of, name: of }));
  let seq = 0;
  return {
    greeting: [
      encodeLinkText({ type: "hello", ...hello, intervalMs: 1000, findings: [], capacity: null }),
      encodeLinkText({ type: "names", epoch, names, retired: [] }),
      encodeLinkText({ type: "table", epoch, table: "components", at, total: rows.length, rows }),
    ],
    snapshot() {
      const encoder = new SnapshotEncoder();
      encoder.begin();
      lines.forEach((line, id) => {
        if (line.value instanceof Histogram) {
          for (let i = 0; i < 50; i++) line.value.record(line.next());
          encoder.histogram(id, line.value);
        } else if (kindOf(line.name) === "counter") {
          line.value += line.next();
          encoder.counter(id, line.value);
        } else encoder.gauge(id, line.next());
      });
      return encoder.finish({ epoch, seq: ++seq, at: Date.now(), keyframe: seq === 1 });
    },
  };
}

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000 });
});
process.once("disconnect", () => process.exit(0));
process.send(await (kind === "hub" ? startFedHub(createBusyProbe()) : startSocketIo()));
