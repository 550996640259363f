// Clients of the stream: they note when each message was made and when it came.
import { once } from "node:events";
import { WebSocket } from "ws";

const { port, token, count } = JSON.parse(process.argv[2]);
const AT_ONCE = 50;
const SECOND_MS = 1000;
const now = () => performance.timeOrigin + performance.now();

let measuring = false;
let bytes = 0;
const fromTickMs = [];
const fromMadeMs = [];

function hear(data) {
  if (!measuring) return;
  const cameAt = now();
  const madeAt = Date.parse(/"timestamp":"([^"]+)"/.exec(data.latin1Slice(0, 80))[1]);
  bytes += data.length;
  // The beat is due at the full second before the message was made.
  fromTickMs.push(cameAt - Math.floor(madeAt / SECOND_MS) * SECOND_MS);
  fromMadeMs.push(cameAt - madeAt);
}

for (let first = 0; first < count; first += AT_ONCE) {
  const sockets = Array.from({ length: Math.min(AT_ONCE, count - first) }, () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/metrics`, {
      headers: { authorization: `Bearer ${token}` },
      perMessageDeflate: false,
    });
    socket.on("message", hear);
    return once(socket, "open");
  });
  await Promise.all(sockets);
}
process.send("ready");
process.on("message", (word) => {
  measuring = word === "start";
  if (word === "stop") process.send({ bytes, fromTickMs, fromMadeMs });
});
process.on("disconnect", () => process.exit());
