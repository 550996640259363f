// Clients of one server, as cheap as they can be: they come in, answer pings,
// and count bytes. A process of its own.
import { once } from "node:events";
import { connect } from "node:net";

const { port, token, count } = JSON.parse(process.argv[2]);
const AT_ONCE = 50;
let bytes = 0;
let measuring = false;

const handshake = `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
const PING = Buffer.from([0x81, 1, 0x32]);
const PONG = frame("3");
const COME_IN = frame(token === undefined ? "40" : `40${JSON.stringify({ token })}`);

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

async function open() {
  const socket = connect({ port, host: "127.0.0.1" });
  await once(socket, "connect");
  socket.write(handshake);
  const [first] = await once(socket, "data");
  if (!first.latin1Slice(0, 12).startsWith("HTTP/1.1 101")) throw new Error(first.toString());
  socket.on("data", (data) => {
    if (measuring) bytes += data.length;
    if (data.indexOf(PING) >= 0) socket.write(PONG);
  });
  socket.write(COME_IN);
  return socket;
}

for (let opened = 0; opened < count; opened += AT_ONCE)
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count - opened) }, open));

process.on("message", (message) => {
  measuring = message === "start";
  if (measuring) bytes = 0;
  else process.send({ bytes });
});
process.once("disconnect", () => process.exit(0));
process.send("open");
