import { get } from "node:http";
import { connect } from "node:net";
import { WebSocket } from "ws";
import type { ClientSetting } from "./chat-client.ts";
import { DEMO_TOKEN } from "./events.ts";
import { pause } from "./pause.ts";
import { exponential, pick } from "./random.ts";

const MISCHIEF_MS = 4_000;

/** Clients that do everything wrong: bad paths, tokens, sessions and frames, and handshakes broken off. */
export async function runRudeClient({ url, random, signal }: ClientSetting): Promise<void> {
  while (await pause(exponential(random, MISCHIEF_MS), signal)) pick(random, MISCHIEF)(url);
}

const MISCHIEF: readonly [(url: string) => void, ...((url: string) => void)[]] = [
  (url) => tryWebSocket(`${url}/ticker?token=expired`),
  (url) => tryWebSocket(`${url}/chat-v1`),
  (url) => tryRequest(`${url}/socket.io/?EIO=4&transport=polling&sid=long-gone`),
  sendGarbage,
  breakOff,
];

function tryWebSocket(url: string): void {
  const ws = new WebSocket(url.replace("http", "ws"), { handshakeTimeout: 2_000 });
  ws.on("error", () => undefined);
  ws.on("open", () => ws.close());
}

function tryRequest(url: string): void {
  get(url, (response) => response.resume()).on("error", () => undefined);
}

/** A frame with a reserved bit set: the server must close with 1002. */
function sendGarbage(url: string): void {
  openRaw(url, (socket) => socket.once("data", () => socket.write(Buffer.from([0xff, 0x80, 0, 0, 0, 0]))));
}

function breakOff(url: string): void {
  openRaw(url, (socket) => setTimeout(() => socket.destroy(), 5));
}

function openRaw(url: string, then: (socket: ReturnType<typeof connect>) => void): void {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname, () => {
    socket.write(
      `GET /ticker?user=rude&token=${DEMO_TOKEN} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: Upgrade\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: c2VlIGV2ZXJ5IHNvY2tldA==\r\n\r\n",
    );
    then(socket);
  });
  socket.setTimeout(2_000, () => socket.destroy());
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
}
