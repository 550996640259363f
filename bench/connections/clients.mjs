// Opens connections to the demo's application and holds them: half `ws` on its
// ticker, half Socket.IO on its chat, both by hand on `net`, since 10,000 real
// clients would take the machine from what is measured. Answers pings.
import { once } from "node:events";
import { connect } from "node:net";

const { port, count, firstAddress, firstUser, token } = JSON.parse(process.argv[2]);
/** At most this many connections from one source address: the kernel's search for a free port is linear. */
const PER_ADDRESS = 4000;
const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** A masked text frame; the mask is zero, which is legal. */
function frame(opcode, text) {
  const payload = Buffer.from(text);
  const head =
    payload.length < 126
      ? Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0])
      : Buffer.from([0x80 | opcode, 0x80 | 126, payload.length >> 8, payload.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, payload]);
}

/** Reads whole frames off a stream. */
function reader(take) {
  let rest = Buffer.alloc(0);
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (;;) {
      if (rest.length < 2) return;
      let length = rest[1] & 127;
      let head = 2;
      if (length === 126) {
        if (rest.length < 4) return;
        length = rest.readUInt16BE(2);
        head = 4;
      }
      if (rest.length < head + length) return;
      take(rest[0] & 15, rest.subarray(head, head + length));
      rest = rest.subarray(head + length);
    }
  };
}

async function open(index) {
  const localAddress = `127.0.0.${firstAddress + Math.floor(index / PER_ADDRESS)}`;
  const socket = connect({ port, host: "127.0.0.1", localAddress });
  await once(socket, "connect");
  socket.setNoDelay(true);
  const user = `user-${firstUser + index}`;
  const chat = index % 2 === 1;
  const path = chat ? "/socket.io/?EIO=4&transport=websocket" : `/ticker?token=${token}&user=${user}`;
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`,
  );
  const [first] = await once(socket, "data");
  const end = first.indexOf("\r\n\r\n") + 4;
  const ready = new Promise((resolve) => {
    if (!chat) resolve();
    const read = reader((opcode, payload) => {
      if (opcode === 9) socket.write(frame(10, payload));
      if (opcode !== 1 || !chat) return;
      const text = payload.toString();
      if (text.startsWith("0")) socket.write(frame(1, `40/chat,${JSON.stringify({ token, user })}`));
      else if (text === "2") socket.write(frame(1, "3"));
      else if (text.startsWith("40/chat")) {
        if (index % 100 === 1) socket.write(frame(1, '42/chat,0["room:join","lobby"]'));
        resolve();
      }
    });
    read(first.subarray(end));
    socket.on("data", read);
  });
  await ready;
  // One in ten watches prices, so that rates are not all zero.
  if (!chat && index % 10 === 0) socket.write(frame(1, '{"type":"subscribe","symbol":"ACME"}'));
  return socket;
}

const sockets = [];
for (let opened = 0; opened < count; opened += 200) {
  sockets.push(
    ...(await Promise.all(Array.from({ length: Math.min(200, count - opened) }, (_, i) => open(opened + i)))),
  );
}
process.send("open");
process.once("disconnect", () => {
  for (const socket of sockets) socket.resetAndDestroy();
  process.exit(0);
});
