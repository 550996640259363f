// One variant in a process of its own, driven over IPC: `run` echoes a block of
// messages and answers with nanoseconds each; `memory` opens connections and
// answers with the bytes each takes.

import { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import { VARIANTS } from "./ws-variants.mjs";

const TEXT = JSON.stringify({ type: "chat", room: "lobby", text: "hello there, how are you?", n: 12345 });
const SOCKETS = 50;

/** A client's frame: masked with zeros, which leaves the payload readable. */
function frame(text) {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

class MemorySocket extends Duplex {
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
  _writev(_chunks, done) {
    done();
  }
}

function open(wss) {
  const socket = new MemorySocket();
  // Whatever comes out of an HTTP server has had listeners, and with them the property that counts them.
  socket.once("close", () => undefined);
  const headers = {
    upgrade: "websocket",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    "sec-websocket-version": "13",
  };
  wss.handleUpgrade({ method: "GET", url: "/", headers, socket }, socket, Buffer.alloc(0), (ws, request) =>
    wss.emit("connection", ws, request),
  );
  return socket;
}

const wss = new WebSocketServer({ noServer: true });
const around = VARIANTS[process.argv[2]](wss);
let echoed = 0;
wss.on("connection", (ws) => {
  ws.on("message", (data) => {
    const begin = around.received(data);
    const reply = data.toString();
    ws.send(reply);
    echoed++;
    around.sent(reply);
    around.handled(begin);
  });
});

const bytes = frame(TEXT);
const sockets = Array.from({ length: SOCKETS }, () => open(wss));

function run(messages) {
  const before = echoed;
  const begin = process.hrtime.bigint();
  for (let i = 0; i < messages; i++) sockets[i % SOCKETS].push(bytes);
  const elapsed = Number(process.hrtime.bigint() - begin);
  if (echoed - before !== messages) throw new Error(`expected ${messages} echoes, got ${echoed - before}`);
  return elapsed / messages;
}

async function used() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}

async function memory(connections) {
  const kept = [];
  open(wss);
  const before = await used();
  for (let i = 0; i < connections; i++) kept.push(open(wss));
  const after = await used();
  if (kept.length !== connections) throw new Error("unreachable");
  return { heap: (after.heap - before.heap) / connections, buffers: (after.buffers - before.buffers) / connections };
}

process.on("message", async ({ ask, size }) => {
  process.send(ask === "run" ? run(size) : await memory(size));
});
process.once("disconnect", () => process.exit());
