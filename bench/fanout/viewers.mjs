// Viewers of one server, as cheap as they can be: they answer nothing, count
// bytes, and read of each message only when it was sent. A process of its own,
// since both ends of 10,000 connections need more descriptors than one may have.
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect } from "node:net";
import { ByteReader } from "@wsight/protocol";
import { SELECTORS } from "./figures.mjs";

const { transport, port, token, count, firstAddress } = JSON.parse(process.argv[2]);
const TICK = 0x54;
/** The kernel's search for a free port is linear: at most so many connections of one source address. */
const PER_ADDRESS = 4000;
const AT_ONCE = 100;

let measuring = false;
let bytes = 0;
let delaysMs = [];

function note(at, now) {
  if (measuring) delaysMs.push(now - at);
}

/** The end of the second that a tick of the hub tells is when its beat was due. */
function tickAt(payload) {
  if (payload[0] !== TICK) return null;
  const reader = new ByteReader(payload);
  reader.u8();
  reader.u8();
  reader.varint();
  reader.varint();
  return reader.varint();
}

const numberIn = (text) => Number(/"at":(\d+)/.exec(text)?.[1] ?? Number.NaN);
const SUBSCRIBE = JSON.stringify({ type: "subscribe", id: 1, series: SELECTORS, tables: [] });

/** How each transport begins, and when a message was sent; `null` for one that is no tick. */
const TRANSPORTS = {
  hub: {
    path: "/ws/live",
    begin: (send) => send(SUBSCRIBE),
    sentAt: (opcode, payload) => {
      const at = opcode === 2 ? tickAt(payload) : null;
      return at === null ? null : at + 1000;
    },
  },
  "ws-bytes": { path: "/", begin() {}, sentAt: (_opcode, payload) => tickAt(payload) },
  "ws-json": {
    path: "/",
    begin() {},
    sentAt: (_opcode, payload) => numberIn(payload.latin1Slice(0, 40)),
  },
  "socket.io": {
    path: "/socket.io/?EIO=4&transport=websocket",
    begin: (send) => send("40"),
    sentAt: (_opcode, payload) =>
      payload[0] === 52 && payload[1] === 50 ? numberIn(payload.latin1Slice(0, 60)) : null,
  },
};

function handshake(path) {
  const authorization = token === undefined ? "" : `Authorization: Bearer ${token}\r\n`;
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${authorization}\r\n`;
}

/** A text frame as a client must send it; masked with zeros, which changes nothing. */
function frame(text) {
  const payload = Buffer.from(text);
  const short = payload.length <= 125;
  const head = Buffer.alloc(short ? 6 : 8);
  head[0] = 0x81;
  head[1] = 0x80 | (short ? payload.length : 126);
  if (!short) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

function dial(i) {
  return connect({ port, host: "127.0.0.1", localAddress: `127.0.0.${firstAddress + Math.floor(i / PER_ADDRESS)}` });
}

async function openSocket(i) {
  const { path, begin, sentAt } = TRANSPORTS[transport];
  const socket = dial(i);
  await once(socket, "connect");
  socket.write(handshake(path));
  const [first] = await once(socket, "data");
  const end = first.indexOf("\r\n\r\n") + 4;
  if (!first.latin1Slice(0, 12).startsWith("HTTP/1.1 101")) throw new Error(first.toString());
  let rest = first.subarray(end);
  socket.on("data", (data) => {
    const now = Date.now();
    if (measuring) bytes += data.length;
    let buffer = rest.length === 0 ? data : Buffer.concat([rest, data]);
    for (;;) {
      const head = readHead(buffer);
      if (head === null || buffer.length < head.end) break;
      const at = sentAt(head.opcode, buffer.subarray(head.start, head.end));
      if (at !== null) note(at, now);
      buffer = buffer.subarray(head.end);
    }
    rest = buffer;
  });
  begin((text) => socket.write(frame(text)));
  return socket;
}

function readHead(buffer) {
  if (buffer.length < 2) return null;
  const opcode = buffer[0] & 0xf;
  const length = buffer[1];
  if (length <= 125) return { opcode, start: 2, end: 2 + length };
  if (length === 126) return buffer.length < 4 ? null : { opcode, start: 4, end: 4 + buffer.readUInt16BE(2) };
  return buffer.length < 10 ? null : { opcode, start: 10, end: 10 + buffer.readUIntBE(4, 6) };
}

const agent = new Agent({ keepAlive: true, maxSockets: 16 });

function post(session) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const call = request(
      { port, host: "127.0.0.1", path: `/api/live/${session}`, method: "POST", headers, agent },
      (response) => {
        response.resume();
        response.once("end", resolve);
      },
    );
    call.once("error", reject);
    call.end(SUBSCRIBE);
  });
}

async function openStream(i) {
  const socket = dial(i);
  await once(socket, "connect");
  socket.write(`GET /api/live HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${token}\r\n\r\n`);
  const session = await new Promise((resolve) => {
    let rest = "";
    socket.on("data", (data) => {
      const now = Date.now();
      if (measuring) bytes += data.length;
      const events = (rest + data.latin1Slice()).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const [, name, text] = /event: (\w+)\ndata: (.*)/.exec(event) ?? [];
        if (name === "session") resolve(text);
        if (name !== "bytes") continue;
        const at = tickAt(Buffer.from(text.slice(0, 40), "base64"));
        if (at !== null) note(at + 1000, now);
      }
    });
  });
  await post(session);
  return socket;
}

const open = transport === "hub-sse" ? openStream : openSocket;
const sockets = [];
for (let opened = 0; opened < count; opened += AT_ONCE) {
  const some = Array.from({ length: Math.min(AT_ONCE, count - opened) }, (_, i) => open(opened + i));
  sockets.push(...(await Promise.all(some)));
}

process.on("message", (message) => {
  measuring = message === "start";
  if (measuring) {
    bytes = 0;
    delaysMs = [];
  } else process.send({ bytes, delaysMs });
});
process.once("disconnect", () => process.exit(0));
process.send("open");
