// All users, in a process of their own: each a client of Socket.IO over a WebSocket as a browser has it, cheap enough to
// be a thousand. Says how long each event took, and whether any came to somebody whose it was not.
import { once } from "node:events";
import { connect } from "node:net";

const AT_ONCE = 50;
const HANDSHAKE = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
const PING = Buffer.from([0x81, 1, 0x32]);
const PONG = frame("3");
const EVENT = /"jobId":"(\d+)-[^"]*"|@(\d+)@/g;
const PROGRESS = /42\["job-progress",(\{.*?"restored":false.*?\})\]/;

let took = [];
let strangers = 0;
let measuring = false;
let sample = null;

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

function hear(user, data) {
  const at = Number(process.hrtime.bigint() / 1000n);
  const text = data.latin1Slice();
  for (const [, owner, stamp] of text.matchAll(EVENT)) {
    if (owner !== undefined && Number(owner) !== user) strangers++;
    if (stamp !== undefined) took.push(at - Number(stamp));
  }
  if (sample === null) sample = readSample(text);
}

function readSample(text) {
  try {
    return JSON.parse(PROGRESS.exec(text)?.[1] ?? "null");
  } catch {
    return null;
  }
}

async function open(port, token, user) {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.write(HANDSHAKE);
  const [first] = await once(socket, "data");
  if (!first.latin1Slice(0, 12).startsWith("HTTP/1.1 101")) throw new Error(first.toString());
  socket.on("data", (data) => {
    if (data.indexOf(PING) >= 0) socket.write(PONG);
    if (measuring) hear(user, data);
  });
  socket.write(frame(`40${JSON.stringify({ token })}`));
}

process.once("message", async ({ port, tokens }) => {
  for (let opened = 0; opened < tokens.length; opened += AT_ONCE)
    await Promise.all(tokens.slice(opened, opened + AT_ONCE).map((token, i) => open(port, token, opened + i)));
  process.on("message", (message) => {
    measuring = message === "start";
    if (measuring) {
      took = [];
      strangers = 0;
      process.send("started");
    } else process.send({ took, strangers, sample });
  });
  process.send("open");
});
process.once("disconnect", () => process.exit(0));
