// One variant in a process of its own, driven over IPC: `run` echoes a block of
// messages, `broadcast` sends a block of broadcasts, both answer with
// nanoseconds each (a message, a recipient); `memory` opens connections and
// answers with the bytes each takes.

import { createServer } from "node:http";
import { Duplex } from "node:stream";
import { Server } from "socket.io";
import { VARIANTS } from "./socket-io-variants.mjs";

const SOCKETS = 50;
const ROOM = 500;
/** Messages under way at once: replies come some turns of the event loop later. */
const BATCH = 200;
const EVENTS = ["chat", "typing", "presence", "order:update", "cursor", "reaction", "room:join", "ack-me"];

/** A client's frame: masked with zeros, which leaves the payload readable. */
function frame(text) {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}

class MemorySocket extends Duplex {
  remoteAddress = "127.0.0.1";
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
  _writev(_chunks, done) {
    done();
  }
}

const io = new Server(createServer(), {
  transports: ["websocket"],
  serveClient: false,
  pingInterval: 1e8,
  pingTimeout: 1e8,
  cors: { origin: "https://admin.socket.io", credentials: true },
});
await VARIANTS[process.argv[2]](io);
let echoed = 0;
io.on("connection", (socket) => {
  for (const event of EVENTS) {
    socket.on(event, (message) => {
      echoed++;
      socket.emit(event, message);
    });
  }
});

function open() {
  const socket = new MemorySocket();
  const headers = {
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  };
  const url = "/socket.io/?EIO=4&transport=websocket";
  const request = { method: "GET", url, headers, socket, connection: socket };
  io.engine.handleUpgrade(request, socket, Buffer.alloc(0));
  return socket;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function connect(count) {
  const before = io.of("/").sockets.size;
  const sockets = Array.from({ length: count }, open);
  await turn();
  for (const socket of sockets) socket.push(frame("40"));
  while (io.of("/").sockets.size < before + count) await turn();
  return sockets;
}

// No two frames are alike, as in life.
const FRAMES = Array.from({ length: 64 }, (_, i) =>
  frame(
    `42${JSON.stringify([EVENTS[i % EVENTS.length], { room: "lobby", text: `hello there, how are you? ${i}`, n: i }])}`,
  ),
);
const sockets = await connect(SOCKETS);

async function run(messages) {
  const before = echoed;
  const begin = process.hrtime.bigint();
  for (let sent = 0; sent < messages; ) {
    for (let i = 0; i < BATCH; i++, sent++) sockets[sent % SOCKETS].push(FRAMES[sent % FRAMES.length]);
    while (echoed - before < sent) await turn();
  }
  await turn();
  return Number(process.hrtime.bigint() - begin) / messages;
}

let joined = false;

async function broadcast(times) {
  if (!joined) {
    await connect(ROOM - SOCKETS);
    joined = true;
  }
  const begin = process.hrtime.bigint();
  for (let i = 0; i < times; i++) {
    io.emit("tick", { n: i, text: "hello there, how are you?" });
    await turn();
  }
  return Number(process.hrtime.bigint() - begin) / times / ROOM;
}

async function used() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

const kept = [];

async function memory(connections) {
  const before = await used();
  kept.push(await connect(connections));
  const after = await used();
  return { heap: (after.heap - before.heap) / connections, buffers: (after.buffers - before.buffers) / connections };
}

const ANSWERS = { run, broadcast, memory };
process.on("message", async ({ ask, size }) => {
  process.send(await ANSWERS[ask](size));
});
process.once("disconnect", () => process.exit());
