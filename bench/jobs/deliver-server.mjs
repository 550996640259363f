// What stands between worker and users, in a process of its own: a hub, or plain Socket.IO that is told whom to emit what.
import { createServer } from "node:http";
import { createHub, signToken } from "@wsight/hub";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

const { kind, users } = JSON.parse(process.argv[2]);
const SECRET = "only for the bench: 32 characters of no secret";
const MANY = 1_000_000;
const names = Array.from({ length: users }, (_, i) => `user-${i}`);

async function startHub() {
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
  const sign = (sub, role) => signToken({ sub, role, ttlMs: 3_600_000 }, SECRET);
  return {
    port: hub.port,
    tokens: await Promise.all(names.map((name) => sign(name, "user"))),
    probeToken: await sign("bench", "probe"),
  };
}

async function startSocketIo() {
  const server = createServer();
  const io = new Server(server, { transports: ["websocket"], serveClient: false, perMessageDeflate: false });
  io.on("connection", (socket) => socket.join(socket.handshake.auth.token));
  const told = new WebSocketServer({ noServer: true });
  told.on("connection", (socket) => {
    socket.on("message", (data) => {
      for (const [user, event, payload] of JSON.parse(data)) io.to(user).emit(event, payload);
    });
  });
  server.on("upgrade", (request, socket, head) => {
    if (request.url === "/tell") told.handleUpgrade(request, socket, head, (one) => told.emit("connection", one));
  });
  await new Promise((resolve) => server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, resolve));
  return { port: server.address().port, tokens: names, probeToken: "" };
}

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000 });
});
process.once("disconnect", () => process.exit(0));
process.send(await (kind === "hub" ? startHub() : startSocketIo()));
