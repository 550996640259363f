// One server under measurement, in a process of its own: wsight's hub, or a
// peer that sends something to everybody each second. Tells over IPC what CPU
// the whole process took.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";
import { eachSecond, listen, startFedHub } from "../fed-hub.mjs";
import { createFedProbe, createPeerFigures } from "./figures.mjs";

const [kind] = process.argv.slice(2);

const SERVERS = {
  hub: () => startFedHub(createFedProbe()),
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

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000 });
});
process.once("disconnect", () => process.exit(0));
process.send(await SERVERS[kind]());
