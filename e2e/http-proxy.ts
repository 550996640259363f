import { once } from "node:events";
import { createServer, request } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

/** An HTTP proxy between a browser and a hub, as companies have them. */
export interface HttpProxy {
  readonly port: number;
  /** Whether it passes upgrades on, or refuses them. */
  upgrades: boolean;
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine; it refuses upgrades until told otherwise. */
export async function startHttpProxy(target: number): Promise<HttpProxy> {
  const sockets = new Set<Socket>();
  const server = createServer((incoming, outgoing) => {
    const { connection: _hop, ...headers } = incoming.headers;
    const { method = "GET", url = "/" } = incoming;
    const onward = request({ host: "127.0.0.1", port: target, method, path: url, headers, agent: false });
    onward.on("response", (answer) => {
      const { connection: _theirs, ...passed } = answer.headers;
      outgoing.writeHead(answer.statusCode ?? 502, passed);
      answer.pipe(outgoing);
      answer.on("error", () => outgoing.destroy());
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  });
  const proxy: HttpProxy = {
    port: 0,
    upgrades: false,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("upgrade", (incoming, socket: Socket, head) => {
    socket.on("error", () => {});
    if (!proxy.upgrades) {
      socket.end("HTTP/1.1 426 Upgrade Required\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const onward = connect(target, "127.0.0.1", () => {
      const lines = incoming.rawHeaders.map((text, i) => (i % 2 === 0 ? `\r\n${text}: ` : text)).join("");
      onward.write(`GET ${incoming.url} HTTP/1.1${lines}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    const end = (): void => {
      onward.destroy();
      socket.destroy();
    };
    for (const one of [socket, onward]) one.on("error", end).on("close", end);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(proxy, { port: (server.address() as AddressInfo).port });
}
