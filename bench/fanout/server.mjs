// One server under measurement, in a process of its own: wsight's hub, or a
// peer that sends something to everybody each second. Tells over IPC what CPU
// the whole process took.
import { createServer } from "node:http";
import { createHub, signToken } from "@wsight/hub";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { createFedProbe, createPeerFigures } from "./figures.mjs";

const [kind] = process.argv.slice(2);
const SECRET = "only for the bench: 32 characters of no secret";
const MANY = 1_000_000;

const SERVERS = {
  async hub() {
    const hub = await createHub({
      port: 0,
      dataDir: null,
      secret: SECRET,
      dashboardDir: "/nonexistent",
      maxViewers: MANY,
      viewersPerAddress: MANY,
      requestsPerMinute: MANY,
      onError: (error) => console.error(error),
    });
    const probe = createFedProbe();
    const link = hub.openLink(() => {});
    for (const message of probe.greeting) link.receive(message);
    eachSecond(() => link.receive(probe.snapshot()), 500);
    return { port: hub.port, token: await signToken({ sub: "bench", role: "viewer", ttlMs: 3_600_000 }, SECRET) };
  },
  "ws-bytes": () => broadcastBy((figures, at) => figures.bytes(at)),
  "ws-json": () => broadcastBy((figures, at) => Buffer.from(figures.json(at))),
  async "socket.io"() {
    const server = createServer();
    const io = new Server(server, { transports: ["websocket"], serveClient: false });
    const figures = createPeerFigures();
    eachSecond((at) => io.emit("tick", figures.object(at)), 0);
    return { port: await listen(server) };
  },
};

async function broadcastBy(message) {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const figures = createPeerFigures();
  eachSecond((at) => {
    const bytes = message(figures, at);
    for (const client of sockets.clients) client.send(bytes);
  }, 0);
  return { port: await listen(server) };
}

/** Calls back at so many ms after each full second, as the hub's own beat does. */
function eachSecond(work, offsetMs) {
  setTimeout(
    () => {
      work(Date.now());
      eachSecond(work, offsetMs);
    },
    1000 - ((Date.now() - offsetMs) % 1000),
  );
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => resolve(server.address().port));
  });
}

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000 });
});
process.once("disconnect", () => process.exit(0));
process.send(await SERVERS[kind]());
