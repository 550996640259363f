import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { decodeProbeFrame, encodeLinkText, type HubFrame, type LinkMessage, type ProbeFrame } from "@wsight/protocol";
import { onTestFinished } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";

/** The other end of remote links, at a port it keeps while it goes and comes back. */
export class HandHub {
  port = 0;
  readonly sockets: WebSocket[] = [];
  readonly tokens: (string | undefined)[] = [];
  readonly messages: LinkMessage[] = [];
  /** Acknowledges snapshots. */
  acknowledges = true;
  #server: WebSocketServer | null = null;

  static async open(): Promise<HandHub> {
    const hub = new HandHub();
    await hub.comeBack();
    onTestFinished(() => hub.goAway());
    return hub;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  get frames(): ProbeFrame[] {
    return this.messages.map((message) => decodeProbeFrame(message));
  }

  get newest(): WebSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("nobody came");
    return socket;
  }

  async comeBack(): Promise<void> {
    const server = new WebSocketServer({ port: this.port, host: "127.0.0.1", path: "/ws/probe" });
    this.#server = server;
    server.on("connection", (socket, request) => {
      this.sockets.push(socket);
      this.tokens.push(request.headers.authorization);
      socket.on("error", () => {});
      socket.on("message", (data: Buffer, isBinary) => {
        this.messages.push(isBinary ? new Uint8Array(data) : data.toString());
        if (isBinary && this.acknowledges) this.say({ type: "ack", seq: 1 });
      });
    });
    await once(server, "listening");
    this.port = (server.address() as AddressInfo).port;
  }

  say(frame: HubFrame): void {
    this.newest.send(encodeLinkText(frame));
  }

  /** As when it is killed. */
  async goAway(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (server === null) return;
    for (const socket of this.sockets) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** A server that treats each connection as told. Says where it listens, as an address of a hub. */
export async function listen(serve: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
    serve(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
