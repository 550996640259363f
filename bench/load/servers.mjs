// Servers to be loaded: `ws`, Socket.IO, a lean one that costs so little that
// the client is what is measured, and a cluster of it for many connections.
import cluster from "node:cluster";
import { createHash } from "node:crypto";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { Server } from "socket.io";
import { WebSocketServer } from "ws";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** Agrees to everything and sends frames back unmasked; knows no fragments and no frame above 64 KiB. */
function lean() {
  return createServer({ noDelay: true }, (socket) => {
    let open = false;
    let rest = null;
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      if (!open) {
        const key = /sec-websocket-key: (\S+)/i.exec(chunk.toString("latin1"))[1];
        const accept = createHash("sha1")
          .update(key + GUID)
          .digest("base64");
        open = true;
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
        );
        return;
      }
      const bytes = rest === null ? chunk : Buffer.concat([rest, chunk]);
      const answer = Buffer.allocUnsafe(bytes.length);
      let from = 0;
      let to = 0;
      for (;;) {
        if (bytes.length - from < 6) break;
        const short = bytes[from + 1] & 127;
        const head = short < 126 ? 2 : 4;
        const length = short < 126 ? short : bytes.readUInt16BE(from + 2);
        const start = from + head + 4;
        if (bytes.length < start + length) break;
        answer[to] = bytes[from];
        answer[to + 1] = short;
        if (head === 4) answer.writeUInt16BE(length, to + 2);
        for (let i = 0; i < length; i++) answer[to + head + i] = bytes[start + i] ^ bytes[start - 4 + (i & 3)];
        to += head + length;
        from = start + length;
      }
      rest = from < bytes.length ? Buffer.from(bytes.subarray(from)) : null;
      if (to > 0) socket.write(answer.subarray(0, to));
    });
  });
}

const KINDS = {
  lean,
  ws() {
    const http = createHttpServer();
    new WebSocketServer({ server: http, perMessageDeflate: false }).on("connection", (socket) => {
      socket.on("error", () => undefined);
      socket.on("message", (data, binary) => socket.send(data, { binary }));
    });
    return http;
  },
  "socket.io"() {
    const http = createHttpServer();
    new Server(http).on("connection", (socket) => socket.on("message", (data, ack) => ack(data)));
    return http;
  },
};

const [kind, workers = "0"] = process.argv.slice(2);
if (cluster.isPrimary && workers !== "0") {
  let listening = 0;
  for (let i = 0; i < Number(workers); i++) cluster.fork();
  cluster.on("listening", (_worker, { port }) => {
    if (++listening === Number(workers)) process.send({ port });
  });
} else {
  const server = KINDS[kind]();
  // In a cluster all share what the primary listens on.
  server.listen(0, "127.0.0.1", 4096, () => {
    if (cluster.isPrimary) process.send({ port: server.address().port });
  });
}
process.on("disconnect", () => process.exit());
