// Opens WebSocket connections and holds them: a process of its own, since both
// ends of 10,000 connections need more descriptors than one process may have.
import { once } from "node:events";
import { connect } from "node:net";

const [port, count] = process.argv.slice(2).map(Number);
const HANDSHAKE =
  "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

const sockets = [];
for (let opened = 0; opened < count; opened += 250) {
  await Promise.all(
    Array.from({ length: Math.min(250, count - opened) }, async (_, i) => {
      // At most 4,000 connections from one source address: the kernel's search for a free port is linear.
      const localAddress = `127.0.0.${2 + Math.floor((opened + i) / 4000)}`;
      const socket = connect({ port, host: "127.0.0.1", localAddress });
      await once(socket, "connect");
      socket.write(HANDSHAKE);
      await once(socket, "data");
      sockets.push(socket);
    }),
  );
}
process.send("open");
process.once("disconnect", () => {
  for (const socket of sockets) socket.destroy();
});
