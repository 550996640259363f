import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy between a browser and a hub, whose connections can be lost. */
export interface TcpProxy {
  readonly port: number;
  /** Connections that were tried so far, refused ones included. */
  readonly tries: number;
  /** Ends every connection, and refuses new ones. */
  cut(): void;
  /** Half-open: keeps connections and takes new ones, but nothing goes through. */
  freeze(): void;
  /** Lets new connections through again; frozen ones are dropped. */
  restore(): void;
  close(): Promise<void>;
}

/** Starts a proxy to a port of this machine. */
export async function startProxy(target: number): Promise<TcpProxy> {
  const pairs = new Set<readonly [Socket, Socket | null]>();
  let mode: "open" | "cut" | "frozen" = "open";
  let tries = 0;
  const server = createServer((inner) => {
    tries++;
    if (mode === "cut") {
      inner.resetAndDestroy();
      return;
    }
    const outer = mode === "open" ? connect(target, "127.0.0.1") : null;
    const pair = [inner, outer] as const;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      for (const socket of pair) socket?.destroy();
    };
    for (const socket of pair) socket?.on("close", end).on("error", end);
    if (outer !== null) inner.pipe(outer).pipe(inner);
  });
  const drop = (): void => {
    for (const pair of [...pairs]) for (const socket of pair) socket?.destroy();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    get tries() {
      return tries;
    },
    cut() {
      mode = "cut";
      drop();
    },
    freeze() {
      mode = "frozen";
      for (const [inner, outer] of pairs) {
        if (outer === null) continue;
        inner.unpipe();
        outer.unpipe();
        inner.pause();
        outer.pause();
      }
    },
    restore() {
      if (mode === "frozen") drop();
      mode = "open";
    },
    async close() {
      drop();
      server.close();
      await once(server, "close");
    },
  };
}
