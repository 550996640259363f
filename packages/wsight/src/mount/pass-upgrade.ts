import { type IncomingMessage, request as openRequest } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { FORWARDED_HEADER } from "@wsight/hub/forwarded";
import { endToEnd, headerLines, ofUpgrade } from "./headers.ts";
import { endSoon, type Passages } from "./passage.ts";
import { refuseUpgrade } from "./refusal.ts";
import type { Way } from "./way.ts";

/** Time for the hub's answer to a handshake, in ms. */
const HANDSHAKE_MS = 10_000;

/** What a client sent behind its handshake. */
interface Client {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/**
 * Passes one upgrade on, and from then on the bytes of both sides, each side's
 * end included. The client's bytes only flow once the hub has agreed: until
 * then they could be taken for another request.
 */
export function passUpgrade(way: Way, passages: Passages, client: Client): void {
  const { request, socket } = client;
  if (!passages.hasRoom()) {
    refuseUpgrade(socket, "full");
    return;
  }
  const hub = openRequest({
    method: way.method,
    path: way.target,
    headers: [...ofUpgrade(request.rawHeaders), FORWARDED_HEADER, way.signature],
    createConnection: () => connect({ host: way.host, port: way.port, allowHalfOpen: true, noDelay: true }),
  });
  let joined: Duplex | undefined;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    hub.destroy();
  }, HANDSHAKE_MS).unref();
  const leave = passages.enter({
    waiting: () => socket.writableLength,
    came: () => hub.socket?.bytesRead ?? 0,
    cut: () => {
      hub.destroy();
      joined?.destroy();
      socket.destroy();
    },
  });

  hub.on("upgrade", (answer, hubSocket, hubHead) => {
    clearTimeout(timer);
    joined = hubSocket;
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headerLines(answer.rawHeaders)}\r\n`, "latin1");
    join(client, hubSocket, hubHead);
  });
  hub.on("response", (answer) => {
    clearTimeout(timer);
    relayRefusal(answer, socket);
  });
  hub.on("error", () => {
    if (joined === undefined && !socket.writableEnded) refuseUpgrade(socket, late ? "late" : "away");
  });
  hub.on("close", () => clearTimeout(timer));
  socket.on("close", () => {
    leave();
    hub.destroy();
    joined?.destroy();
  });
  hub.end();
}

function join({ socket, head }: Client, hubSocket: Duplex, hubHead: Buffer): void {
  hubSocket.on("error", () => hubSocket.destroy());
  hubSocket.on("close", () => endSoon(socket));
  if (hubHead.length > 0) socket.write(hubHead);
  if (head.length > 0) hubSocket.write(head);
  hubSocket.pipe(socket);
  socket.pipe(hubSocket);
}

/** The hub's refusal, word for word; it ends with the connection. */
function relayRefusal(answer: IncomingMessage, socket: Duplex): void {
  const headers = [...endToEnd(answer.rawHeaders), "Connection", "close"];
  socket.write(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\n${headerLines(headers)}\r\n`, "latin1");
  answer.on("error", () => socket.destroy());
  socket.once("finish", () => socket.destroy());
  answer.pipe(socket);
}
